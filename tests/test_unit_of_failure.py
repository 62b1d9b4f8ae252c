"""What fails costs no more than itself: a list, a company, a row; and an outage is one outage."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo import Account, DemoServer, Reply
from tests.kit.demo import ACCOUNT, ALWAYS, NOW, ORDERS, PARTIES, TOKEN, account, error, oauth
from tests.kit.expected import companies_of
from tests.kit.run import Json, Run, digits, ids, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_billit.demo import Request
    from tests.kit.demo import Waits

ROWS = "sales_invoices"
DETAILS = "sales_invoice_details"


@pytest.fixture
def server() -> Iterator[DemoServer]:
    """Three companies."""
    with DemoServer(account(companies=3), page_size=10) as server:
        yield server


def for_company(
    company: int, reply: Reply, *, path: str = ORDERS
) -> Callable[[Request], Reply | None]:
    def hook(request: Request) -> Reply | None:
        mine = request.party_id == str(company) and request.path.startswith(path)
        return reply if mine else None

    return hook


def companies_in(run: Run, stream: str) -> set[int]:
    return {record["CompanyID"] for record in run.records[stream]}


LASTING = {
    "500": error(500, "GenericError"),
    "reset": Reply(cut="reset"),
    "HTML": Reply(200, b"<html>"),
    "nothing": Reply(200, b""),
    "400": error(400, "GenericError"),
    "404": error(404, "NotFound"),
    "no Items": Reply(200, {"Count": 0}),
    "Items null, but a Count": Reply(200, {"Items": None, "Count": 3}),
    "Items null, but a link": Reply(200, {"Items": None, "NextPageLink": "/v1/orders?$skip=120"}),
    "a link that is a number": Reply(200, {"Items": [], "NextPageLink": 5}),
    "a link that is none": Reply(200, {"Items": [], "NextPageLink": "http://[orders"}),
    "a page again and again": Reply(200, {"Items": [], "NextPageLink": f"{ORDERS}?x=1"}),
}


@pytest.mark.parametrize("name", LASTING)
def test_a_list_costs_a_stream_of_its_company(name: str, server: DemoServer, waits: Waits) -> None:
    first, second, third = companies_of(server.account)
    whole = sync(server, ROWS, "parties")
    server.hooks.append(for_company(second, LASTING[name]))
    run = sync(server, ROWS, "parties")
    assert f"1 streams of a company are left for the next run: {ROWS} of {second}" in run.said
    assert companies_in(run, ROWS) == {first, third}
    assert companies_in(run, "parties") == {first, second, third}
    assert sum(waits.seconds) < 10
    server.hooks.clear()
    rest = sync(server, ROWS, "parties", state=run.state)
    assert not rest.error
    assert rest.table(ROWS, run) == whole.table(ROWS)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_costs_the_company(status: int, server: DemoServer) -> None:
    first, second, third = companies_of(server.account)
    server.hooks.append(for_company(second, error(status, "NoLicense")))
    run = sync(server, ROWS, "parties")
    assert f"1 of 3 companies could not be synced: {second}: Billit answered {status}" in run.said
    assert companies_in(run, ROWS) == companies_in(run, "parties") == {first, third}
    assert [r.party_id for r in run.requests].count(str(second)) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_list_that_is_refused_costs_no_other_list(status: int, server: DemoServer) -> None:
    """As where a licence is without the bank."""
    _, second, _ = companies_of(server.account)
    whole = sync(server, ROWS, "financial_transactions", DETAILS)
    refused = error(status, "NoLicense")
    server.hooks.append(for_company(second, refused, path="/v1/financialTransactions"))
    run = sync(server, ROWS, "financial_transactions", DETAILS)
    assert f"left for the next run: financial_transactions of {second}" in str(run.error)
    assert run.records[DETAILS] == whole.records[DETAILS]
    assert second not in companies_in(run, "financial_transactions")


@pytest.mark.parametrize("odd", [None, "x", 7, [], {"Name": "Naamloos"}, {"PartyID": None}])
def test_an_odd_company_is_left_out_and_named(odd: Any, server: DemoServer) -> None:
    companies = server.account.companies
    server.fail(Reply(200, {"Companies": [odd, *companies]}), path=ACCOUNT, times=ALWAYS)
    run = sync(server, ROWS)
    assert "Billit lists 1 companies of this login without a PartyID" in str(run.error)
    assert companies_in(run, ROWS) == {*companies_of(server.account)}
    named = sync(server, ROWS, company_ids=companies_of(server.account))
    assert not named.error


def test_an_outage_is_waited_for_once(server: DemoServer, waits: Waits) -> None:
    server.fail(error(503, "Maintenance"), skip=8, times=ALWAYS)
    run = sync(server, ROWS, "parties", "products", retry_minutes=2)
    assert sum(waits.seconds) == pytest.approx(120)
    assert "answered 503" in str(run.error)


def test_an_outage_of_the_login_is_waited_for_once(
    server: DemoServer, waits: Waits, tmp_path: Path
) -> None:
    """The request that needs the token does not wait again, nor did it wait on its own before."""
    config = oauth(server, tmp_path)
    server.fail(error(503, "Maintenance"), path=ORDERS, skip=2, times=3)

    def lose(request: Request) -> Reply | None:
        if request.path == TOKEN and waits.seconds:
            return error(503, "Maintenance")
        if waits.seconds and request.path == ACCOUNT:
            server.expire_access_tokens()
        return None

    server.hooks.append(lose)
    run = sync(server, ROWS, retry_minutes=2, **config)
    assert sum(waits.seconds) == pytest.approx(120)
    assert "answered 503" in str(run.error)
    assert "Gave up after" in run.said


@pytest.mark.usefixtures("waits")
def test_an_outage_that_ends_costs_nothing(server: DemoServer) -> None:
    whole = sync(server, ROWS)
    down = [5, 5]

    def hook(_: Request) -> Reply | None:
        """Down twice, for longer together than the patience lasts."""
        place = len(server.requests) // 20
        if place < len(down) and down[place] and len(server.requests) % 20 > 4:
            down[place] -= 1
            return error(503, "Maintenance")
        return None

    server.requests.clear()
    server.hooks.append(hook)
    run = sync(server, ROWS, "parties", retry_minutes=1.1)
    assert not run.error
    assert run.table(ROWS) == whole.table(ROWS)
    assert not any(down)


def test_many_companies_that_fail_are_an_outage() -> None:
    """No company is tried for long then, nor are all of them."""
    with DemoServer(account(companies=30), page_size=10) as server:
        server.fail(error(500, "GenericError"), path=PARTIES, times=ALWAYS)
        run = sync(server, "parties", "products", retry_minutes=0)
    assert "answered 500 to /v1/parties" in str(run.error)
    assert not run.records["products"]
    assert sum(request.path == PARTIES for request in run.requests) == 11


@pytest.mark.parametrize("reply", [Reply(204, b""), Reply(200, {"Items": None})])
def test_an_empty_list_may_say_so_in_many_ways(reply: Reply, server: DemoServer) -> None:
    second = companies_of(server.account)[1]
    whole = sync(server, ROWS, "documents")
    server.hooks += [for_company(second, reply), for_company(second, reply, path="/v1/documents")]
    run = sync(server, ROWS, "documents")
    assert not run.error
    for stream in (ROWS, "documents"):
        expected = [r for r in whole.records[stream] if r["CompanyID"] != second]
        assert run.records[stream] == expected


KEYS = {
    ROWS: ("/v1/orders", "OrderID"),
    DETAILS: ("/v1/orders", "OrderID"),
    "parties": (PARTIES, "PartyID"),
    "products": ("/v1/products", "ProductID"),
    "documents": ("/v1/documents", "DocumentID"),
    "financial_transactions": ("/v1/financialTransactions", "BankAccountTransactionID"),
    "deleted_orders": ("/v1/orders/deleted", "OrderID"),
}


def altered(
    server: DemoServer, path: str, alter: Callable[[list[Json]], object]
) -> Callable[[Request], Reply | None]:
    """Answers to lists of this path, altered."""

    def hook(request: Request) -> Reply | None:
        if request.path != path or "$top" in request.query:
            return None
        reply = server.normal(request)
        body = digits(reply.body)
        alter(body["Items"])
        return Reply(200, body)

    return hook


def delete_some(server: DemoServer) -> None:
    for order in ids(server.account.rows(companies_of(server.account)[0]))[::8]:
        server.account.delete(order)


@pytest.mark.parametrize("value", ["absent", None, "", True, [], 2**70])
@pytest.mark.parametrize("stream", KEYS)
def test_a_row_without_its_key_costs_only_itself(stream: str, value: Any) -> None:
    path, key = KEYS[stream]
    with DemoServer(account(orders=30), page_size=10) as server:
        delete_some(server)
        whole = sync(server, stream)
        victims: list[Any] = []

        def alter(rows: list[Json]) -> None:
            if len(rows) < 2:
                return
            victims.append(rows[1].pop(key))
            if value != "absent":
                rows[1][key] = value

        server.hooks.append(altered(server, path, alter))
        run = sync(server, stream)
        left = [v for v in victims if v is not None]
        assert f"rows without their key: {stream} of" in str(run.error)
        assert {*ids(run.records[stream], key)} == {*ids(whole.records[stream], key)} - {*left}
        server.hooks.clear()
        rest = sync(server, stream, state=run.state)
    assert not rest.error
    assert {*rest.table(stream, run, key=key)} == {*whole.table(stream, key=key)}


@pytest.mark.parametrize("stream", KEYS)
def test_rows_that_all_lack_their_key_are_of_another_shape(stream: str) -> None:
    path, key = KEYS[stream]
    with DemoServer(account(orders=30), page_size=10) as server:
        delete_some(server)
        server.hooks.append(altered(server, path, lambda rows: [r.pop(key) for r in rows]))
        run = sync(server, stream)
    assert f"Billit lists rows of {path} without" in str(run.error)
    assert not run.records[stream]


@pytest.mark.parametrize("stream", [ROWS, DETAILS])
@pytest.mark.parametrize(
    "changed",
    [{"OrderDirection": "Cost"}, {"OrderType": "Offer"}, {"OrderType": 3}, {"CompanyID": 7}],
    ids=str,
)
def test_rows_that_were_not_asked_for_stop_the_stream(stream: str, changed: Json) -> None:
    with DemoServer(account(orders=30), page_size=10) as server:
        server.hooks.append(altered(server, ORDERS, lambda rows: rows[2].update(changed)))
        run = sync(server, stream, "parties")
        assert "streams of a company are left" in str(run.error)
        assert not run.records[stream]
        assert run.records["parties"]
        server.hooks.clear()
        rest = sync(server, stream, "parties", state=run.state)
        assert {*ids(rest.records[stream])} == {*ids(sync(server, stream).records[stream])}


@pytest.mark.parametrize("stream", ["parties", "products", "financial_transactions", ROWS])
def test_the_company_is_never_null(stream: str) -> None:
    path, _ = KEYS[stream]
    with DemoServer(account(orders=30), page_size=10) as server:
        (company,) = companies_of(server.account)
        nulls = altered(server, path, lambda rows: [r.update(CompanyID=None) for r in rows])
        server.hooks.append(nulls)
        run = sync(server, stream)
    assert companies_in(run, stream) == {company}


def test_no_rows_are_dropped_where_a_company_is_missing(server: DemoServer) -> None:
    """ACTIVATE_VERSION has a loader drop what was not sent again."""
    (first, *_) = companies_of(server.account)
    streams = ("documents", "financial_transactions")
    whole = sync(server, *streams, emit_activate_version_messages=True)
    server.hooks.append(for_company(first, error(500, "X"), path="/v1/documents"))
    run = sync(server, *streams, emit_activate_version_messages=True, retry_minutes=0)
    assert activated(whole) == [*streams[::-1]] or activated(whole) == [*streams]
    assert activated(run) == ["financial_transactions"]
    last = [m["type"] for m in whole.messages if m.get("stream") == "documents"][-1]
    assert last == "ACTIVATE_VERSION"


def activated(run: Run) -> list[str]:
    return [m["stream"] for m in run.messages if m["type"] == "ACTIVATE_VERSION"]


# The bookmark, and the mark


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


# STATE


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
        assert sum(states) <= 3 * states[-1] + 100 * records


def test_a_kill_costs_no_more_than_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where one stream ends and another begins."""
    monkeypatch.setattr("tap_billit.state_messages.PAGE", 10)
    with DemoServer(account(companies=2), page_size=10) as server:
        run = sync(server, ROWS, "supplier_invoices", DETAILS)
    since = 0
    for message in run.messages:
        since = 0 if message["type"] == "STATE" else since + (message["type"] == "RECORD")
        assert since <= 10
