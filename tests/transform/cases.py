"""What the demo account lacks: two runs of the tap, the second an hour later.

All orders have IDs of their own, from 900,000,000 on, and belong to a company of the demo's unless
it is said otherwise.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.transform.handmade import FIRST, INDEX, Cases, order_record

if TYPE_CHECKING:
    from pathlib import Path

LONELY, INDEXED, SELLER = 777, 778, 779
"""Companies that no list names but that of orders, their index, or products."""

PAID: dict[str, Any] = {"OrderStatus": "Paid", "Paid": True, "ToPay": Decimal(0)}


def first_run(day0: Path) -> Cases:
    """Orders as they are read first."""
    run = Cases(day0, hours=0)
    for number in (1, 2, 3, 4, 5):
        run.order(number)
        run.details(number)
    run.record("deleted_orders", **order_record(4, "sales_invoices", {}))
    run.record("deleted_orders", **order_record(6, "supplier_credit_notes", {"CounterParty": None}))
    run.order(7, CompanyID=LONELY)
    run.order(8)
    run.order(9)
    run.details(39)
    run.record("products", CompanyID=SELLER, ProductID=FIRST + 2)
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
    index = order_record(3, "sales_invoices", later | {"OrderType": "Offer"})
    run.record("orders", **{name: index.get(name, run.company) for name in INDEX})
    stale = order_record(
        5, "sales_invoices", {"OrderType": "Offer", "LastModified": "2026-10-01T10:00:00"}
    )
    run.record("orders", **{name: stale.get(name, run.company) for name in INDEX})
    run.details(39, **later, TotalExcl=Decimal(200), TotalVAT=Decimal(42), TotalIncl=Decimal(242))
    # the index names another company, none, or neither direction nor type
    unsaid = {"CompanyID": None, "OrderDirection": None, "OrderType": None}
    for number, change in ((7, {"CompanyID": INDEXED}), (8, unsaid), (9, {"OrderType": None})):
        index = order_record(number, "sales_invoices", later) | {"CompanyID": run.company} | change
        run.record("orders", **{name: index[name] for name in INDEX})
    run.order(4, **later)  # was listed as deleted, and came back
    run.record("deleted_orders", **order_record(5, "sales_invoices", {}))
    _others(run)
    return run


def _others(run: Cases) -> None:
    """What becomes of orders that are not read again: it is elsewhere that something changed."""
    run.order(34, OrderNumber="CASE-28")  # the number that 27 credits is there twice
    run.record("companies", PartyID=LONELY, Name="Lonely", DefaultCurrencyTC="USD")
    run.record("parties", PartyID=FIRST + 2, IBAN="BE03", BIC="THREE")
    run.record("products", ProductID=FIRST + 1, Description="after", Reference="A")


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
    run.details(
        21, LastModified="2026-10-04T10:00:00", **PAID | {"PaidDate": "2026-10-04T00:00:00"}
    )
    run.order(22, LastModified="2026-10-05T10:00:00", OrderTitle=None)
    run.details(22, OrderTitle="of the details", ToPay=Decimal("99.00"))
    run.order(
        23, LastModified="2026-10-05T10:00:00", CounterParty={"PartyID": 5, "DisplayName": "Five"}
    )
    run.details(
        23, CounterParty={"PartyID": 6, "Name": "Six", "Zipcode": "6000", "VATNumber": "BE6"}
    )
    # details with an account of another partner than the row, of the same, and of one without ID
    run.order(35, "supplier_invoices", CounterParty={"PartyID": 5, "IBAN": "BE5"})
    run.order(36, "supplier_invoices", CounterParty={"PartyID": 6, "IBAN": "BE5"})
    run.order(37, "supplier_invoices", CounterParty={"DisplayName": "One off"})
    run.order(38, "supplier_invoices", CounterParty={"DisplayName": "One off"})
    six = {"PartyID": 6, "Name": "Six"}
    once = {"Name": "One off NV", "Zipcode": "9000"}
    for number, partner in ((35, six), (36, six), (37, once), (38, six)):
        run.details(number, "supplier_invoices", IBAN="BE6", BIC="SIX", CounterParty=partner)
    # no date at all, and .NET's
    undated: dict[str, Any] = {"OrderDate": None, "Created": None, "ExpiryDate": None}
    first: dict[str, Any] = dict.fromkeys(undated, "0001-01-01T00:00:00")
    run.order(96, **undated)
    run.order(97, **undated, **PAID, PaidDate="2026-10-06T00:00:00")
    run.order(98, **undated, LastModified=None)
    run.order(99, **first, PaidDate="0001-01-01T00:00:00")
    # what neither row nor index call by its kind, is what the stream is of
    unsaid: dict[str, Any] = {"OrderDirection": None, "OrderType": None}
    for number, stream in ((92, "sales_credit_notes"), (93, "supplier_invoices")):
        run.order(number, stream, **unsaid)
    run.details(94, "supplier_credit_notes", **unsaid)
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
    dollars: dict[str, Any] = {"Currency": "USD", "FXRateToForeign": Decimal("0.8")}
    cents: dict[str, Any] = {
        "TotalExcl": Decimal("0.02"),
        "TotalVAT": Decimal(0),
        "TotalIncl": Decimal("0.02"),
    }
    run.order(40, **dollars | cents)
    run.order(41, "supplier_credit_notes", **dollars | cents)
    run.details(41, "supplier_credit_notes", **dollars | cents)
    run.order(42, **dollars | {"FXRateToForeign": None})
    run.order(43, **dollars | {"FXRateToForeign": Decimal(0)})
    run.order(44, Currency=None, FXRateToForeign=None)
    run.order(45, **dollars | {"FXRateToForeign": Decimal("1.1")}, OrderDate="2026-09-20T00:00:00")
    run.order(46, **dollars | {"TotalVAT": None})
    group = {"TotalExcl": Decimal(100), "TotalVAT": None, "TotalIncl": Decimal(121)}
    run.details(47, **dollars, VatGroups=[group])
    doubles: dict[str, Any] = {"TotalExcl": Decimal("2.675"), "TotalIncl": Decimal("1.005")}
    run.order(48, **doubles | {"TotalVAT": Decimal("-0.125"), "ToPay": Decimal("1.005")})
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
    # an invoice that was credited, and one that was not: their credit notes
    run.order(59, **PAID | {"OrderStatus": "Credited"}, PaidDate="2026-10-08T00:00:00")
    for number, credited in ((90, 59), (91, 56)):
        run.order(
            number,
            "sales_credit_notes" if credited == 59 else "supplier_credit_notes",
            **PAID,
            PaidDate="2026-10-08T00:00:00",
            AboutInvoiceNumber=f"CASE-{credited}",
        )
    run.transaction(16, "20.00", (10, "20.00"))  # of a refused one
    other = {"EntityType": "Booking", "EntityID": FIRST + 50, "AssignedAmount": Decimal(5)}
    run.transaction(17, "5.00", AssignedEntities=[other, {}])
    run.transaction(18, "7.00", (51, "7.00"), CompanyID=LONELY)  # an order of another company
    run.transaction(10, "121.00", (33, "121.00"), CompanyID=LONELY)  # the same number there
    # a set-off where no money moves, one whose amount is not known, one with an order that is gone
    settled = PAID | {"PaidDate": "2026-10-06T00:00:00"}
    run.order(100, **settled)
    run.order(101, "sales_credit_notes", **settled)
    run.transaction(19, "0.00", (100, "121.00"), (101, "121.00"))
    run.order(102, **settled)
    run.transaction(20, "0.00", (102, "121.00"), TotalAmount=None)
    run.order(103, "supplier_invoices", **settled)
    run.order(104, **settled)
    run.transaction(21, "-79.00", (103, "200.00"), (104, "121.00"))
    run.record("deleted_orders", **order_record(103, "supplier_invoices", settled))
    # an invoice below zero, and money that moves on a day to come
    run.order(105, **settled | {"TotalIncl": Decimal("-12.10")})
    run.order(106, **PAID, PaidDate="2098-01-01T00:00:00")
    run.order(107, **PAID, PaidDate="2098-01-01T00:00:00")
    run.transaction(22, "121.00", (107, "121.00"), ValueDate="2098-01-01T00:00:00")
    # old debts, for the ageing
    for number, due in enumerate(("2026-10-25", "2026-09-25", "2026-08-25", "2026-07-25"), 60):
        run.order(
            number,
            "supplier_invoices",
            OrderDate="2026-07-01T00:00:00",
            ExpiryDate=f"{due}T00:00:00",
        )


def _parts(run: Cases) -> None:
    """Lines and VAT groups that are none, empty, allowances, or of unusual treatment."""
    run.details(70, OrderLines=None, VatGroups=[])
    allowance = {
        "AllowanceChargeIndicator": False,
        "Code": "95",
        "UnitPriceExcl": -10,
        "Quantity": 1,
    }
    charge = {"AllowanceChargeIndicator": True, "LinkedOrderLineID": "abc", "TotalExcl": 3}
    reduced = {"ReductionPercentage": 10, "Quantity": 3, "UnitPriceExcl": Decimal("1.23457")}
    codes = [{"VentilationCode": code, "VATPercentage": 0} for code in ("1", "21", "55", "999", "")]
    run.details(
        71,
        "supplier_invoices",
        OrderLines=[
            allowance | {"TotalExcl": -10},
            charge,
            reduced | {"TotalExcl": Decimal("3.33")},
            {},
        ],
        VatGroups=[
            *codes,
            {"VentilationCode": "1", "VATPercentage": 6, "Mtvh": 9, "TotalExcl": 10},
        ],
    )
    # a text where a number or a truth should be
    line = {"Quantity": "1,5", "UnitPriceExcl": "2.50", "AllowanceChargeIndicator": "ja"}
    run.details(75, OrderLines=[line], VatGroups=[{"TotalExcl": "abc", "VATPercentage": ""}])
    undelivered = {"IsDocumentDelivered": "J"}
    run.order(76, CounterParty={"PartyID": 7, "VATLiable": "J"})
    run.order(77, CurrentDocumentDeliveryDetails=undelivered)
    entity = {"EntityType": "Order", "EntityID": "abc", "AssignedAmount": "1,5"}
    run.transaction(23, "1.50", AssignedEntities=[entity])
    run.details(72, "supplier_credit_notes", Comments="", AccountCode=604_000, IBAN="BE00", BIC="")
    run.record("products", ProductID=FIRST + 1, Description="before", Reference="B")
    run.details(74, OrderLines=[{"ProductID": FIRST + 1}])
    run.details(73, ContractDocumentReference=[{"ID": "C-1"}, {"ID": "C-2"}], ProjectName="Roof")


def _contacts(run: Cases) -> None:
    """Parties with an address, an account or numbers in lists, and one who pays late."""
    run.record(
        "parties",
        **dict.fromkeys(("Street", "StreetNumber", "Box", "Zipcode", "City", "CountryCode")),
        **dict.fromkeys(("IBAN", "BIC", "Name", "VATLiable", "Nr")),
        PartyID=FIRST + 1,
        Addresses=[
            {"AddressType": "DeliveryAddress", "City": "Gent"},
            {
                "AddressType": "InvoiceAddress",
                "City": "Luik",
                "CountryCode": "BE",
                "Zipcode": "4000",
            },
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
    run.record(
        "parties", PartyID=FIRST + 2, Addresses=None, Identifiers=None, BankAccounts=[], Email=""
    )
    late = {"PartyID": FIRST + 2, "DisplayName": "Late"}
    for number, paid in enumerate(("2026-10-11", "2026-10-12"), 80):
        run.order(number, **PAID, PaidDate=f"{paid}T00:00:00", CounterParty=late)
    run.order(83, CounterParty=late, ExpiryDate="2099-01-01T00:00:00")
    # paid in the year 9999, which is not yet; due then; and paid years late
    run.order(85, **PAID, PaidDate="9999-12-31T00:00:00", CounterParty=late)
    run.order(86, CounterParty=late, ExpiryDate="9999-12-31T00:00:00")
    never = {"PartyID": FIRST + 3, "DisplayName": "Never"}
    years = {"ExpiryDate": "2019-01-01T00:00:00", "PaidDate": "2026-10-05T00:00:00"}
    run.order(87, **PAID, **years, CounterParty=never)
    run.order(88, "supplier_invoices", ExpiryDate="2026-12-01T00:00:00", CounterParty=never)
    run.order(84, "supplier_invoices", CounterParty={"PartyID": 8, "DisplayName": "", "Name": None})
