"""The promise, as a check of the target's tables against the account after a complete sync.

Nothing lost: every order that exists and stood still since the sync began is in the table of its
stream as Billit has it. Nothing made up: a row beyond those is of a deleted order, or of one that
is of another kind now. Not twice: a walk over a list gives an order once.

And the bound on requests, p being the page size: one for the account; for each company and list
path one for the mark; for each walk over a stream `(m + c) // p + 1` pages, and for documents
`m + c` more, where m orders match the walk's filter when the sync begins and c changes are made
meanwhile. A stream is walked once; twice where its last run was cut short; and not at all where
the mark is the one of the last walk and nothing is read again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tap_billit.streams.full_table import FullTableStream
from tap_billit.streams.newest_first import NewestFirstStream
from tap_billit.streams.order_details import OrderDetails
from tap_billit.streams.orders import OrderRows, OrderStream
from tests.kit.run import as_json
from tests.simulation.runs import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.kit.run import Run
    from tests.simulation.targets import Target
    from tests.simulation.world import World

COMPUTED = ("Overdue", "DaysOverdue")
ROWS = tuple(name for name, stream in STREAMS.items() if issubclass(stream, OrderRows))
DOCUMENTS = tuple(
    name
    for name, stream in STREAMS.items()
    if issubclass(stream, OrderDetails) and hasattr(stream, "direction")
)
LISTS = tuple(
    name
    for name, stream in STREAMS.items()
    if issubclass(stream, (NewestFirstStream, FullTableStream))
)


class BrokenPromiseError(AssertionError):
    """An order is lost, stale or made up, or a sync asked too much."""


def check(  # noqa: PLR0913
    world: World,
    target: Target,
    *,
    streams: Iterable[str],
    start: str | None = None,
    refresh_unpaid: bool = True,
    at_rest: bool = False,
) -> None:
    """Compare the tables of `streams` with the account; `start` is a naive date-time."""
    for name in streams:
        if name not in ROWS + DOCUMENTS:
            continue
        table = target.tables.get(name, {})
        rereads = refresh_unpaid and name in ROWS
        live = dict(_live(world, name))
        for order, row in live.items():
            if order in world.touched or (start and row["LastModified"] < start):
                continue
            have = table.get((order,))
            if have is None:
                raise BrokenPromiseError(f"{name}: {order} is lost; Billit has {row}")
            if order in world.quiet and not rereads:
                continue
            want = row if name in ROWS else as_json(world.account.document(order))
            left_out = () if rereads else COMPUTED
            differs = {
                key: (have.get(key), want.get(key))
                for key in have.keys() | want.keys()
                if key not in left_out and have.get(key) != want.get(key)
            }
            if differs:
                raise BrokenPromiseError(f"{name}: {order} is stale: {differs}")
        if at_rest:
            _check_others(world, target, name, live)


def _live(world: World, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    stream: Any = STREAMS[name]
    for order, row in world.orders.items():
        if (row["OrderDirection"], row["OrderType"]) == (stream.direction, stream.order_type):
            yield order, as_json(row)


def _check_others(world: World, target: Target, name: str, live: dict[int, Any]) -> None:
    deleted = target.tables.get("deleted_orders", {})
    for (order,) in target.tables.get(name, {}):
        moved = order in world.orders and order not in live
        if order not in live and not moved and (order,) not in deleted:
            raise BrokenPromiseError(f"{name}: {order} is neither in Billit nor deleted there")


def bound(  # noqa: PLR0913
    world: World,
    state: dict[str, Any],
    *,
    streams: Iterable[str],
    start: str | None,
    page_size: int,
    refresh_unpaid: bool,
) -> int:
    """The most requests that a sync from `state` may cost, not counting changes meanwhile."""
    streams = tuple(streams)
    most = 1
    for company in world.companies:
        crawled = [name for name in streams if issubclass(STREAMS[name], OrderStream)]
        most += bool(crawled)
        for name in crawled:
            part = _partition(state, name, company)
            rereads = refresh_unpaid and name in ROWS
            moved = start is not None or part.get("start_date") is not None
            for size in _walks(world, part, name, company, rereads=rereads, moved=moved):
                most += size // page_size + 1 + size * (name in DOCUMENTS)
        if "deleted_orders" in streams:
            most += len(world.account.deleted(company)) // page_size + 1
    return most


def _partition(state: dict[str, Any], name: str, company: int) -> dict[str, Any]:
    partitions = state.get("bookmarks", {}).get(name, {}).get("partitions", ())
    return next((part for part in partitions if part["context"]["CompanyID"] == company), {})


def _walks(  # noqa: PLR0913
    world: World, part: dict[str, Any], name: str, company: int, *, rereads: bool, moved: bool
) -> Iterator[int]:
    """How many orders each walk over the stream may read; `start_date` may have `moved`."""
    rows = [row for _, row in _live(world, name) if row["CompanyID"] == company]

    def size(since: str | None, after: int = 0) -> int:
        return sum(
            since is None
            or row["LastModified"] >= since
            or (rereads and (row["Paid"] is False or "PaidDate" in row))
            for row in rows
            if row["OrderID"] > after
        )

    since = part.get("replication_key_value")
    if crawl := part.get("crawl"):
        yield size(crawl["since"], crawl["last_order_id"] or 0)
        since = max(crawl["until"], since or crawl["until"])
        moved = moved or crawl["start_date"] is not None
    yield size(None if moved else since)


def check_run(run: Run, *, most: int, world: World, page_size: int) -> None:
    """Whether the run kept to its bound, and gave no order more often than it walked."""
    changes = world.changes * (len(ROWS + DOCUMENTS) * 2 + 1)
    most += changes * (page_size + 1) // page_size if world.changes else 0
    if len(run.requests) > most:
        raise BrokenPromiseError(f"{len(run.requests)} requests, where {most} are the most")
    times = Counter(
        (message["stream"], message["record"].get("OrderID"))
        for message in run.messages
        if message["type"] == "RECORD" and message["stream"] in ROWS + DOCUMENTS
    )
    if times and max(times.values()) > 2:
        raise BrokenPromiseError(f"given more than twice: {times.most_common(1)}")


def check_bookmarks(before: dict[str, Any], after: dict[str, Any]) -> None:
    """No bookmark goes backwards."""
    earlier = dict(_bookmarks(before))
    for place, bookmark in _bookmarks(after):
        if bookmark < earlier.get(place, bookmark):
            raise BrokenPromiseError(f"{place}: from {earlier[place]} back to {bookmark}")


def _bookmarks(state: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    for name, stream in state.get("bookmarks", {}).items():
        for part in stream.get("partitions", ()):
            if bookmark := part.get("replication_key_value"):
                yield (name, *part["context"].values()), bookmark
