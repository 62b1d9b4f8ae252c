"""What fails costs no more than itself: a list, a company, a row; and an outage is one outage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo import DemoServer, Reply
from tests.kit.demo import ACCOUNT, ALWAYS, ORDERS, PARTIES, TOKEN, account, error, oauth
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
    "Items that are NaN": Reply(200, b'{"Items": NaN}'),
    "Items that are no number": Reply(200, b'{"Items": %b}' % (b"1" * 5000)),
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


def test_a_reason_that_many_streams_have_is_said_once(server: DemoServer) -> None:
    _, second, _ = companies_of(server.account)
    server.hooks.append(for_company(second, error(426, "much " * 1000)))
    streams = ("sales_invoices", "supplier_invoices", DETAILS)
    ended = str(sync(server, *streams).error)
    places = ", ".join(f"{stream} of {second}" for stream in streams)
    assert f"3 streams of a company are left for the next run: {places}: Billit answered" in ended
    assert ended.count("answered 426") == 1


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


@pytest.mark.parametrize("value", ["absent", None, "", "none", True, [], 2**70])
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
        run = sync(server, stream, recent_days=0)
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


@pytest.mark.parametrize("said", [None, 0])
@pytest.mark.parametrize("stream", ["parties", "products", "financial_transactions", ROWS])
def test_the_company_is_never_null(stream: str, said: Any) -> None:
    path, _ = KEYS[stream]
    with DemoServer(account(orders=30), page_size=10) as server:
        (company,) = companies_of(server.account)
        none = altered(server, path, lambda rows: [r.update(CompanyID=said) for r in rows])
        server.hooks.append(none)
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
