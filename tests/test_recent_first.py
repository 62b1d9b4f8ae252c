"""A first sync of details begins with what is recent, and loses nothing on its way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo import DemoServer, Reply
from tests.kit.demo import ORDERS, account
from tests.kit.expected import DETAILS, companies_of
from tests.kit.run import Json, Run, catalog_of, digits, ids, metadata_of, sync
from tests.simulation import stories_recent as stories
from tests.simulation.stories_recent import NEW, OLD, STREAM, cut_short, grown_old
from tests.simulation.world import Create, Touch, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_billit.demo import Request
    from tests.kit.history import History


@pytest.mark.parametrize("kill_at", range(3, 16))
def test_a_kill_loses_nothing(kill_at: int) -> None:
    stories.killed(kill_at)


@pytest.mark.parametrize("kill_at", [*range(2, 16), None])
def test_each_order_is_read_once_but_for_what_a_kill_costs(kill_at: int | None) -> None:
    history = grown_old()
    first = history.sync(kill_at=kill_at)
    rest = history.sync()
    orders = sorted(history.world.orders)
    records = [*ids(first.records[STREAM]), *ids(rest.records[STREAM])]
    assert [*dict.fromkeys(records)][:4] == [orders[number] for number in NEW]
    assert {*records} == {*orders}
    assert len(records) <= len(orders) + (history.page_size if kill_at else 0)
    assert not history.sync().records[STREAM]


def test_each_run_reads_first_what_changed_and_then_goes_on() -> None:
    history = cut_short()
    orders = sorted(history.world.orders)
    history.billit(Touch(OLD[0]), Touch(OLD[3]), Create(), Wait())
    created = max(history.world.orders)
    run = history.sync()
    read = ids(run.records[STREAM])
    changed = {orders[OLD[0]], orders[OLD[3]], created}
    assert {*read[:-1]} - {orders[number] for number in NEW} == changed
    assert read[-1] == orders[OLD[2]]


def walks_of(history: History) -> Json:
    (partition,) = history.target.state["bookmarks"][STREAM]["partitions"]
    return {name: partition[name] for name in ("crawl", "backfill") if name in partition}


def test_a_start_date_that_is_moved_later_shortens_what_is_left() -> None:
    history = cut_short()
    last = walks_of(history)["backfill"]["last_order_id"]
    history.config["start_date"] = "2026-06-10T11:00:00Z"
    run = history.sync()
    assert not run.records[STREAM]
    assert last
    assert walks_of(history) == {}


def test_a_start_date_that_is_moved_later_than_what_was_read_ends_the_backfill() -> None:
    history = cut_short()
    history.config["start_date"] = "2026-06-13T00:00:00Z"
    run = history.sync()
    assert walks_of(history) == {}
    assert [request.path for request in run.requests].count(ORDERS) == 1


def test_a_start_date_that_is_moved_earlier_reads_only_what_is_older() -> None:
    history = grown_old(start_date="2026-06-12T10:00:00Z")
    assert len(history.sync().records[STREAM]) == len(NEW)
    history.config["start_date"] = "2026-06-01T00:00:00Z"
    assert len(history.sync().records[STREAM]) == len(OLD)


def test_recent_days_of_0_is_the_order_of_the_list() -> None:
    history = grown_old(recent_days=0)
    run = history.sync()
    assert ids(run.records[STREAM]) == sorted(history.world.orders)


def test_recent_days_of_0_does_not_begin_again() -> None:
    history = cut_short()
    history.config["recent_days"] = 0
    assert len(history.sync().records[STREAM]) <= len(OLD)


def test_a_crawl_that_an_earlier_version_began_goes_on_as_it_was() -> None:
    history = cut_short(6, recent_days=0)
    last = walks_of(history)["crawl"]["last_order_id"]
    history.config["recent_days"] = 1
    run = history.sync()
    assert ids(run.records[STREAM])[0] > last
    assert walks_of(history) == {}


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(account(), page_size=10) as server:
        yield server


def position_of(run: Run, server: DemoServer) -> Json:
    return run.partition(STREAM, companies_of(server.account)[0])


def in_lists(
    server: DemoServer, orders: Iterable[int], alter: Callable[[Json], object]
) -> Callable[[Request], Reply | None]:
    """The rows of these orders, altered in each list but the one of the mark."""

    def hook(request: Request) -> Reply | None:
        if request.path != ORDERS or "$top" in request.query:
            return None
        body = digits(server.normal(request).body)
        for row in body["Items"]:
            if row["OrderID"] in orders:
                alter(row)
        return Reply(200, body)

    return hook


def test_an_order_whose_last_change_is_unknown_is_read(server: DemoServer) -> None:
    """Absent, null or no date-time: nothing tells that another walk reads it."""
    whole = ids(sync(server, STREAM).records[STREAM])
    values = iter(("absent", None, "soon", 5, ""))

    def forget(row: Json) -> None:
        row["LastModified"] = next(values, None)
        if row["LastModified"] == "absent":
            del row["LastModified"]

    server.hooks.append(in_lists(server, sorted(whole)[:5], forget))
    run = sync(server, STREAM)
    assert {*ids(run.records[STREAM])} == {*whole}


def test_a_row_without_its_key_does_not_keep_what_is_older_from_being_read(
    server: DemoServer,
) -> None:
    whole = sync(server, STREAM)
    recent = ids(whole.records[STREAM])[0]
    server.hooks.append(in_lists(server, [recent], lambda row: row.pop("OrderID")))
    run = sync(server, STREAM)
    assert "rows without their key" in str(run.error)
    assert {*ids(run.records[STREAM])} == {*ids(whole.records[STREAM])} - {recent}
    server.hooks.clear()
    rest = sync(server, STREAM, state=run.state)
    assert not rest.error
    assert recent in ids(rest.records[STREAM])
    assert position_of(rest, server) == position_of(whole, server)


def test_a_row_without_its_key_among_the_older_is_looked_for_again(server: DemoServer) -> None:
    whole = sync(server, STREAM)
    older = ids(whole.records[STREAM])[-1]
    server.hooks.append(in_lists(server, [older], lambda row: row.pop("OrderID")))
    run = sync(server, STREAM)
    assert "rows without their key" in str(run.error)
    server.hooks.clear()
    rest = sync(server, STREAM, state=run.state)
    assert older in ids(rest.records[STREAM])
    assert position_of(rest, server) == position_of(whole, server)


def test_what_cannot_be_read_in_the_backfill_is_set_aside(server: DemoServer) -> None:
    whole = ids(sync(server, STREAM).records[STREAM])
    server.fail(Reply.error(403, "Odd"), path=f"{ORDERS}/{whole[-3]}")
    run = sync(server, STREAM)
    (entry,) = position_of(run, server)["set_aside"]
    assert entry["OrderID"] == whole[-3]
    rest = sync(server, STREAM, state=run.state)
    assert ids(rest.records[STREAM]) == [whole[-3]]


def test_a_full_table_is_read_in_one_round(server: DemoServer) -> None:
    catalog = catalog_of(STREAM)
    (entry,) = catalog["streams"]
    entry["replication_method"] = "FULL_TABLE"
    metadata_of(entry)["forced-replication-method"] = "FULL_TABLE"
    run = sync(server, catalog=catalog, emit_activate_version_messages=True)
    orders = ids(run.records[STREAM])
    assert orders == sorted(orders)
    assert run.messages[-2]["type"] == "ACTIVATE_VERSION"


def test_the_log_says_back_to_which_day_all_is_there(server: DemoServer) -> None:
    run = sync(server, STREAM, recent_days=90, start_date="2025-01-02")
    start = position_of(run, server)
    assert start["start_date"] == "2025-01-02T00:00:00"
    said = [line.partition(": ")[2] for line in run.log if "complete back to" in line]
    assert said == [
        "complete back to 2026-08-02; going on with what is older after the other streams",
        "complete back to 2025-01-02",
    ]


def test_all_streams_have_what_is_recent_before_any_goes_on(server: DemoServer) -> None:
    """Which is in the first tenth of the time, where it is a tenth of the orders."""
    run = sync(server, *DETAILS)
    start = next(line for line in run.log if "; going on" in line).partition("back to ")[2][:10]
    records = [message["record"] for message in run.messages if message["type"] == "RECORD"]
    recent = [record["LastModified"] >= start for record in records]
    assert {*run.records} == {*DETAILS}
    assert 5 < sum(recent) < len(records) / 2
    assert all(recent[: sum(recent)])


def test_a_mark_that_is_unknown_leaves_the_order_as_it_is(server: DemoServer) -> None:
    def refuse(request: Request) -> Reply | None:
        if "LastModified" in request.query.get("$orderby", ""):
            return Reply.error(400, "GenericError")
        return None

    server.hooks.append(refuse)
    orders: Any = ids(sync(server, STREAM).records[STREAM])
    assert orders == sorted(orders)
