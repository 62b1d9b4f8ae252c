"""What time brings to the demo's account: the same however it was reached, and changes by hand."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tap_billit.demo.account import Account, NoSuchOrderError
from tests.kit.demo import Clock
from tests.kit.demo_account import REFERENCE, rows_by_id
from tests.kit.expected import companies_of


def test_same_moment_same_data_however_it_was_reached() -> None:
    clock = Clock(REFERENCE - timedelta(days=40))
    walked = Account(orders=300, clock=clock)
    while clock.now < REFERENCE + timedelta(days=20):
        rows_by_id(walked)
        clock.forward(days=7.3)
    at_once = Account(orders=300, clock=Clock(clock.now))
    assert rows_by_id(walked) == rows_by_id(at_once)
    for company_id in companies_of(at_once):
        assert walked.deleted(company_id) == at_once.deleted(company_id)
        assert list(walked.transactions(company_id)) == list(at_once.transactions(company_id))
        assert walked.parties(company_id) == at_once.parties(company_id)
    for order_id in list(rows_by_id(at_once))[::10]:
        assert walked.document(order_id) == at_once.document(order_id)


def test_a_day_later_some_are_new_paid_and_deleted() -> None:
    clock = Clock(REFERENCE)
    account = Account(clock=clock)
    before, start = rows_by_id(account), "2026-10-01T02:00:00"
    deleted = sum(len(account.deleted(each)) for each in companies_of(account))
    clock.forward(days=1)
    after = rows_by_id(account)
    new, gone, both = after.keys() - before, before.keys() - after, after.keys() & before
    changed = [i for i in both if before[i]["LastModified"] != after[i]["LastModified"]]
    assert new
    assert min(new) > max(before)
    assert len(gone) == 1
    assert sum(len(account.deleted(each)) for each in companies_of(account)) == deleted + 1
    assert any(after[i]["Paid"] and not before[i]["Paid"] for i in changed)
    assert all(after[i]["LastModified"] >= start for i in {*new, *changed})
    drifting = {"Overdue", "DaysOverdue"}
    for i in both - set(changed):
        assert {k for k in after[i] if after[i][k] != before[i].get(k)} <= drifting


def test_every_day_brings_something_new_and_a_payment() -> None:
    clock = Clock(REFERENCE)
    account = Account(orders=200, clock=clock)
    before = rows_by_id(account)
    for _ in range(20):
        clock.forward(days=1)
        after = rows_by_id(account)
        both = after.keys() & before.keys()
        assert after.keys() - both
        assert len(before.keys() - both) == 1
        assert any(after[i]["Paid"] > before[i]["Paid"] for i in both)
        before = after


def test_a_document_that_stands_still_is_the_same_whatever_its_party_does() -> None:
    clock = Clock(REFERENCE)
    account = Account(companies=1, orders=0, clock=clock)
    [company] = companies_of(account)
    orders = [account.create(company) for _ in range(5)]
    documents = {order: account.document(order) for order in orders}
    parties = account.parties(company)
    clock.forward(days=300)
    moved = ("Overdue", "DaysOverdue")
    for order, before in documents.items():
        after = account.document(order)
        assert after["LastModified"] == before["LastModified"]
        assert {**after, **dict.fromkeys(moved)} == {**before, **dict.fromkeys(moved)}
    assert account.parties(company)[: len(parties)] != parties


def test_changes_by_hand() -> None:
    clock = Clock(REFERENCE)
    account = Account(companies=2, orders=0, clock=clock)
    first, second = companies_of(account)
    order_id = account.create(first, TotalIncl=Decimal("121.00"))
    late = account.create(first, LastModified="2026-09-30T23:59:59.5")
    assert late > order_id
    assert [row["OrderID"] for row in account.rows(first)] == [order_id, late]
    assert account.rows(second) == []
    assert account.row(late)["LastModified"] == "2026-09-30T23:59:59.5"
    clock.forward(minutes=5)
    account.pay(order_id, Decimal("21.00"))
    row = account.row(order_id)
    assert (row["Paid"], row["ToPay"]) == (False, Decimal("100.00"))
    assert row["LastModified"] == "2026-10-01T02:05:00"
    account.pay(order_id)
    row = account.row(order_id)
    assert (row["Paid"], row["ToPay"], row["OrderStatus"]) == (True, 0, "Paid")
    assert row["PaidDate"] == "2026-10-01T00:00:00"
    amounts = [each["TotalAmount"] * row["FXRateToForeign"] for each in account.transactions(first)]
    assert [round(amount, 1) for amount in amounts] == [Decimal(21), Decimal(100)]
    account.change(late, Comments="Été", Reference="PO 1")
    assert account.document(late)["Comments"] == "Été"
    assert account.row(late)["Reference"] == "PO 1"
    assert "Comments" not in account.row(late)
    account.change(late, Paid=True)
    assert account.row(late)["ToPay"] == 0
    clock.forward(days=1)
    account.delete(late)
    assert [row["OrderID"] for row in account.rows(first)] == [order_id]
    assert [row["LastModified"] for row in account.deleted(first)] == ["2026-10-02T02:05:00"]
    with pytest.raises(NoSuchOrderError):
        account.row(late)


def test_an_order_changed_by_hand_lives_on() -> None:
    clock = Clock(REFERENCE)
    account = Account(companies=1, orders=100, clock=clock)
    for row in rows_by_id(account).values():
        account.change(row["OrderID"], Reference="x")
    clock.forward(days=30)
    later = [row for row in rows_by_id(account).values() if row.get("Reference") == "x"]
    assert {row["LastModified"] > "2026-10-01T02:00:00" for row in later} == {True, False}
