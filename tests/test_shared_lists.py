"""Streams of orders share a list of what changed, or is open, and miss nothing by it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo import Account, DemoServer, Reply
from tests.kit.demo import Clock
from tests.kit.expected import DETAILS, ROWS
from tests.kit.run import Run, ids, sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_billit.demo import Request

SHARED = "(OrderType eq 'Invoice' or OrderType eq 'CreditNote')"


class Bench:
    """An account whose open orders are read once, in all four streams of rows."""

    def __init__(self, server: DemoServer, clock: Clock) -> None:
        self.server, self.clock, self.account = server, clock, server.account
        (self.company,) = (each["PartyID"] for each in self.account.companies)
        self.first = Run()

    def read(self, *streams: str, each: int) -> None:
        """So many orders of each kind, all of them open, and read once."""
        for direction, kind in (*ROWS.values(), ("Income", "Offer")):
            for _ in range(each):
                self.account.create(self.company, OrderDirection=direction, OrderType=kind)
        self.clock.forward(hours=1)
        self.account.create(self.company, OrderType="Offer")
        self.clock.forward(hours=1)
        self.first = sync(self.server, *streams or ROWS)

    def again(self, *streams: str, **config: Any) -> Run:
        return sync(self.server, *streams or ROWS, state=self.first.state, **config)

    def answer(self, **properties: Any) -> None:
        """The shared list has a row with these properties, and no other."""
        row = self.account.rows(self.company)[0] | properties
        self.server.hooks.append(
            lambda request: Reply(body={"Items": [row]}) if is_shared(request) else None
        )


def is_shared(request: Request) -> bool:
    return SHARED in request.query.get("$filter", "")


@pytest.fixture
def bench() -> Iterator[Bench]:
    clock = Clock()
    account = Account(orders=0, companies=1, clock=clock)
    with DemoServer(account) as server:
        yield Bench(server, clock)


def test_one_request_brings_all_that_is_open(bench: Bench) -> None:
    bench.read(each=3)
    run = bench.again()
    assert len(run.requests) == 1 + 1 + 1
    assert run.records == bench.first.records
    assert run.error is None


def test_what_left_is_asked_by_each_stream(bench: Bench) -> None:
    bench.read(each=3)
    row = bench.first.records["supplier_invoices"][1]
    bench.account.change(row["OrderID"], Paid=True, LastModified=row["LastModified"])
    run = bench.again()
    assert len(run.requests) == 1 + 1 + 1 + 1
    assert run.table("supplier_invoices")[row["OrderID"]]["Paid"]


def test_where_more_is_open_each_asks_its_own(bench: Bench) -> None:
    bench.read(each=26)
    run = bench.again()
    assert len(run.requests) == 1 + 1 + len(ROWS)
    assert run.records == bench.first.records


def test_where_more_has_changed_than_a_page_each_asks_its_own(bench: Bench) -> None:
    bench.read(each=20)
    made = {bench.account.create(bench.company) for _ in range(50)}
    bench.clock.forward(hours=1)
    run = bench.again()
    assert len(run.requests) == 1 + 1 + 1 + len(ROWS)
    assert made <= run.table("sales_invoices").keys()


def test_one_stream_alone_asks_its_own(bench: Bench) -> None:
    bench.read(each=3)
    run = bench.again("sales_invoices", "supplier_invoices")
    assert [is_shared(request) for request in run.requests] == [False] * 4


@pytest.mark.parametrize(
    "odd", [{"OrderType": "Offer"}, {"OrderType": {}}, {"OrderDirection": 5}, {"OrderID": None}]
)
def test_a_row_that_was_not_asked_for_has_each_ask_its_own(bench: Bench, odd: Any) -> None:
    bench.read(each=3)
    bench.answer(**odd)
    run = bench.again()
    assert run.error is None
    assert run.records == bench.first.records
    assert not any("OrderID eq" in query.get("$filter", "") for query in run.queries())


def test_a_list_that_is_of_another_company_is_not_shared(bench: Bench) -> None:
    """Its rows show it to one stream alone; the others would take it for theirs, and empty."""
    bench.read(each=3)
    bench.answer(CompanyID=7, OrderDirection="Cost")
    run = bench.again()
    assert run.error is None
    assert run.records == bench.first.records


def test_a_list_without_the_newest_change_is_not_shared(bench: Bench) -> None:
    bench.read(*CHANGED, each=3)
    new = bench.account.create(bench.company)
    bench.clock.forward(hours=1)
    own = [Reply(body={"Items": []})]
    bench.server.hooks.append(
        lambda request: own.pop() if own and "LastModified ge" in str(request.query) else None
    )
    run = bench.again(*CHANGED, refresh_unpaid=False)
    assert not own
    assert new in ids(run.records["sales_invoices"])


def test_a_query_that_is_refused_is_not_shared(bench: Bench) -> None:
    bench.read(each=3)
    refusal = Reply.error(400, "GenericError")
    bench.server.hooks.append(lambda request: refusal if is_shared(request) else None)
    run = bench.again()
    assert run.error is None
    assert run.records == bench.first.records


def test_a_row_without_a_key_costs_only_itself_where_pages_go_by_offset(bench: Bench) -> None:
    bench.server.dialect = replace(bench.server.dialect, by_id="refused")
    bench.read(each=3)
    bench.answer(OrderID=None)
    run = bench.again()
    assert run.records == bench.first.records


CHANGED = (*ROWS, "orders", *DETAILS)


def test_what_changed_is_one_request_for_all_streams_of_orders(bench: Bench) -> None:
    bench.read(*CHANGED, each=3)
    changed = bench.first.records["supplier_invoices"][1]["OrderID"]
    newest = max(ids(bench.first.records["orders"]))  # it lies within the lookback
    bench.account.change(changed, Reference="changed")
    offer = bench.account.create(bench.company, OrderType="Offer")
    bench.clock.forward(hours=1)
    run = bench.again(*CHANGED, refresh_unpaid=False)
    assert len(run.requests) == 1 + 1 + 1 + 1
    assert {stream: sorted(ids(rows)) for stream, rows in run.records.items()} == {
        "supplier_invoices": [changed],
        "orders": [changed, newest, offer],
        "supplier_invoice_details": [changed],
    }
    assert run.records["supplier_invoices"][0]["Reference"] == "changed"


def test_a_stream_with_an_other_bookmark_asks_its_own(bench: Bench) -> None:
    bench.read("orders", "sales_invoices", each=3)
    changed = bench.first.records["sales_invoices"][1]["OrderID"]
    bench.account.change(changed, Reference="changed")
    partition = bench.first.partition("orders", bench.company)
    partition["replication_key_value"] = "2026-09-01T00:00:00"
    bench.clock.forward(hours=1)
    run = bench.again("orders", "sales_invoices", refresh_unpaid=False)
    assert len(run.requests) == 1 + 1 + 2
    assert any("OrderType eq 'Invoice'" in query.get("$filter", "") for query in run.queries())
    assert ids(run.records["sales_invoices"]) == [changed]
    assert len(run.records["orders"]) == 3 * 5 + 1
