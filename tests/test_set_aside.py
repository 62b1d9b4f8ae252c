"""What cannot be read costs only itself: it is set aside, tried first, named, and forgotten."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo import DemoServer, Reply, Request
from tap_billit.set_aside import MOST
from tests.kit.demo import ALWAYS, ORDERS, account, error
from tests.kit.expected import companies_of
from tests.kit.run import Json, Run, ids, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.kit.demo import Waits

DETAILS = "sales_invoice_details"
FILES = "invoice_files"


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(account(), page_size=10) as server:
        yield server


@pytest.fixture
def orders(server: DemoServer) -> list[int]:
    """The orders of the stream."""
    found = ids(sync(server, DETAILS).records[DETAILS])
    server.requests.clear()
    return found


def asked(run: Run) -> list[int]:
    """The orders whose details were asked for."""
    paths = [request.path for request in run.requests]
    return [int(path.rpartition("/")[2]) for path in paths if path.startswith(f"{ORDERS}/")]


def aside(run: Run, stream: str = DETAILS) -> list[Json]:
    partitions = run.state["bookmarks"][stream]["partitions"]
    return [entry for each in partitions for entry in each.get("set_aside", ())]


def order(**changes: Any) -> Callable[[DemoServer, int], Reply]:
    """The details of an order, with some properties changed."""
    return lambda demo, number: Reply(200, demo.account.document(number) | changes)


def another(demo: DemoServer, number: int) -> Reply:
    rows = demo.account.rows(companies_of(demo.account)[0])
    return Reply(200, demo.account.document(next(i for i in ids(rows) if i != number)))


ODD: dict[str, Reply | Callable[[DemoServer, int], Reply]] = {
    "400": error(400, "GenericError"),
    "401": error(401, "NotAuthorized"),
    "403": error(403, "Forbidden"),
    "404, but listed": error(404, "NotFound"),
    "410, but listed": Reply(410, b"gone"),
    "500": error(500, "GenericError"),
    "reset": Reply(cut="reset"),
    "204": Reply(204, b""),
    "nothing": Reply(200, b""),
    "HTML": Reply(200, b"<html>Onderhoud</html>"),
    "an error with 200": Reply(200, {"errors": [{"Code": "GenericError"}]}),
    "{}": Reply(200, {}),
    "null": Reply(200, b"null"),
    "a list": Reply(200, []),
    "another order": another,
    "no OrderID": order(OrderID=None),
    "another company": order(CompanyID=7),
    "another direction, but listed": order(OrderDirection="Cost"),
    "another type, but listed": order(OrderType="Offer"),
    "a type that is none": order(OrderType=5),
}


def make_odd(server: DemoServer, number: int, name: str) -> None:
    reply = ODD[name]
    reply = reply(server, number) if callable(reply) else reply
    server.fail(reply, path=f"{ORDERS}/{number}", times=ALWAYS)


@pytest.mark.parametrize("name", ODD)
def test_details_that_cannot_be_had_cost_only_themselves(
    name: str, server: DemoServer, orders: list[int], waits: Waits
) -> None:
    odd = orders[4]
    make_odd(server, odd, name)
    run = sync(server, DETAILS)
    assert ids(run.records[DETAILS]) == [each for each in orders if each != odd]
    assert [entry["OrderID"] for entry in aside(run)] == [odd]
    assert f"{DETAILS} {odd} (company" in str(run.error)
    assert sum(waits.seconds) < 10  # tried briefly
    again = sync(server, DETAILS, state=run.state)
    assert {*asked(again)} == {odd}  # the bookmark has moved
    assert aside(again)[0]["since"] == aside(run)[0]["since"]
    server.hooks.clear()
    healed = sync(server, DETAILS, state=again.state)
    assert not healed.error
    assert ids(healed.records[DETAILS]) == [odd]
    assert not aside(healed)
    assert sync(server, DETAILS).table(DETAILS) == healed.table(DETAILS, run)


@pytest.mark.parametrize("times", [1, 2])
def test_an_accident_is_not_set_aside(
    times: int, server: DemoServer, orders: list[int], waits: Waits
) -> None:
    server.fail(error(500, "GenericError"), path=f"{ORDERS}/{orders[4]}", times=times)
    run = sync(server, DETAILS)
    assert not run.error
    assert ids(run.records[DETAILS]) == orders
    assert len(waits.seconds) == times


def test_what_is_set_aside_is_tried_first(server: DemoServer, orders: list[int]) -> None:
    make_odd(server, orders[4], "403")
    run = sync(server, DETAILS)
    server.hooks.clear()
    server.account.change(orders[1], Reference="changed")
    assert asked(sync(server, DETAILS, state=run.state))[:2] == [orders[4], orders[1]]


@pytest.mark.parametrize("name", ["404, but listed", "500"])
def test_what_is_no_longer_listed_is_set_aside_no_more(
    name: str, server: DemoServer, orders: list[int], waits: Waits
) -> None:
    make_odd(server, orders[4], name)
    run = sync(server, DETAILS)
    server.hooks.clear()
    server.account.delete(orders[4])
    again = sync(server, DETAILS, state=run.state)
    assert not again.error
    assert not aside(again)
    assert len(waits.seconds) in {0, 2}


@pytest.mark.parametrize("kill_at", [3, 9, 25, 33])
def test_a_kill_behind_what_failed_loses_nothing(
    kill_at: int, server: DemoServer, orders: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Soon behind it nothing is marked yet; later it is set aside."""
    monkeypatch.setattr("tap_billit.state_messages.PAGE", 3)
    make_odd(server, orders[2], "403")
    cut = killed(server, kill_at)
    assert bool(aside(cut)) == (kill_at > 22)
    server.hooks.clear()
    rest = sync(server, DETAILS, state=cut.state)
    assert not rest.error
    assert rest.table(DETAILS, cut).keys() == {*orders}
    assert orders[2] in asked(rest)


def killed(server: DemoServer, at: int, state: Json | None = None) -> Run:
    """A run that ends right after this many records."""
    messages: list[Json] = []

    def kill(message: Json) -> None:
        messages.append(message)
        if sum(each["type"] == "RECORD" for each in messages) == at:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        sync(server, DETAILS, state=state, then=kill)
    return Run(messages)


@pytest.mark.parametrize("kill_at", range(1, 5))
def test_a_kill_while_it_is_tried_again_loses_nothing(
    kill_at: int, server: DemoServer, orders: list[int]
) -> None:
    for odd in orders[3:6]:
        make_odd(server, odd, "403")
    before = sync(server, DETAILS)
    server.hooks.clear()
    cut = killed(server, kill_at, before.state)
    rest = sync(server, DETAILS, state=cut.state)
    assert not rest.error
    assert rest.table(DETAILS, before, cut).keys() == {*orders}
    assert not aside(rest)


def test_so_many_may_be_accepted(server: DemoServer, orders: list[int]) -> None:
    for odd in orders[3:5]:
        make_odd(server, odd, "403")
    accepted = sync(server, DETAILS, accept_unreadable=2)
    assert not accepted.error
    assert f"2 orders could not be read and are tried again: {DETAILS} {orders[3]}" in accepted.said
    assert len(aside(accepted)) == 2
    assert sync(server, DETAILS, accept_unreadable=1, state=accepted.state).error


def test_most_of_the_last_twenty_are_an_outage(server: DemoServer, orders: list[int]) -> None:
    orders.sort()
    for odd in orders[5:]:
        make_odd(server, odd, "403")
    run = sync(server, DETAILS, recent_days=0)
    assert "That is an outage" in str(run.error)
    assert not aside(run)
    assert len(asked(run)) < 5 + 11 + 5 + 5
    server.hooks.clear()
    rest = sync(server, DETAILS, state=run.state)
    assert not rest.error
    assert ids(rest.records[DETAILS]) == orders[5:]


def test_404_for_all_is_not_believed(server: DemoServer, orders: list[int]) -> None:
    for each in orders:
        make_odd(server, each, "404, but listed")
    run = sync(server, DETAILS)
    assert "That is an outage" in str(run.error)
    server.hooks.clear()
    rest = sync(server, DETAILS, state=run.state)
    assert ids(rest.records[DETAILS]) == orders


def test_one_request_tells_which_of_many_are_deleted(server: DemoServer, orders: list[int]) -> None:
    """Even where most of a page is gone."""
    orders.sort()
    gone, before = orders[2:22], len(server.account.rows(companies_of(server.account)[0]))
    first = True

    def delete(request: Request) -> None:
        nonlocal first
        if request.path == f"{ORDERS}/{orders[0]}" and first:
            first = False
            for each in gone:
                server.account.delete(each)

    server.hooks.append(delete)
    with DemoServer(server.account) as whole_pages:
        whole_pages.hooks.append(delete)
        run = sync(whole_pages, DETAILS, recent_days=0)
    assert not run.error
    assert before - len(gone) == len(server.account.rows(companies_of(server.account)[0]))
    assert {*ids(run.records[DETAILS])} >= {*orders} - {*gone}
    assert "were deleted meanwhile, and skipped" in run.said
    assert len(run.queries()) == 3  # the mark, the list, and once what is left of it


def test_more_than_fifty_are_an_outage() -> None:
    with DemoServer(account(orders=300), page_size=100) as server:
        whole = sync(server, DETAILS)
        orders = ids(whole.records[DETAILS])
        bad = orders[::2][: MOST + 3]
        for odd in bad:
            make_odd(server, odd, "403")
        run = sync(server, DETAILS)
        assert f"More than {MOST} orders cannot be read" in str(run.error)
        assert len(aside(run)) == MOST
        server.hooks.clear()
        rest = sync(server, DETAILS, state=run.state)
    assert not rest.error
    assert rest.table(DETAILS, run) == whole.table(DETAILS)


def test_details_of_an_order_that_changed_kind_go_to_no_wrong_stream(
    server: DemoServer, orders: list[int]
) -> None:
    moved, kinds = orders[7], (DETAILS, "sales_credit_note_details")

    def move(request: Request) -> None:
        if request.path == f"{ORDERS}/{moved}" and len(moves) == 0:
            moves.append(moved)
            server.account.change(moved, OrderType="CreditNote")

    moves: list[int] = []
    server.hooks.append(move)
    run = sync(server, *kinds)
    assert not run.error
    assert moves
    assert moved not in ids(run.records[DETAILS])
    later = sync(server, *kinds, state=run.state)
    assert moved in {*ids(run.records[kinds[1]]), *ids(later.records[kinds[1]])}


@pytest.mark.parametrize("stream", ["sales_invoices", "companies", "documents", "parties"])
def test_what_is_set_aside_where_nothing_is_read_alone_is_dropped(
    stream: str, server: DemoServer
) -> None:
    """By hand, or by a version in which the stream was another."""
    [company] = companies_of(server.account)
    entry = {"OrderID": 1, "why": "500", "since": "2026-01-01T00:00:00Z"}
    partition = {"context": {"CompanyID": company}, "set_aside": [entry]}
    state = {"bookmarks": {stream: {"partitions": [partition]}}}
    run = sync(server, stream, state=state, emit_activate_version_messages=True)
    assert not run.error
    assert not aside(run, stream)
    assert f"{stream}: what its state has set aside is dropped" in run.said
    assert run.records[stream]
    if stream == "documents":
        assert "ACTIVATE_VERSION" in [message["type"] for message in run.messages]
