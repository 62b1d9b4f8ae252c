"""Money in the demo's account: each bank transaction, each paid order, and how they meet."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tap_billit.demo import Account
from tests.kit.demo import Clock
from tests.kit.demo_account import REFERENCE, Holdings, whole_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.run import Json

CENT = Decimal("0.01")
WATCHED = 120
"""Days, half of them before the reference."""


@pytest.fixture(scope="module", params=[0, 56], ids="{} days later".format)
def held(request: pytest.FixtureRequest) -> Holdings:
    return whole_account(REFERENCE + timedelta(days=request.param))


def payments(held: Holdings) -> dict[int, list[tuple[str, Decimal]]]:
    """What the bank transactions have paid of each order, and when."""
    paid: defaultdict[int, list[tuple[str, Decimal]]] = defaultdict(list)
    for transaction in held.transactions:
        for entity in transaction["AssignedEntities"]:
            paid[entity["EntityID"]].append((transaction["ValueDate"], entity["AssignedAmount"]))
    return paid


def sign(row: Json) -> int:
    """1 for what the company receives, -1 for what it pays."""
    return 1 if (row["OrderDirection"] == "Income") == (row["OrderType"] == "Invoice") else -1


def matched(held: Holdings) -> Iterator[tuple[Json, list[Json]]]:
    """The transactions that pay orders, with those orders."""
    for transaction in held.transactions:
        ids = [entity["EntityID"] for entity in transaction["AssignedEntities"]]
        if ids:
            yield transaction, [held.rows[each] for each in ids]


def test_what_is_open_is_the_total_less_what_the_bank_assigned(held: Holdings) -> None:
    paid = payments(held)
    owed = [row for row in held.rows.values() if row["ToPay"]]
    assert any(row["OrderID"] in paid for row in owed)
    for row in owed:
        assert not row["Paid"]
        left = row["TotalIncl"] - sum(amount for _, amount in paid[row["OrderID"]])
        assert row["ToPay"] == left > 0


def test_a_paid_order_has_its_money_on_the_bank_or_says_how_else(held: Holdings) -> None:
    paid, now = payments(held), max(each["ValueDate"] for each in held.transactions)
    over_the_bank = 0
    for row in held.rows.values():
        booked = paid[row["OrderID"]]
        if not row["Paid"] or row["OrderStatus"] == "Credited":
            continue
        if sum(amount for _, amount in booked) == row["TotalIncl"]:
            assert row["PaidDate"] == max(day for day, _ in booked)
            over_the_bank += 1
        else:
            otherwise = row.get("PaymentMethod") in {"Contant", "Other", None}
            assert otherwise or row["PaidDate"] > now
    assert over_the_bank > len(held.rows) / 2


def test_a_transaction_is_the_sum_of_what_it_pays(held: Holdings) -> None:
    for transaction, orders in matched(held):
        total = Decimal(0)
        for entity, row in zip(transaction["AssignedEntities"], orders, strict=True):
            assert entity["EntityType"] == "Order"
            assert entity["FXRateToBankCurrency"] == row["FXRateToForeign"]
            assert entity["AssignedAmount"] > 0
            total += entity["AssignedAmount"] / row["FXRateToForeign"] * sign(row)
        assert abs(transaction["TotalAmount"] - total) <= CENT / 2 * len(orders)
        assert (transaction["TransactionType"] == "Credit") == (transaction["TotalAmount"] > 0)


def test_one_payment_settles_several_invoices_of_one_party(held: Holdings) -> None:
    several = [orders for _, orders in matched(held) if len(orders) > 1]
    assert len(several) > 20
    assert {len(orders) for orders in several} == {2, 3}
    for orders in several:
        assert len({(row["CompanyID"], row["CounterParty"]["PartyID"]) for row in orders}) == 1
        assert len({row["PaidDate"] for row in orders}) == 1
        assert all(row["Paid"] and row["OrderType"] == "Invoice" for row in orders)


def test_a_transaction_is_in_the_currency_of_its_company(held: Holdings) -> None:
    accounts: defaultdict[int, set[str]] = defaultdict(set)
    for transaction in held.transactions:
        accounts[transaction["BankAccountID"]].add(transaction["Currency"])
    booked = [currency for account in sorted(accounts) for currency in accounts[account]]
    assert booked == [each["DefaultCurrencyTC"] for each in held.companies.values()]
    assert {*booked} == {"EUR", "USD"}


def test_some_money_belongs_to_no_order(held: Holdings) -> None:
    unassigned = [each for each in held.transactions if not each["AssignedEntities"]]
    assert 0.05 < len(unassigned) / len(held.transactions) < 0.2
    assert {each["TransactionType"] for each in unassigned} == {"Credit", "Debit"}


def test_an_invoice_and_its_credit_note_meet_without_money_or_are_paid_back(held: Holdings) -> None:
    paid, invoices = payments(held), {}
    for row in held.rows.values():
        invoices[row["CompanyID"], row.get("OrderNumber")] = row
    set_off = paid_back = 0
    for note in held.details.values():
        if "AboutInvoiceNumber" not in note or not note["Paid"]:
            continue
        invoice = invoices[note["CompanyID"], note["AboutInvoiceNumber"]]
        assert (invoice["OrderStatus"], invoice["ToPay"]) == ("Credited", 0)
        if note.get("PaymentMethod") == "Other":
            assert not paid[note["OrderID"]] + paid[invoice["OrderID"]]
            assert invoice["PaidDate"] == note["PaidDate"]
            set_off += 1
        else:
            assert len(paid[note["OrderID"]]) == len(paid[invoice["OrderID"]]) == 1
            paid_back += 1
    assert set_off > 20
    assert paid_back


class Watched(NamedTuple):
    """Orders seen as paid for the first time, and money that got its order later."""

    paid: list[tuple[date, Json]]
    matched_later: set[int]


@cache
def watched() -> Watched:
    """The account, looked at each day."""
    clock = Clock()
    clock.forward(days=-WATCHED / 2)
    account, seen = Account(clock=clock), Watched([], set())
    before = Holdings(account)
    for _ in range(WATCHED):
        clock.forward(days=1)
        after = Holdings(account)
        for order, row in after.rows.items():
            if row["Paid"] and not before.rows.get(order, {"Paid": False})["Paid"]:
                seen.paid.append((clock.now.date(), row))
        seen.matched_later.update(unassigned(before) - unassigned(after))
        before = after
    return seen


def unassigned(held: Holdings) -> set[int]:
    return {
        each["BankAccountTransactionID"]
        for each in held.transactions
        if not each["AssignedEntities"]
    }


def test_paid_dates_lie_from_90_days_back_to_30_ahead_or_are_missing() -> None:
    dated = [(day, row["PaidDate"]) for day, row in watched().paid if "PaidDate" in row]
    assert len(dated) < len(watched().paid) < len(dated) * 1.1
    distances = [(date.fromisoformat(paid[:10]) - day).days for day, paid in dated]
    assert -91 <= min(distances) < -31
    assert 5 < max(distances) <= 30
    assert sum(-1 <= each <= 0 for each in distances) > len(distances) * 0.7


def test_money_may_wait_for_its_order() -> None:
    assert len(watched().matched_later) >= WATCHED / 30
