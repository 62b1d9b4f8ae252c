"""What is seldom in the demo's account: other kinds, statuses, sides, lines, dates, currencies."""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from tap_billit.demo import Account
from tap_billit.demo.files import file_id
from tests.kit.demo import Clock
from tests.kit.demo_account import REFERENCE, Holdings, rows_by_id, whole_account
from tests.kit.expected import companies_of

if TYPE_CHECKING:
    from tests.kit.run import Json

CENT = Decimal("0.01")
CHARGE, ALLOWANCE = True, False
CODES = {CHARGE: {"FC"}, ALLOWANCE: {"95", "100"}}
"""Of UNCL 7161 and UNCL 5189."""


@pytest.fixture(scope="module")
def held() -> Holdings:
    return whole_account(REFERENCE + timedelta(days=56))


def kind(row: Json) -> tuple[str, str]:
    return row["OrderDirection"], row["OrderType"]


def some(count: int, of: Holdings) -> bool:
    """Whether so many are there, but not so many that the account looks odd."""
    return 0 < count < len(of.rows) * 0.08


def test_each_day_a_draft_becomes_a_credit_note_and_now_and_then_another_order_changes() -> None:
    clock = Clock()
    account = Account(clock=clock)
    before, moves = rows_by_id(account), Counter[tuple[str, ...]]()
    for _ in range(150):
        clock.forward(days=1)
        after = rows_by_id(account)
        moved = [
            (kind(before[order]), kind(after[order]), order)
            for order in after.keys() & before.keys()
            if kind(before[order]) != kind(after[order])
        ]
        drafts = [old for old, new, _ in moved if new == ("Income", "CreditNote")]
        assert drafts == [("Income", "Invoice")]
        for old, new, order in moved:
            assert after[order]["LastModified"] > before[order]["LastModified"]
            assert kind(account.document(order)) == new
            move = (*old, new[1])
            moves[move] += 1
        before = after
    assert moves.pop(("Income", "Invoice", "CreditNote")) == 150
    assert moves.keys() == {
        ("Cost", "Invoice", "CreditNote"),
        ("Income", "Invoice", "Offer"),
        ("Income", "Offer", "Invoice"),
    }
    assert moves.total() < 30


def test_an_order_is_made_another_kind_by_hand() -> None:
    clock = Clock()
    account = Account(orders=0, clock=clock)
    company = companies_of(account)[0]
    order = account.create(company)
    clock.forward(hours=1)
    account.convert(order, "CreditNote")
    row, details = account.row(order), account.document(order)
    assert (kind(row), row["OrderStatus"]) == (("Income", "CreditNote"), "ToPay")
    assert (row["LastModified"], row["ToPay"]) == ("2026-10-01T15:00:00", row["TotalIncl"])
    assert row["OrderNumber"].startswith("CN")
    assert details["OrderType"] == "CreditNote"
    account.pay(order)
    [paid] = account.transactions(company)
    assert paid["TransactionType"] == "Debit"
    account.convert(order, "Offer")
    row = account.row(order)
    assert (kind(row), row["OrderStatus"], row["ToPay"]) == (("Income", "Offer"), "Sent", 0)
    account.convert(order, "Invoice", direction="Cost")
    row, details = account.row(order), account.document(order)
    assert kind(row) == ("Cost", "Invoice")
    assert details["Customer"]["PartyID"] == company
    assert details["Supplier"]["PartyID"] == row["CounterParty"]["PartyID"]
    assert row["CounterParty"]["PartyType"] == "Supplier"


def test_nothing_else_happens_to_an_order_made_another_kind_by_hand() -> None:
    clock = Clock()
    account = Account(orders=60, companies=1, clock=clock)
    [company] = companies_of(account)
    orders = [row["OrderID"] for row in account.rows(company) if row["OrderType"] == "Invoice"]
    for order in orders:
        account.convert(order, "Offer")
    before = Holdings(account)
    clock.forward(days=200)
    after = Holdings(account)
    assert all(after.rows[order] == before.rows[order] for order in orders)
    assert {row["OrderType"] for row in after.rows.values()} > {"Offer", "Invoice"}


def test_row_and_details_say_the_same(held: Holdings) -> None:
    own = {"ExportedToConnector", "OrderPDF", "CounterParty", "CurrentDocumentDeliveryDetails"}
    for order, row in held.rows.items():
        details = held.details[order]
        assert {key: row[key] for key in row.keys() - own} == {
            key: details[key] for key in row.keys() - own
        }
        ours = details["Supplier" if row["OrderDirection"] == "Income" else "Customer"]
        assert ours["PartyID"] == row["CompanyID"]
        assert held.details[order]["CounterParty"]["PartyID"] == row["CounterParty"]["PartyID"]


def test_lines_vat_groups_and_totals_are_equal(held: Holdings) -> None:
    for details in held.details.values():
        groups: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
        for line in details["OrderLines"]:
            groups[line["VATPercentage"]] += line["TotalExcl"]
            assert line["TotalExcl"] + line["TotalVAT"] == line["TotalIncl"]
        assert groups == {each["VATPercentage"]: each["TotalExcl"] for each in details["VatGroups"]}
        for name in ("TotalExcl", "TotalVAT", "TotalIncl"):
            for parts in (details["OrderLines"], details["VatGroups"]):
                assert sum(part[name] for part in parts) == details[name] > -CENT
        assert details["TotalExcl"] + details["TotalVAT"] == details["TotalIncl"] > 0


def test_what_is_refused_or_cancelled_is_not_owed(held: Holdings) -> None:
    void = [row for row in held.rows.values() if row["OrderStatus"] in {"Refused", "Canceled"}]
    found = Counter((*kind(row), row["OrderStatus"]) for row in void)
    assert some(len(void), held)
    assert found.keys() >= {
        ("Income", "Invoice", "Canceled"),
        ("Income", "Invoice", "Refused"),
        ("Cost", "Invoice", "Refused"),
        ("Income", "Offer", "Refused"),
        ("Income", "OrderForm", "Canceled"),
    }
    for row in void:
        assert (row["Paid"], row["ToPay"], row["Overdue"]) == (False, 0, False)
        delivery = held.details[row["OrderID"]]["CurrentDocumentDeliveryDetails"]
        refused_by_them = row["OrderStatus"] == "Refused" and kind(row) == ("Income", "Invoice")
        assert ("DocumentRefusedReasonTC" in delivery) == refused_by_them
        assert (row.get("ApprovalStatus") == "Rejected") == (
            kind(row) == ("Cost", "Invoice") and row["OrderStatus"] == "Refused"
        )


def test_self_billing_turns_the_writer_round(held: Holdings) -> None:
    self_billed = [row for row in held.rows.values() if "OrderSubType" in row]
    assert some(len(self_billed), held)
    assert {row["OrderDirection"] for row in self_billed} == {"Income", "Cost"}
    for row in self_billed:
        assert (row["OrderSubType"], row["OrderType"]) == ("SelfBilling", "Invoice")
        ours = row["OrderDirection"] == "Cost"
        assert row["ExternalProvider"] == ("APIFeed" if ours else "Peppol")
        assert row["OrderNumber"].startswith("SB") == ours
        assert row["IsSent"] == ours
        [message] = held.details[row["OrderID"]]["Messages"]
        assert message["MessageDirection"] == ("Outgoing" if ours else "Incoming")


def test_the_file_of_a_self_billed_invoice_says_so(held: Holdings) -> None:
    account = Account(clock=lambda: REFERENCE + timedelta(days=56))
    codes = Counter[tuple[str, str | None, int]]()
    for row in held.rows.values():
        if row["OrderType"] in {"Invoice", "CreditNote"}:
            _, ubl = account.file(file_id(row["OrderID"], "xml", seed=account.seed))
            content = b64decode(ubl["FileContent"]).decode()
            [code] = re.findall(r"TypeCode>(\d+)</", content)
            codes[row["OrderType"], row.get("OrderSubType"), int(code)] += 1
    assert codes.keys() == {
        ("Invoice", None, 380),
        ("CreditNote", None, 381),
        ("Invoice", "SelfBilling", 389),
    }


def test_discounts_and_charges(held: Holdings) -> None:
    reduced = linked = 0
    indicators: Counter[bool] = Counter()
    for details in held.details.values():
        links: Counter[str] = Counter()
        for line in details["OrderLines"]:
            reduction = line.get("ReductionPercentage", Decimal(0))
            full = line["Quantity"] * line["UnitPriceExcl"]
            assert abs(full * (100 - reduction) / 100 - line["TotalExcl"]) <= CENT
            reduced += bool(reduction)
            if "LinkedOrderLineID" in line:
                links[str(UUID(line["LinkedOrderLineID"]))] += 1
            if "AllowanceChargeIndicator" not in line:
                assert line["TotalExcl"] > 0
                continue
            is_charge = line["AllowanceChargeIndicator"]
            indicators[is_charge] += 1
            assert (line["TotalExcl"] > 0) == is_charge
            assert line["Quantity"] == 1
            assert line["Code"] in CODES[is_charge]
            assert "Reference" not in line
        assert {*links.values()} <= {2}
        linked += len(links)
    assert all(some(count, held) for count in (reduced, linked, *indicators.values()))
    assert indicators.keys() == {CHARGE, ALLOWANCE}


def test_without_a_due_date_nothing_is_overdue(held: Holdings) -> None:
    undue = [row for row in held.rows.values() if "ExpiryDate" not in row]
    assert some(len(undue), held)
    assert {kind(row) for row in undue} >= {("Income", "Invoice"), ("Cost", "Invoice")}
    assert any(row["ToPay"] for row in undue)
    assert all((row["Overdue"], row["DaysOverdue"]) == (False, 0) for row in undue)
    assert not any("ExpiryDate" in held.details[row["OrderID"]] for row in undue)


def test_a_company_that_keeps_its_books_in_dollars(held: Holdings) -> None:
    currencies = {key: each["DefaultCurrencyTC"] for key, each in held.companies.items()}
    assert Counter(currencies.values()) == {"EUR": 2, "USD": 1}
    euros = {"EUR": Decimal(1), "USD": Decimal("1.0845"), "GBP": Decimal("0.8572")}
    found = defaultdict[str, Counter[str]](Counter)
    for row in held.rows.values():
        home = currencies[row["CompanyID"]]
        assert row["FXRateToForeign"] == round(euros[row["Currency"]] / euros[home], 5)
        found[home][row["Currency"]] += 1
    for home, counts in found.items():
        assert counts.keys() == {"EUR", "USD", "GBP"}
        assert counts.most_common(1)[0][0] == home
