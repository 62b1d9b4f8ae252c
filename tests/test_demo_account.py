"""The demo's account: what it holds, and that time changes it the same way for everybody."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timezone
from decimal import Decimal

import pytest

from tap_billit.demo.account import Account
from tests.kit.demo import Clock
from tests.kit.demo_account import REFERENCE, rows_by_id
from tests.kit.expected import companies_of


@pytest.fixture(scope="module")
def account() -> Account:
    return Account(clock=Clock(REFERENCE))


def test_as_many_live_orders_as_asked_for() -> None:
    for orders in (0, 1, 50, 900):
        assert len(rows_by_id(Account(orders=orders, clock=Clock(REFERENCE)))) == orders


def test_another_seed_other_data() -> None:
    one, other = (Account(seed=seed, orders=20, clock=Clock(REFERENCE)) for seed in (1, 2))
    assert rows_by_id(one) != rows_by_id(other)
    assert one.companies != other.companies


def test_overdue_is_computed_when_asked(account: Account) -> None:
    open_rows = [row for row in rows_by_id(account).values() if row["ToPay"]]
    for row in open_rows:
        if "ExpiryDate" not in row:
            assert (row["Overdue"], row["DaysOverdue"]) == (False, 0)
            continue
        days = (datetime(2026, 10, 1) - datetime.fromisoformat(row["ExpiryDate"])).days
        assert (row["Overdue"], row["DaysOverdue"]) == (days > 0, days)
    assert {row["Overdue"] for row in open_rows} == {True, False}


def test_every_kind_of_order_is_there(account: Account) -> None:
    found = list(rows_by_id(account).values())
    kinds = Counter((row["OrderDirection"], row["OrderType"]) for row in found)
    assert {("Income", "Invoice"), ("Cost", "Invoice"), ("Income", "CreditNote")} < kinds.keys()
    assert {kind for _, kind in kinds} > {"Offer", "OrderForm", "DeliveryNote"}
    assert {"Draft", "ToSend", "ToPay", "Paid", "Credited"} <= {row["OrderStatus"] for row in found}
    assert any(0 < row["ToPay"] < row["TotalIncl"] for row in found)
    assert {"EUR", "USD", "GBP"} == {row["Currency"] for row in found}
    assert any("OrderNumber" not in row for row in found)
    assert len({row["CompanyID"] for row in found}) == 3
    assert list(rows_by_id(account)) == [
        row["OrderID"] for each in companies_of(account) for row in account.rows(each)
    ]


def test_paid_date_and_method_only_when_paid(account: Account) -> None:
    for row in rows_by_id(account).values():
        assert row["Paid"] or not {"PaidDate", "PaymentMethod"} & row.keys()
        assert ("PaidDate" in row) == ("PaymentMethod" in row)
        assert not row["Paid"] or row["ToPay"] == 0
        assert row.get("PaidDate", "T00:00:00").endswith("T00:00:00")
        assert None not in row.values()


def test_a_row_is_a_summary_of_the_document(account: Account) -> None:
    for order_id, row in list(rows_by_id(account).items())[::9]:
        document = account.document(order_id)
        assert "ExportedToConnector" in row
        assert "ExportedToConnector" not in document
        own = {"ExportedToConnector", "OrderPDF", "CounterParty", "CurrentDocumentDeliveryDetails"}
        assert {k: v for k, v in row.items() if k not in own} == {
            key: document[key] for key in row.keys() - own
        }
        assert document.keys() > {"OrderLines", "VatGroups", "Customer", "Supplier", "Messages"}
        assert not {"Name", "Zipcode"} & row["CounterParty"].keys()
        assert document["CounterParty"]["Name"] == row["CounterParty"]["DisplayName"]
        assert "PartyType" not in document["CounterParty"]
        assert "FileName" not in row["OrderPDF"]
        assert document["OrderPDF"]["FileID"] == row["OrderPDF"]["FileID"]
        own_side = "Supplier" if row["OrderDirection"] == "Income" else "Customer"
        assert document[own_side]["PartyID"] == row["CompanyID"]


def test_totals_add_up(account: Account) -> None:
    currencies = {each["PartyID"]: each["DefaultCurrencyTC"] for each in account.companies}
    for order_id, row in list(rows_by_id(account).items())[::5]:
        document = account.document(order_id)
        for parts in (document["OrderLines"], document["VatGroups"]):
            for name in ("TotalExcl", "TotalVAT", "TotalIncl"):
                assert sum(part[name] for part in parts) == row[name]
        assert row["TotalExcl"] + row["TotalVAT"] == row["TotalIncl"]
        for line in document["OrderLines"]:
            left = (100 - line.get("ReductionPercentage", 0)) / Decimal(100)
            product = line["Quantity"] * line["UnitPriceExcl"] * left
            assert abs(product - line["TotalExcl"]) <= Decimal("0.01")
            assert line["Quantity"].as_tuple().exponent == -5
            assert line["TotalExcl"].as_tuple().exponent == -2
        assert row["FXRateToForeign"].as_tuple().exponent == -5
        assert (row["FXRateToForeign"] == 1) == (row["Currency"] == currencies[row["CompanyID"]])


def test_a_credit_note_is_about_an_invoice_of_the_same_party(account: Account) -> None:
    by_number = {row.get("OrderNumber"): row for row in rows_by_id(account).values()}
    notes = [row for row in rows_by_id(account).values() if row["OrderType"] == "CreditNote"]
    about = {each["OrderID"]: account.document(each["OrderID"]) for each in notes}
    assert sum("AboutInvoiceNumber" in each for each in about.values()) > len(notes) * 0.8
    for note in notes:
        if "AboutInvoiceNumber" not in about[note["OrderID"]]:
            continue
        invoice = by_number[about[note["OrderID"]]["AboutInvoiceNumber"]]
        assert invoice["OrderStatus"] == "Credited"
        assert invoice["CounterParty"] == note["CounterParty"]
        assert invoice["CompanyID"] == note["CompanyID"]
        assert note["TotalIncl"] == invoice["TotalIncl"] > 0


def test_check_digits(account: Account) -> None:
    parties = [party for each in companies_of(account) for party in account.parties(each)]
    for party in [*parties, *account.companies]:
        vat = party["VATNumber"]
        if vat.startswith("BE"):
            assert re.fullmatch(r"BE0\d{9}", vat)
            assert int(vat[-2:]) == 97 - int(vat[2:-2]) % 97
    for party in parties:
        number = party["IBAN"][4:] + party["IBAN"][:4]
        assert int("".join(str(int(character, 36)) for character in number)) % 97 == 1
    references = [
        r["PaymentReference"] for r in rows_by_id(account).values() if "PaymentReference" in r
    ]
    assert references
    for reference in references:
        assert re.fullmatch(r"\+\+\+\d{3}/\d{4}/\d{5}\+\+\+", reference)
        digits = re.sub(r"\D", "", reference)
        assert int(digits[-2:]) == (int(digits[:-2]) % 97 or 97)


def test_date_times_are_naive_and_trimmed(account: Account) -> None:
    for row in rows_by_id(account).values():
        for name in ("LastModified", "Created"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,2}[1-9])?", row[name])
        assert row["LastModified"] >= row["Created"]
        for name in ("OrderDate", "ExpiryDate", "DeliveryDate"):
            assert row.get(name, "T00:00:00").endswith("T00:00:00")


def test_last_modified_is_brussels_time() -> None:
    for month, hour in ((7, "14"), (12, "13")):
        clock = Clock(datetime(2026, month, 1, 12, 30, 0, 250_000, tzinfo=timezone.utc))
        account = Account(companies=1, orders=0, clock=clock)
        row = account.row(account.create(companies_of(account)[0]))
        assert row["LastModified"] == f"2026-{month:02}-01T{hour}:30:00.25"


def test_lists_beside_the_orders(account: Account) -> None:
    keys = []
    for each in companies_of(account):
        for key, found in (
            ("PartyID", account.parties(each)),
            ("ProductID", account.products(each)),
            ("DocumentID", account.documents(each)),
            ("BankAccountTransactionID", account.transactions(each)),
        ):
            ids = [row[key] for row in found]
            assert ids
            assert ids == sorted(ids)
            keys += [(key, value) for value in ids]
    assert len(keys) == len(set(keys))
