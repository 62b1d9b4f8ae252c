"""What the demo account lacks, as Singer messages: two runs of the tap, the second an hour later.

All orders have IDs of their own, from 900,000,000 on, and belong to a company of the demo's unless
it is said otherwise.
"""

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
LONELY = 777
"""A company that no list names but that of orders."""

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
                self.schemas[message["stream"]] = message
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
        """An order as a row, posted and open unless said otherwise: 121.00 of which 21.00 is VAT."""
        self.record(stream, **_order(number, stream, values))

    def details(self, number: int, stream: str = "sales_invoices", **values: Any) -> None:
        """The same order as details, with one line and one VAT group unless said otherwise."""
        order = _order(number, stream, values)
        amounts = {name: order[name] for name in ("TotalExcl", "TotalVAT", "TotalIncl")}
        part = amounts | {"VATPercentage": 21, "VentilationCode": "4"}
        parts = {"OrderLines": [part | {"Quantity": 1, "UnitPriceExcl": order["TotalExcl"]}]}
        parts["VatGroups"] = [part]
        self.record(f"{stream[:-1]}_details", **parts | order)

    def transaction(self, number: int, amount: str, *entities: tuple[int, str], **values: Any) -> None:
        """A bank transaction, with the orders and amounts it is assigned to."""
        assigned = [
            {"EntityType": "Order", "EntityID": FIRST + order, "AssignedAmount": Decimal(part)}
            for order, part in entities
        ]
        self.record(
            "financial_transactions",
            BankAccountTransactionID=FIRST + number,
            TotalAmount=Decimal(amount),
            **{"Currency": "EUR", "ValueDate": "2026-10-05T00:00:00"}
            | {"AssignedEntities": assigned}
            | values,
        )


def _order(number: int, stream: str, values: dict[str, Any]) -> Record:
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


PAID = {"OrderStatus": "Paid", "Paid": True, "ToPay": Decimal(0)}


def first_run(day0: Path) -> Cases:
    """Orders as they are read first."""
    run = Cases(day0, hours=0)
    for number in (1, 2, 3, 4, 5):
        run.order(number)
        run.details(number)
    run.record("deleted_orders", **_order(4, "sales_invoices", {}))
    run.record("deleted_orders", **_order(6, "supplier_credit_notes", {"CounterParty": None}))
    _states(run)
    _currencies(run)
    _payments(run)
    _parts(run)
    _contacts(run)
    return run


def second_run(day0: Path) -> Cases:
    """What has become of them an hour later."""
    run = Cases(day0, hours=1)
    later = {"LastModified": "2026-10-03T10:00:00"}
    run.order(1, "sales_credit_notes", **later)  # the table of invoices keeps its copy
    run.order(2, "supplier_invoices", **later)
    run.details(2, "supplier_invoices", **later)
    index = _order(3, "sales_invoices", later | {"OrderType": "Offer"})
    run.record("orders", **{name: index.get(name, run.company) for name in INDEX})
    stale = _order(5, "sales_invoices", {"OrderType": "Offer", "LastModified": "2026-10-01T10:00:00"})
    run.record("orders", **{name: stale.get(name, run.company) for name in INDEX})
    run.order(4, **later)  # was listed as deleted, and came back
    run.record("deleted_orders", **_order(5, "sales_invoices", {}))
    return run


def _states(run: Cases) -> None:
    """Statuses, dates and copies that differ."""
    for number, status in enumerate(("Refused", "Canceled", "Draft", "ToSend", "NewInBillit"), 10):
        run.order(number, OrderStatus=status)
    run.order(15, OrderSubType="SelfBilling")
    run.order(16, "supplier_credit_notes", OrderSubType="SelfBilling")
    run.order(17, ExpiryDate=None, CounterParty=None, OrderNumber=None, Reference="")
    run.order(18, OrderDate="2027-03-01T00:00:00", ExpiryDate="2027-03-31T00:00:00")
    run.order(19, OrderDate=None, ExpiryDate=None)
    run.order(20, ApprovalStatus="ToApproveByMe")
    # details that are newer, older, and of another partner than the row
    run.order(21)
    run.details(21, LastModified="2026-10-04T10:00:00", **PAID | {"PaidDate": "2026-10-04T00:00:00"})
    run.order(22, LastModified="2026-10-05T10:00:00", OrderTitle=None)
    run.details(22, OrderTitle="of the details", ToPay=Decimal("99.00"))
    run.order(23, LastModified="2026-10-05T10:00:00", CounterParty={"PartyID": 5, "DisplayName": "Five"})
    run.details(23, CounterParty={"PartyID": 6, "Name": "Six", "Zipcode": "6000", "VATNumber": "BE6"})
    run.details(24)  # no row: only details are selected
    # what a credit note credits: one invoice, one of two, none
    run.order(25, "sales_credit_notes", AboutInvoiceNumber="CASE-26")
    run.order(26)
    run.order(27, "sales_credit_notes", AboutInvoiceNumber="CASE-28")
    run.order(28)
    run.order(29, "sales_credit_notes", AboutInvoiceNumber="TWICE")
    run.order(30, OrderNumber="TWICE")
    run.order(31, OrderNumber="TWICE")
    run.order(32, CompanyID=LONELY, ToPay=None)
    run.order(33, CompanyID=LONELY, **PAID | {"ToPay": None, "PaidDate": "2026-10-11T00:00:00"})


def _currencies(run: Cases) -> None:
    """Half a cent, no rate, a rate of nothing, and a bank account in dollars."""
    dollars = {"Currency": "USD", "FXRateToForeign": Decimal("0.8")}
    cents = {"TotalExcl": Decimal("0.02"), "TotalVAT": Decimal(0), "TotalIncl": Decimal("0.02")}
    run.order(40, **dollars | cents | {"ToPay": Decimal("0.02")})
    run.order(41, "supplier_credit_notes", **dollars | cents | {"ToPay": Decimal("0.02")})
    run.details(41, "supplier_credit_notes", **dollars | cents | {"ToPay": Decimal("0.02")})
    run.order(42, **dollars | {"FXRateToForeign": None})
    run.order(43, **dollars | {"FXRateToForeign": Decimal(0)})
    run.order(44, Currency=None, FXRateToForeign=None)
    run.order(45, **dollars | {"FXRateToForeign": Decimal("1.1")}, OrderDate="2026-09-20T00:00:00")
    run.transaction(1, "110.00", Currency="USD", ValueDate="2026-09-25T00:00:00")
    run.transaction(2, "-80.00", Currency="USD", ValueDate="2020-01-01T00:00:00")
    run.transaction(3, "50.00", Currency="JPY")
    run.transaction(4, "12.34", AssignedEntities=None)
    run.transaction(5, "1.00", ValueDate=None, Currency=None)


def _payments(run: Cases) -> None:
    """Parts, several invoices, what is given back, set off, overpaid, or paid before."""
    run.order(50, ToPay=Decimal("71.00"))
    run.transaction(10, "50.00", (50, "50.00"))
    run.order(51, **PAID, PaidDate="2026-10-06T00:00:00")
    run.order(52, "sales_credit_notes", **PAID, PaidDate="2026-10-06T00:00:00")
    run.order(53, **PAID, PaidDate="2026-10-06T00:00:00")
    run.transaction(11, "121.00", (51, "121.00"), (52, "121.00"), (53, "121.00"))
    run.order(54)
    run.transaction(12, "121.00", (54, "121.00"))
    run.transaction(13, "-121.00", (54, "121.00"), ValueDate="2026-10-20T00:00:00")
    run.order(55, ToPay=Decimal("100.00"))  # paid in part, and nothing says when
    run.order(56, "supplier_invoices", **PAID, PaidDate="2026-10-12T00:00:00")
    run.order(57, **PAID, PaidDate="2026-10-07T00:00:00")
    run.transaction(14, "130.00", (57, "130.00"))
    run.order(58, **PAID, PaidDate="2026-08-01T00:00:00")
    run.transaction(15, "121.00", (58, "121.00"), ValueDate="2026-08-01T00:00:00")
    run.order(59, **PAID | {"OrderStatus": "Credited"}, PaidDate="2026-10-08T00:00:00")
    run.transaction(16, "20.00", (10, "20.00"))  # of a refused one
    other = {"EntityType": "Booking", "EntityID": FIRST + 50, "AssignedAmount": Decimal(5)}
    run.transaction(17, "5.00", AssignedEntities=[other, {}])
    run.transaction(18, "7.00", (51, "7.00"), CompanyID=LONELY)  # an order of another company
    # old debts, for the ageing
    for number, due in enumerate(("2026-10-25", "2026-09-25", "2026-08-25", "2026-07-25"), 60):
        run.order(number, "supplier_invoices", OrderDate="2026-07-01T00:00:00", ExpiryDate=f"{due}T00:00:00")


def _parts(run: Cases) -> None:
    """Lines and VAT groups that are none, empty, allowances, or of unusual treatment."""
    run.details(70, OrderLines=None, VatGroups=[])
    allowance = {"AllowanceChargeIndicator": False, "Code": "95", "UnitPriceExcl": -10, "Quantity": 1}
    charge = {"AllowanceChargeIndicator": True, "LinkedOrderLineID": "abc", "TotalExcl": 3}
    reduced = {"ReductionPercentage": 10, "Quantity": 3, "UnitPriceExcl": Decimal("1.23457")}
    codes = [{"VentilationCode": code, "VATPercentage": 0} for code in ("1", "21", "55", "999", "")]
    run.details(
        71,
        "supplier_invoices",
        OrderLines=[allowance | {"TotalExcl": -10}, charge, reduced | {"TotalExcl": Decimal("3.33")}, {}],
        VatGroups=[*codes, {"VentilationCode": "1", "VATPercentage": 6, "Mtvh": 9, "TotalExcl": 10}],
    )
    run.details(72, "supplier_credit_notes", Comments="", AccountCode=604_000, IBAN="BE00", BIC="")
    run.details(73, ContractDocumentReference=[{"ID": "C-1"}, {"ID": "C-2"}], ProjectName="Roof")


def _contacts(run: Cases) -> None:
    """Parties with an address, an account or numbers in lists, and one who pays late."""
    run.record(
        "parties",
        **{name: None for name in ("Street", "StreetNumber", "Box", "Zipcode", "City", "CountryCode")},
        **{name: None for name in ("IBAN", "BIC", "Name", "VATLiable", "Nr")},
        PartyID=FIRST + 1,
        Addresses=[
            {"AddressType": "DeliveryAddress", "City": "Gent"},
            {"AddressType": "InvoiceAddress", "City": "Luik", "CountryCode": "BE", "Zipcode": "4000"},
        ],
        BankAccounts=[{"IBAN": "BE01", "BIC": "ONE"}, {"IBAN": "BE02"}],
        Identifiers=[
            {"IdentifierType": "GLN", "Identifier": "54", "SchemeID": "0088"},
            {"IdentifierType": "CBE", "Identifier": "0400", "SchemeID": "0208", "Preferred": True},
            {"IdentifierType": "CBE", "Identifier": "", "SchemeID": "0208", "Preferred": True},
        ],
        GLAccountCode=None,
        AccountantCode=12,
    )
    run.record("parties", PartyID=FIRST + 2, Addresses=None, Identifiers=None, BankAccounts=[], Email="")
    late = {"PartyID": FIRST + 2, "DisplayName": "Late"}
    for number, paid in enumerate(("2026-10-11", "2026-10-12"), 80):
        run.order(number, **PAID, PaidDate=f"{paid}T00:00:00", CounterParty=late)
    run.order(83, CounterParty=late, ExpiryDate="2099-01-01T00:00:00")
    run.order(84, "supplier_invoices", CounterParty={"PartyID": 8, "DisplayName": "", "Name": None})


