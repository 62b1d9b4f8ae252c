"""Orders that were open: remembered in the state, and asked by id once no list has them."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_billit.demo import DemoServer, Reply
from tap_billit.demo.account import Account
from tap_billit.open_orders import pack, unpack
from tap_billit.state_messages import StatePace
from tests.kit.demo import Clock
from tests.kit.run import Run, ids, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_billit.demo import Request
    from tests.kit.run import Json

ROWS = "sales_invoices"
BY_ID = "OrderID eq"
DAILY = {"refresh_unpaid_hours": 24}
MONTHS_AGO = "2026-03-01T00:00:00"


@given(st.sets(st.integers(-(2**62), 2**62)))
def test_what_is_packed_can_be_unpacked(orders: set[int]) -> None:
    assert unpack(pack(orders)) == sorted(orders)


@pytest.mark.parametrize("largest_gap", [5_000, 100_000])
def test_ten_thousand_of_one_account_among_many_take_40_kb(largest_gap: int) -> None:
    gaps = random.Random(1).choices(range(1000, largest_gap), k=10_000)  # noqa: S311  not a secret
    assert len(pack([*accumulate(gaps, initial=60_000_000)])) < 40_000


class Bench:
    """An account of open invoices, some syncs of it, and what was asked by id."""

    def __init__(self, clock: Clock, server: DemoServer) -> None:
        self.clock, self.server, self.account = clock, server, server.account
        self.company: int = self.account.companies[0]["PartyID"]
        self.state: Any = None

    def open(self, orders: int, **config: Any) -> list[int]:
        """So many invoices, that are read; a change of something else is the newest."""
        made = [self.account.create(self.company) for _ in range(orders)]
        self.clock.forward(hours=1)
        self.account.create(self.company, OrderType="Offer")
        self.clock.forward(minutes=20)
        assert ids(self.sync(**config).records[ROWS]) == made
        self.clock.forward(minutes=20)
        return made

    def pay(self, *orders: int) -> None:
        """Paid months ago, and LastModified says nothing of it."""
        for order in orders:
            stamp = self.account.row(order)["LastModified"]
            self.account.change(order, Paid=True, PaidDate=MONTHS_AGO, LastModified=stamp)

    def sync(self, **config: Any) -> Run:
        run = sync(self.server, ROWS, state=self.state, **config)
        self.state = run.state
        return run

    @property
    def partition(self) -> Json:
        """The state of the company."""
        (partition,) = self.state["bookmarks"][ROWS]["partitions"]
        return cast("Json", partition)

    def answer(self, part: str, reply: Callable[[Request], Reply | None]) -> None:
        """Reply so to what has this in its filter; to one request, if there is none."""
        self.server.hooks.append(
            lambda request: reply(request) if part in request.query.get("$filter", "") else None
        )


def asked(run: Run) -> list[str]:
    """The filters that name orders."""
    filters = [query.get("$filter", "") for query in run.queries()]
    return [text for text in filters if BY_ID in text]


@pytest.fixture
def bench() -> Iterator[Bench]:
    clock = Clock()
    with DemoServer(Account(orders=0, companies=1, clock=clock)) as server:
        yield Bench(clock, server)


def test_thirty_are_asked_in_a_request(bench: Bench) -> None:
    orders = bench.open(100)
    bench.pay(*orders[:70])
    run = bench.sync()
    assert [text.count(BY_ID) for text in asked(run)] == [30, 30, 10]
    assert max(len(urlencode(query)) for query in run.queries()) < 2000
    assert {row["OrderID"] for row in run.records[ROWS] if row["Paid"]} == {*orders[:70]}
    assert not asked(bench.sync())


def test_fewer_are_asked_where_so_many_are_refused(bench: Bench) -> None:
    orders = bench.open(40)
    bench.pay(*orders)
    refused = Reply.error(400, "GenericError", "The node count limit of '100' has been exceeded.")
    bench.answer(BY_ID, lambda r: refused if r.query["$filter"].count(BY_ID) > 15 else None)
    run = bench.sync()
    assert run.error is None
    assert [text.count(BY_ID) for text in asked(run)][-3:] == [15, 15, 10]
    assert sorted(ids(run.records[ROWS])) == orders


def test_what_is_not_listed_at_all_is_named_and_forgotten(bench: Bench) -> None:
    orders = bench.open(15)
    for order in orders[:12]:
        bench.account.delete(order)
    first, run = bench.sync(), bench.sync()
    assert "are deleted or" not in first.said
    named = ", ".join(map(str, orders[:10]))
    assert f"12 orders were open, and are deleted or of another kind now: {named}, …" in run.said
    assert unpack(bench.partition["open"]["orders"]) == orders[12:]
    assert not asked(bench.sync())


def test_what_cannot_be_asked_costs_no_more_and_comes_again(bench: Bench) -> None:
    paid, *_ = bench.open(3, **DAILY)
    bench.pay(paid)
    new = bench.account.create(bench.company)
    bench.clock.forward(hours=25)
    bench.answer(BY_ID, lambda _: Reply.error(400, "GenericError"))
    run = bench.sync(**DAILY)
    assert "left for the next run" in str(run.error)
    assert new in ids(run.records[ROWS])
    assert "crawl" not in bench.partition
    bench.server.hooks.clear()
    assert paid in ids(bench.sync(**DAILY).records[ROWS])


def test_an_answer_that_was_not_asked_for_is_not_believed(bench: Bench) -> None:
    paid, other = bench.open(2)
    bench.pay(paid)
    page = Reply(body={"Items": [bench.account.row(other)]})
    bench.answer(BY_ID, lambda _: page)
    run = bench.sync()
    assert f"order {other}, which was not asked for" in str(run.error)
    bench.server.hooks.clear()
    assert paid in ids(bench.sync().records[ROWS])


def test_rows_without_a_key_are_asked_again(bench: Bench) -> None:
    paid, without = bench.open(2)
    bench.pay(paid, without)
    rows = [bench.account.row(paid), bench.account.row(without) | {"OrderID": None}]
    bench.answer(BY_ID, lambda _: Reply(body={"Items": rows}))
    run = bench.sync()
    assert "without their key: sales_invoices" in str(run.error)
    assert ids(run.records[ROWS]) == [paid]
    bench.server.hooks.clear()
    assert ids(bench.sync().records[ROWS]) == [without]


def test_what_is_open_by_its_row_alone_is_not_asked_for_ever(bench: Bench) -> None:
    """As where Billit stores nothing, shows false, and lists by what it stores."""
    order, other = bench.open(2)
    bench.answer("Paid eq false) and", lambda _: Reply(body={"Items": []}))
    bench.answer("Paid eq false", lambda _: Reply(body={"Items": [bench.account.row(other)]}))
    first, second, third = bench.sync(), bench.sync(), bench.sync()
    assert len(asked(first)) == len(asked(second)) == 1
    assert "are open by their row" not in first.said
    said = f"1 orders are open by their row, not by `Paid eq false`, and no longer read: {order}"
    assert said in second.said
    assert not asked(third)


@pytest.mark.parametrize("empty", [["Paid eq false"], ["Paid eq false", BY_ID]])
def test_one_answer_that_lags_behind_costs_no_payment(bench: Bench, empty: list[str]) -> None:
    """What is open is listed once as if it were not, or is not even found by its id; then paid."""
    order, *_ = bench.open(3)
    for part in empty:
        bench.answer(part, lambda _: Reply(body={"Items": []}))
    bench.sync()
    bench.server.hooks.clear()
    bench.pay(order)
    assert order in ids(bench.sync().records[ROWS])


DAMAGED = {
    "no object": 5,
    "an empty one": {},
    "no text": {"orders": 7},
    "cut off": {"orders": pack(range(50))[:-8]},
    "of another version": {"orders": pack([1]).swapcase()},
    "no whole bytes": {"orders": "eJxLTEpOAQAD2QGL"},
    "a text among the orders": {"left": ["17"]},
    "a time that is none": {"refreshed_at": "soon"},
}


@pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED)
def test_a_value_that_is_not_understood_has_all_read_once(bench: Bench, damaged: Any) -> None:
    paid, *others = bench.open(3)
    bench.pay(paid)
    good = bench.partition["open"]
    is_part = isinstance(damaged, dict) and damaged
    bench.partition["open"] = good | damaged if is_part else damaged
    run = bench.sync()
    assert run.error is None
    assert "`open` in the state is not understood" in run.said
    assert ids(run.records[ROWS]) == [paid, *others]
    assert unpack(bench.partition["open"]["orders"]) == others


def test_without_refresh_it_is_left_out(bench: Bench) -> None:
    paid, *others = bench.open(3)
    bench.pay(paid)
    bench.partition["open"] = "broken"
    assert not bench.sync(refresh_unpaid=False).records[ROWS]
    assert "open" not in bench.partition
    assert ids(bench.sync().records[ROWS]) == [paid, *others]


def test_open_rows_are_read_so_often(bench: Bench) -> None:
    bench.open(3, **DAILY)
    for hours, rows in ((1, 0), (21, 0), (1.6, 3), (1, 0), (24, 3)):
        bench.clock.forward(hours=hours)
        run = bench.sync(**DAILY)
        assert len(run.records[ROWS]) == rows, hours
        assert len(run.requests) == 2 + bool(rows)


def test_what_changed_is_read_between(bench: Bench) -> None:
    _, order, _ = bench.open(3, **DAILY)
    bench.account.change(order, Reference="changed")
    bench.clock.forward(minutes=10)
    assert ids(bench.sync(**DAILY).records[ROWS]) == [order]


def test_a_refresh_that_is_said_to_be_ahead_of_the_clock_is_none(bench: Bench) -> None:
    orders = bench.open(3, **DAILY)
    bench.partition["open"]["refreshed_at"] = "2030-01-01T00:00:00"
    assert ids(bench.sync(**DAILY).records[ROWS]) == orders


def test_without_billits_clock_each_sync_refreshes(bench: Bench) -> None:
    bench.server.dialect = replace(bench.server.dialect, date_header="left out")
    orders = bench.open(3, **DAILY)
    assert ids(bench.sync(**DAILY).records[ROWS]) == orders


def test_a_long_state_is_written_less_often() -> None:
    pace = StatePace()
    assert pace.is_due({"bookmarks": "x" * 300_000}, coming=1)
    for records, is_due in ((1_000, False), (3_000, True)):
        pace.records = records
        assert pace.is_due({"bookmarks": "changed"}, coming=120) is is_due
