"""Singer messages made by hand, after the templates of the demo account."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.transform.records import Record, messages

if TYPE_CHECKING:
    from pathlib import Path

FIRST = 900_000_000
KINDS = {
    "sales_invoices": ("Income", "Invoice"),
    "sales_credit_notes": ("Income", "CreditNote"),
    "supplier_invoices": ("Cost", "Invoice"),
    "supplier_credit_notes": ("Cost", "CreditNote"),
}
INDEX = {
    "OrderID": "integer",
    "CompanyID": "integer",
    "OrderDirection": "string",
    "OrderType": "string",
    "OrderStatus": "string",
    "LastModified": "date-time",
}


class Cases:
    """Messages of one run, to be written into a file."""

    def __init__(self, day0: Path, *, hours: int) -> None:
        self.schemas: dict[str, Record] = {"orders": _index_schema()}
        self._templates: dict[str, Record] = {}
        self._lines: list[Record] = []
        last = ""
        for message in messages(day0):
            if message["type"] == "SCHEMA":
                self.schemas[message["stream"]] = _any_within(message)
            elif message["type"] == "RECORD":
                stream, record = message["stream"], message["record"]
                if record.get("Currency", "EUR") == "EUR":
                    self._templates.setdefault(stream, record)
                last = max(last, message["time_extracted"])
        self.start = datetime.fromisoformat(last.replace("Z", "+00:00"))
        self.at = self.start + timedelta(hours=hours)
        self.company = self._templates["sales_invoices"]["CompanyID"]

    def write(self, file: Path) -> Path:
        """The file with these messages."""
        streams = {each["stream"] for each in self._lines}
        lines = [self.schemas[stream] for stream in sorted(streams)] + self._lines
        text = "".join(f"{json.dumps(each, default=_number)}\n" for each in lines)
        file.write_text(text.replace('"\\u0000', "").replace('\\u0000"', ""), encoding="utf-8")
        return file

    def record(self, stream: str, **values: Any) -> None:
        """A record of any stream, read now; each is read a second after the one before."""
        self.at += timedelta(seconds=1)
        record = deepcopy(self._templates.get(stream, {})) | {"CompanyID": self.company} | values
        self._lines.append(
            {
                "type": "RECORD",
                "stream": stream,
                "record": record,
                "time_extracted": self.at.isoformat(),
            }
        )

    def order(self, number: int, stream: str = "sales_invoices", **values: Any) -> None:
        """An order as a row: posted, open, 121.00 of which 21.00 is VAT, unless said otherwise."""
        self.record(stream, **order_record(number, stream, values))

    def details(self, number: int, stream: str = "sales_invoices", **values: Any) -> None:
        """The same order as details, with one line and one VAT group unless said otherwise."""
        order = order_record(number, stream, values)
        amounts = {name: order[name] for name in ("TotalExcl", "TotalVAT", "TotalIncl")}
        part = amounts | {"VATPercentage": 21, "VentilationCode": "4"}
        parts = {"OrderLines": [part | {"Quantity": 1, "UnitPriceExcl": order["TotalExcl"]}]}
        parts["VatGroups"] = [part]
        self.record(f"{stream[:-1]}_details", **parts | order)

    def transaction(
        self, number: int, amount: str, *entities: tuple[int, str], **values: Any
    ) -> None:
        """A bank transaction, with the orders and amounts it is assigned to."""
        assigned = [
            {"EntityType": "Order", "EntityID": FIRST + order, "AssignedAmount": Decimal(part)}
            for order, part in entities
        ]
        self.record(
            "financial_transactions",
            BankAccountTransactionID=FIRST + number,
            **{"Currency": "EUR", "ValueDate": "2026-10-05T00:00:00"}
            | {"TotalAmount": Decimal(amount), "AssignedEntities": assigned}
            | values,
        )


def order_record(number: int, stream: str, values: dict[str, Any]) -> Record:
    direction, type_ = KINDS[stream]
    return {
        "OrderID": FIRST + number,
        "OrderNumber": f"CASE-{number}",
        "OrderDirection": direction,
        "OrderType": type_,
        "OrderDate": "2026-09-01T00:00:00",
        "ExpiryDate": "2026-10-01T00:00:00",
        "Created": "2026-09-01T08:00:00",
        "LastModified": "2026-10-02T10:00:00",
        "Currency": "EUR",
        "FXRateToForeign": Decimal("1.0"),
        "OrderStatus": "ToPay",
        "Paid": False,
        "PaidDate": None,
        "TotalExcl": Decimal("100.00"),
        "TotalVAT": Decimal("21.00"),
        "TotalIncl": Decimal("121.00"),
        "ToPay": Decimal("121.00"),
        "CounterParty": {"PartyID": FIRST + 9, "DisplayName": "Case", "VATLiable": True},
        "AboutInvoiceNumber": None,
    } | values


def _any_within(message: Record) -> Record:
    """The same schema for a loader that does not look into objects: anything may be in them."""
    properties = deepcopy(message["schema"]["properties"])
    for each in properties.values():
        each.pop("properties", None)
        each.get("items", {}).pop("properties", None)
    return message | {"schema": message["schema"] | {"properties": properties}}


def _index_schema() -> Record:
    kinds = {
        name: {"type": ["string", "null"], "format": "date-time"}
        if kind == "date-time"
        else {"type": [kind, "null"]}
        for name, kind in INDEX.items()
    }
    return {
        "type": "SCHEMA",
        "stream": "orders",
        "schema": {"type": "object", "properties": kinds},
        "key_properties": ["OrderID"],
    }


def _number(value: Decimal) -> str:
    """A decimal between marks that `write` takes away with its quotes: exact, as the tap has it."""
    return f"\0{value}\0"
