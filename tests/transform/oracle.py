"""What the marts must hold, worked out from the Singer records in plain Python: no SQL.

Each function gives rows as the mart of its name has them.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.transform.records import CENT, Copy, Record, Tables, day, moment, money, number, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from decimal import Decimal

ROWS = ("sales_invoices", "sales_credit_notes", "supplier_invoices", "supplier_credit_notes")
DETAILS = tuple(f"{name[:-1]}_details" for name in ROWS)
SEEDS = Path(__file__).parents[2] / "transform" / "seeds"
APPROVALS = {"Pending": "pending", "ToApproveByMe": "pending"}
TYPE_CODES = {(False, 1): "380", (False, -1): "381", (True, 1): "389", (True, -1): "261"}

Row = dict[str, Any]


def _seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


STATUSES = {each["billit_status"]: each["status"] for each in _seed("billit_order_statuses")}
CATEGORIES = {
    (each["order_direction"], each["ventilation_code"]): each
    for each in _seed("billit_vat_categories")
}


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
    def partner(self) -> Record:
        """The other side: names and places of the details, numbers of the newer state."""
        state = filled(self.state.get("CounterParty"))
        details = filled(self.detail("CounterParty"))
        if details.get("PartyID") != state.get("PartyID") or "PartyID" not in state:
            details = {}
        named = {"Name": details.get("Name") or details.get("DisplayName")}
        mine = state.get("Name") or state.get("DisplayName")
        merged = state | details | {"Name": named["Name"] or mine}
        newer = ("PartyID", "VATNumber", "CountryCode", "VATLiable")
        return merged | {name: state[name] for name in newer if name in state} | {
            "PartyID": state.get("PartyID")
        }


def filled(record: Record | None) -> Record:
    """The properties that say something."""
    return {name: value for name, value in (record or {}).items() if value not in (None, "")}


class Books:
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
                *ROWS, *DETAILS, "deleted_orders", "parties", "financial_transactions"
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
            orders[order] = Order(
                now=max(all_copies, key=lambda copy: (_changed(copy), copy.extracted)).record,
                state=max(
                    states,
                    key=lambda copy: (_changed(copy), copy.stream in ROWS, copy.extracted),
                ).record,
                details=max(details, key=lambda copy: (_changed(copy), copy.extracted), default=None),
                seen=max(copy.extracted for copy in all_copies),
                gone=gone.get(order),
            )
        return orders

    def converted(self, amount: Decimal | None, invoice: Row) -> Decimal | None:
        """An amount of an invoice in its company's currency."""
        rate = invoice["exchange_rate"]
        if amount is None or invoice["currency"] == invoice["company_currency"]:
            return amount
        if rate is None or rate <= 0:
            return None
        return money(amount * rate if self.multiply else amount / rate)

    @cached_property
    def parties(self) -> dict[tuple[int, str], Copy]:
        return {
            (copy.record["CompanyID"], str(copy.record["PartyID"])): copy
            for copy in self.tables.copies("parties")
        }

    @cached_property
    def invoices(self) -> dict[int, Row]:
        invoices = {
            number: self._invoice(number, order)
            for number, order in self.orders.items()
            if order.is_invoice
        }
        numbers: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for invoice in invoices.values():
            if invoice["sign"] == 1:
                key = _by_number(invoice, invoice["invoice_number"])
                numbers[key].append(invoice["invoice_id"])
        for invoice in invoices.values():
            credited = numbers.get(_by_number(invoice, invoice["credited_invoice_number"]), [])
            unique = invoice["sign"] == -1 and len(credited) == 1 and None not in _by_number(
                invoice, invoice["credited_invoice_number"]
            )
            invoice["credited_invoice_id"] = credited[0] if unique else None
        return invoices

    def _invoice(self, number_: int, order: Order) -> Row:
        now, state = order.now, order.state
        company = self.companies[now["CompanyID"]]
        sign = -1 if now["OrderType"] == "CreditNote" else 1
        cost = now.get("OrderDirection") == "Cost"
        paid = bool(state.get("Paid"))
        status = STATUSES.get(state.get("OrderStatus") or "", "posted")
        total = _times(sign, money(state.get("TotalIncl")))
        tax = _times(sign, money(state.get("TotalVAT")))
        open_ = state.get("ToPay")
        if open_ is None:
            open_ = 0 if paid else state.get("TotalIncl")
        outstanding = _times(sign, money(open_))
        dated = state.get("OrderDate") or state.get("Created")
        partner = order.partner
        party = self.parties.get((now["CompanyID"], text(partner.get("PartyID")) or ""))
        accounts = (
            (text(order.detail("IBAN")), text(order.detail("BIC"))),
            _account(party.record) if party else (None, None),
            (text(partner.get("IBAN")), text(partner.get("BIC"))),
        )
        iban, bic = next((each for each in accounts if each[0]), accounts[2])
        invoice: Row = {
            "invoice_id": number_,
            "company_id": now["CompanyID"],
            **company,
            "invoice_type": ("supplier_" if cost else "customer_")
            + ("refund" if sign < 0 else "invoice"),
            "type_code": TYPE_CODES[state.get("OrderSubType") == "SelfBilling", sign],
            "sign": sign,
            "invoice_number": text(state.get("OrderNumber")),
            "invoice_date": day(dated),
            "due_date": day(state.get("ExpiryDate") or dated),
            "delivery_date": day(state.get("DeliveryDate")),
            "status": "paid" if status == "posted" and paid else status,
            "billit_status": text(state.get("OrderStatus")),
            "approval_status": APPROVALS.get(
                state.get("ApprovalStatus") or "", (state.get("ApprovalStatus") or "").lower() or None
            ),
            "is_posted": status not in {"draft", "cancelled"},
            "is_paid": paid,
            "is_sent": state.get("IsSent"),
            "partner_id": text(partner.get("PartyID")),
            "partner_name": text(partner.get("Name")),
            "partner_vat": text(partner.get("VATNumber")),
            "partner_country": text(partner.get("CountryCode")),
            "currency": text(state.get("Currency")) or company["company_currency"],
            "exchange_rate": number(state.get("FXRateToForeign")),
            "untaxed_amount": _times(sign, money(state.get("TotalExcl"))),
            "tax_amount": tax,
            "total": total,
            "paid_amount": _less(total, outstanding),
            "outstanding_amount": outstanding,
            "paid_date": day(state.get("PaidDate")),
            "payment_method": text(state.get("PaymentMethod")),
            "payment_communication": text(state.get("PaymentReference")),
            "iban": iban,
            "bic": bic,
            "reference": order.either("Reference"),
            "credited_invoice_number": order.either("AboutInvoiceNumber"),
            "title": order.either("OrderTitle"),
            "reminders_sent": state.get("RemindersSent"),
            "last_reminder_at": moment(state.get("LastReminder")),
            "is_delivered": _first(order, "CurrentDocumentDeliveryDetails", "IsDocumentDelivered"),
            "pdf_file_id": _first(order, "OrderPDF", "FileID"),
            "has_details": order.details is not None,
            "details_are_current": order.details is not None
            and (order.detail("LastModified") or "") >= (state.get("LastModified") or ""),
            "created_at": moment(state.get("Created")),
            "last_modified_at": moment(state.get("LastModified")),
            "extracted_at": order.seen,
        }
        contracts = order.detail("ContractDocumentReference") or [{}]
        invoice |= {
            "tax_point_date": day(order.detail("TaxPointDate")),
            "period_from": day(order.detail("PeriodFrom")),
            "period_till": day(order.detail("PeriodTill")),
            "payment_terms": text(order.detail("PaymentTerms")),
            "payment_discount_percentage": number(order.detail("PaymentDiscountPercentage")),
            "payment_discount_amount": money(order.detail("PaymentDiscountAmount")),
            "payment_discount_date": day(order.detail("PaymentDiscountDate")),
            "project": text(order.detail("ProjectName")),
            "contract": text(contracts[0].get("ID")),
            "note": text(order.detail("Comments")),
            "account_code": text(order.detail("AccountCode")),
            "cost_center": text(order.detail("AnalyticCostCenter")),
            "cost_bearer": text(order.detail("AnalyticCostBearer")),
            "ventilation_code": text(order.detail("VentilationCode")),
        }
        company_total = self.converted(total, invoice)
        company_tax = self.converted(tax, invoice)
        return invoice | {
            "company_total": company_total,
            "company_tax_amount": company_tax,
            "company_untaxed_amount": _less(company_total, company_tax),
            "company_outstanding_amount": self.converted(outstanding, invoice),
        }

    def _parts(self, name: str) -> Iterator[tuple[Row, int, Record, str]]:
        """Each invoice with each element of an array of its details, counted from 1."""
        for number_, invoice in self.invoices.items():
            order = self.orders[number_]
            for place, part in enumerate(order.detail(name) or [], 1):
                yield invoice, place, part, order.now.get("OrderDirection") or ""

    def invoice_lines(self) -> Iterable[Row]:
        products = {
            (copy.record["CompanyID"], copy.record["ProductID"]): copy.record
            for copy in self.tables.copies("products")
        }
        for invoice, place, line, direction in self._parts("OrderLines"):
            sign = invoice["sign"]
            product = products.get((invoice["company_id"], line.get("ProductID")), {})
            quantity, price = number(line.get("Quantity")), number(line.get("UnitPriceExcl"))
            gross = None if quantity is None or price is None else money(quantity * price)
            yield {
                **_shared(invoice, "invoice_id", "company_id", "invoice_type", "invoice_date"),
                **_shared(invoice, "is_posted", "currency"),
                "line_number": place,
                "line_id": line.get("OrderLineID"),
                "description": text(line.get("Description")),
                "description_extended": text(line.get("DescriptionExtended")),
                "quantity": quantity,
                "unit_of_measure": text(line.get("Unit")),
                "unit_price": price,
                "discount_percentage": number(line.get("ReductionPercentage")),
                "discount_amount": _times(sign, _less(gross, money(line.get("TotalExcl")))),
                "untaxed_amount": _times(sign, money(line.get("TotalExcl"))),
                "tax_amount": _times(sign, money(line.get("TotalVAT"))),
                "total": _times(sign, money(line.get("TotalIncl"))),
                "tax_rate": number(line.get("VATPercentage")),
                "ventilation_code": text(line.get("VentilationCode")),
                "tax_category": _category(direction, line),
                "product_id": text(line.get("ProductID")),
                "product_code": text(line.get("Reference")) or text(product.get("Reference")),
                "product_name": text(product.get("Description")),
                "account_number": text(line.get("AccountCode")),
                "cost_center": text(line.get("AnalyticCostCenter")),
                "cost_bearer": text(line.get("AnalyticCostBearer")),
                "is_allowance_or_charge": line.get("AllowanceChargeIndicator") is not None,
                "is_charge": line.get("AllowanceChargeIndicator"),
                "reason_code": text(line.get("Code")),
                "linked_line": text(line.get("LinkedOrderLineID")),
            }

    def invoice_vat(self) -> Iterable[Row]:
        for invoice, place, group, direction in self._parts("VatGroups"):
            sign = invoice["sign"]
            total, tax = (
                _times(sign, money(group.get(name))) for name in ("TotalIncl", "TotalVAT")
            )
            company_total, company_tax = (
                self.converted(amount, invoice) for amount in (total, tax)
            )
            yield {
                **_shared(invoice, "invoice_id", "company_id", "invoice_type", "invoice_date"),
                **_shared(invoice, "is_posted", "currency", "company_currency"),
                "group_number": place,
                "tax_rate": number(group.get("VATPercentage")),
                "tax_category": _category(direction, group),
                "ventilation_code": text(group.get("VentilationCode")),
                "untaxed_amount": _times(sign, money(group.get("TotalExcl"))),
                "taxable_base": _times(sign, money(group.get("Mtvh"))),
                "tax_amount": tax,
                "total": total,
                "company_untaxed_amount": _less(company_total, company_tax),
                "company_tax_amount": company_tax,
                "company_total": company_total,
            }

    def deleted_invoices(self) -> Iterable[Row]:
        for order in self.orders.values():
            if not order.is_invoice:
                reason = "deleted" if order.deleted else "not an invoice"
                record = order.state | {
                    "OrderDirection": order.now.get("OrderDirection"),
                    "OrderType": order.now.get("OrderType"),
                    "CompanyID": order.now["CompanyID"],
                }
                yield self._deleted(record, order.partner, order.gone, reason, loaded=True)
        for copy in self.tables.copies("deleted_orders"):
            record = copy.record
            known = record["OrderID"] in self.orders
            if not known and record.get("OrderType") in {"Invoice", "CreditNote"}:
                partner = filled(record.get("CounterParty"))
                partner["Name"] = partner.get("Name") or partner.get("DisplayName")
                yield self._deleted(record, partner, copy, "deleted", loaded=False)

    def _deleted(
        self, record: Record, partner: Record, gone: Copy | None, reason: str, *, loaded: bool
    ) -> Row:
        company = self.companies[record["CompanyID"]]
        sign = -1 if record.get("OrderType") == "CreditNote" else 1
        return {
            "invoice_id": record["OrderID"],
            "company_id": record["CompanyID"],
            "company_name": company["company_name"],
            "billit_direction": text(record.get("OrderDirection")),
            "billit_type": text(record.get("OrderType")),
            "invoice_number": text(record.get("OrderNumber")),
            "invoice_date": day(record.get("OrderDate")),
            "billit_status": text(record.get("OrderStatus")),
            "partner_id": text(partner.get("PartyID")),
            "partner_name": text(partner.get("Name")),
            "currency": text(record.get("Currency")) or company["company_currency"],
            "total": _times(sign, money(record.get("TotalIncl"))),
            "reason": reason,
            "was_loaded": loaded,
            "last_modified_at": moment(record.get("LastModified")),
            "listed_as_deleted_at": gone.extracted if gone else None,
        }

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
                }


def _changed(copy: Copy) -> datetime:
    return moment(copy.record.get("LastModified")) or datetime.min


def _by_number(invoice: Row, number_: str | None) -> tuple[Any, ...]:
    direction = invoice["invoice_type"].split("_")[0]
    return invoice["company_id"], invoice["partner_id"], direction, number_


def _account(party: Record) -> tuple[str | None, str | None]:
    first = (party.get("BankAccounts") or [{}])[0]
    source = party if text(party.get("IBAN")) else first
    return text(source.get("IBAN")), text(source.get("BIC"))


def _first(order: Order, object_: str, name: str) -> Any:
    state, details = order.state.get(object_) or {}, order.detail(object_) or {}
    value = state.get(name)
    return value if value not in {None, ""} else details.get(name)


def _category(direction: str, part: Record) -> str | None:
    category = CATEGORIES.get((direction, text(part.get("VentilationCode")) or ""))
    if category is None:
        return None
    at_zero = number(part.get("VATPercentage")) == 0
    return text(category["tax_category_at_zero" if at_zero else "tax_category"])


def _shared(row: Row, *names: str) -> Row:
    return {name: row[name] for name in names}


def _times(sign: int, amount: Decimal | None) -> Decimal | None:
    return None if amount is None else (sign * amount).quantize(CENT)


def _less(amount: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if amount is None or other is None else amount - other
