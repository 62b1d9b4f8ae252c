"""How far a crawl reaches when Billit's newest change is not the newest, and what STATE costs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tap_billit.demo import Account, DemoServer, Reply
from tests.kit.demo import NOW, ORDERS, account
from tests.kit.expected import companies_of
from tests.kit.run import ids, sync

if TYPE_CHECKING:
    from tap_billit.demo import Request

ROWS = "sales_invoices"
DETAILS = "sales_invoice_details"


class Moving:
    """An account whose clock is moved by hand."""

    def __init__(self, *, orders: int = 60) -> None:
        self.now = NOW
        self.account = Account(orders=orders, companies=1, clock=lambda: self.now)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)


def test_an_order_that_is_ignored_is_noticed() -> None:
    """Billit takes `$orderby=LastModified desc`, and lists by OrderID all the same."""
    moving = Moving()
    with DemoServer(moving.account, page_size=10) as server:

        def ignore(request: Request) -> Reply | None:
            if "LastModified" in request.query.get("$orderby", ""):
                request.query["$orderby"] = "OrderID asc"
            return None

        server.hooks.append(ignore)
        streams = (ROWS, DETAILS)
        first = sync(server, *streams, refresh_unpaid=False)
        assert not first.error
        said = "Billit takes `$orderby=LastModified` for /v1/orders, but ignores it"
        assert first.said.count(said) == 1
        runs = [first]
        for _ in range(3):
            moving.later(hours=2)
            last = max(ids(first.records[ROWS]))
            moving.account.change(last, Reference=f"changed at {moving.now}")
            runs.append(sync(server, *streams, state=runs[-1].state, refresh_unpaid=False))
            assert moving.account.row(last)["Reference"] in str(runs[-1].records[ROWS])
            assert moving.account.row(last)["Reference"] in str(runs[-1].records[DETAILS])


def test_a_change_during_the_crawl_is_no_such_order() -> None:
    server = DemoServer(account(), page_size=10)
    changed: list[int] = []

    def change(request: Request) -> None:
        second_page = "OrderID ge" in request.query.get("$filter", "")
        if request.path == ORDERS and second_page and not changed:
            changed.append(ids(server.account.rows(int(request.party_id or 0)))[-1])
            later = datetime(2026, 11, 2, 9, 0, 30, tzinfo=timezone.utc).isoformat()[:19]
            server.account.change(changed[0], LastModified=later.replace("T09", "T10"))

    server.hooks.append(change)
    with server:
        run = sync(server, ROWS)
    assert changed
    assert "but ignores it" not in run.said
    (company,) = companies_of(server.account)
    assert run.partition(ROWS, company)["replication_key_value"]


def test_a_bookmark_of_tomorrow_lets_nothing_fall_between() -> None:
    moving = Moving()
    with DemoServer(moving.account, page_size=10) as server:
        run = sync(server, ROWS, refresh_unpaid=False)
        state = run.state
        (partition,) = state["bookmarks"][ROWS]["partitions"]
        partition["replication_key_value"] = (moving.now + timedelta(hours=20)).isoformat()[:19]
        moving.later(hours=1)
        order = run.records[ROWS][0]["OrderID"]
        moving.account.change(order, Reference="changed")
        assert order in ids(sync(server, ROWS, state=state, refresh_unpaid=False).records[ROWS])


@pytest.mark.parametrize("year", [1999, 2030])
def test_a_date_header_that_is_years_off_costs_nothing(year: int) -> None:
    moving = Moving()
    with DemoServer(moving.account, page_size=10) as server:

        def off(request: Request) -> Reply | None:
            if request.path != ORDERS:
                return None
            reply = server.normal(request)
            reply.headers["Date"] = f"Fri, 01 Jan {year} 12:00:00 GMT"
            return reply

        run = sync(server, ROWS, refresh_unpaid=False)
        server.hooks.append(off)
        for _ in range(2):
            moving.later(hours=2)
            order = run.records[ROWS][0]["OrderID"]
            moving.account.change(order, Reference=f"changed at {moving.now}")
            run = sync(server, ROWS, state=run.state, refresh_unpaid=False)
            assert not run.error
            assert order in ids(run.records[ROWS])


def test_a_change_that_is_years_ahead_is_not_believed_more_than_the_date_header() -> None:
    moving = Moving()
    with DemoServer(moving.account, page_size=10) as server:
        run = sync(server, ROWS, refresh_unpaid=False)
        first, second, *_ = ids(run.records[ROWS])
        moving.later(hours=1)
        moving.account.change(first, LastModified="9999-12-31T23:59:59")
        run = sync(server, ROWS, state=run.state, refresh_unpaid=False)
        moving.later(hours=1)
        moving.account.change(second, Reference="changed")
        run = sync(server, ROWS, state=run.state, refresh_unpaid=False)
        assert not run.error
        assert second in ids(run.records[ROWS])


@pytest.mark.parametrize("companies", [2, 12])
def test_the_records_outweigh_state_however_many_companies(
    companies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were there one STATE for each company and stream, it would be the other way round."""
    monkeypatch.setattr("tap_billit.state_messages.PAGE", 1)
    with DemoServer(account(companies=companies, orders=20 * companies)) as server:
        first = sync(server)
        idle = sync(server, state=first.state)
    for run in (first, idle):
        states = [len(str(each)) for each in run.messages if each["type"] == "STATE"]
        records = sum(each["type"] == "RECORD" for each in run.messages)
        assert sum(states) <= 3 * states[-1] + 200 * records


def test_a_kill_costs_no_more_than_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where one stream ends and another begins."""
    monkeypatch.setattr("tap_billit.state_messages.PAGE", 10)
    with DemoServer(account(companies=2), page_size=10) as server:
        run = sync(server, ROWS, "supplier_invoices", DETAILS)
    since = 0
    for message in run.messages:
        since = 0 if message["type"] == "STATE" else since + (message["type"] == "RECORD")
        assert since <= 10
