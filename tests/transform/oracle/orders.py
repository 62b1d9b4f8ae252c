"""Companies and orders as they are now, put together from their copies."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests.transform.records import NEVER, Copy, Record, Tables, moment, text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

ROWS = ("sales_invoices", "sales_credit_notes", "supplier_invoices", "supplier_credit_notes")
DETAILS = tuple(f"{name[:-1]}_details" for name in ROWS)

Row = dict[str, Any]


@dataclass
class Order:
    """An order as it is now, put together from its copies."""

    now: Record
    state: Record
    details: Copy | None
    seen: datetime
    gone: Copy | None

    @property
    def deleted(self) -> bool:
        return self.gone is not None and self.gone.extracted >= self.seen

    @property
    def is_invoice(self) -> bool:
        return not self.deleted and self.now.get("OrderType") in {"Invoice", "CreditNote"}

    def either(self, name: str) -> Any:
        """A property of the newer state; of the details where that lacks it."""
        value = text(self.state.get(name))
        return value if value is not None else text(self.detail(name))

    def detail(self, name: str) -> Any:
        return self.details.record.get(name) if self.details else None

    @property
    def same_partner(self) -> bool:
        """Whether the details are of the partner that the newer state names; both may name none."""
        state, details = filled(self.state.get("CounterParty")), filled(self.detail("CounterParty"))
        return state.get("PartyID") == details.get("PartyID")

    @property
    def account(self) -> tuple[str | None, str | None]:
        """IBAN and BIC of the order itself; those of another partner are none."""
        if not self.same_partner:
            return None, None
        return text(self.detail("IBAN")), text(self.detail("BIC"))

    @property
    def partner(self) -> Record:
        """The other side: names and places of the details, numbers of the newer state."""
        state = filled(self.state.get("CounterParty"))
        details = filled(self.detail("CounterParty")) if self.same_partner else {}
        named = {"Name": details.get("Name") or details.get("DisplayName")}
        mine = state.get("Name") or state.get("DisplayName")
        merged = state | details | {"Name": named["Name"] or mine}
        newer = ("PartyID", "VATNumber", "CountryCode", "VATLiable")
        return (
            merged
            | {name: state[name] for name in newer if name in state}
            | {"PartyID": state.get("PartyID")}
        )


def filled(record: Record | None) -> Record:
    """The properties that say something."""
    return {name: value for name, value in (record or {}).items() if value not in (None, "")}


class Orders:
    """The account as its records tell it, on a day."""

    def __init__(self, tables: Tables, as_of: date, *, multiply: bool = False) -> None:
        self.tables = tables
        self.as_of = as_of
        self.multiply = multiply

    @cached_property
    def companies(self) -> dict[int, Row]:
        mentioned = {
            copy.record.get("CompanyID")
            for copy in self.tables.copies(
                *(*ROWS, *DETAILS, "orders", "deleted_orders"),
                *("parties", "products", "financial_transactions"),
            )
        }
        known = {copy.record["PartyID"]: copy.record for copy in self.tables.copies("companies")}
        return {
            company: {
                "company_name": text(known.get(company, {}).get("Name")) or str(company),
                "company_currency": text(known.get(company, {}).get("DefaultCurrencyTC")) or "EUR",
            }
            for company in mentioned | known.keys()
            if company is not None
        }

    @cached_property
    def orders(self) -> dict[int, Order]:
        copies: dict[int, list[Copy]] = defaultdict(list)
        for copy in self.tables.copies(*ROWS, *DETAILS, "orders"):
            copies[copy.record["OrderID"]].append(copy)
        gone = {copy.record["OrderID"]: copy for copy in self.tables.copies("deleted_orders")}
        orders = {}
        for order, all_copies in copies.items():
            states = [copy for copy in all_copies if copy.stream != "orders"]
            if not states:
                continue
            details = [copy for copy in states if copy.stream in DETAILS]
            state = max(
                states, key=lambda copy: (_changed(copy), copy.stream in ROWS, copy.extracted)
            )
            newest_details = max(
                details, key=lambda copy: (_changed(copy), copy.extracted), default=None
            )
            now = max(all_copies, key=lambda copy: (_changed(copy), copy.extracted))
            # nothing says the kind? then the name of the stream does
            orders[order] = Order(
                now=_kind(state.stream) | filled(_what(state.record)) | filled(_what(now.record)),
                state=state.record,
                details=newest_details,
                seen=max(copy.extracted for copy in all_copies),
                gone=gone.get(order),
            )
        return orders

    def coverage(self, streams: Iterable[str]) -> Iterable[Row]:
        for stream in streams:
            copies = list(self.tables.copies(stream))
            name = "PartyID" if stream == "companies" else "CompanyID"
            rows = Counter(copy.record[name] for copy in copies)
            for company, names in self.companies.items():
                mine = [copy.extracted for copy in copies if copy.record[name] == company]
                yield {
                    "company_id": company,
                    "company_name": names["company_name"],
                    "stream": stream,
                    "is_loaded": stream in self.tables.streams,
                    "loaded_rows": rows[company],
                    "extracted_at": max(mine, default=None),
                    "as_of": self.as_of,
                }


def _what(record: Record) -> Record:
    return {name: record.get(name) for name in ("CompanyID", "OrderDirection", "OrderType")}


def _kind(stream: str) -> Record:
    """What an order is by the stream that it came by."""
    return {
        "OrderDirection": "Cost" if stream.startswith("supplier_") else "Income",
        "OrderType": "CreditNote" if "credit_note" in stream else "Invoice",
    }


def _changed(copy: Copy) -> datetime:
    return moment(copy.record.get("LastModified")) or NEVER
