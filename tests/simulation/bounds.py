"""The bound on requests: what a sync may cost, told without the tap.

With p the page size: one for the account; for each company and list path one for the mark, and one
for each list that streams could share; for each walk over a stream `(m + c) // p + 1` pages, for
details `r + c` more, for files `3 (r + c)`, where m orders match the walk's filter when the sync
begins, r of them are read and c changes are made meanwhile. A stream is walked once; twice where
its last run was cut short; and not at all where the mark is the one of the last walk and nothing is
read again. Details and files are walked once more where their history does not reach back to the
start, but each order is read once. Of rows, `(l + c) // 30 + (l + c) // p + 1` requests ask for the
l that were open and are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_billit.open_orders import unpack
from tap_billit.settings import ON_TIME
from tap_billit.streams.left_open import AT_ONCE
from tests.simulation.promise import BrokenPromiseError
from tests.simulation.tables import (
    ALL,
    CHANGED_LISTS,
    DATED_LISTS,
    DETAILS,
    INDEX,
    KIND,
    LISTS,
    ROWS,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.run import Run
    from tests.simulation.tables import Row
    from tests.simulation.world import World

REQUESTS_EACH = dict.fromkeys(DETAILS, 1) | {"invoice_files": 3}
"""Requests for one order: its details; or those, its PDF and an attachment."""


@dataclass(frozen=True)
class Bound:
    """The most requests that a sync from `state` may cost, not counting changes meanwhile."""

    world: World
    state: dict[str, Any]
    streams: tuple[str, ...]
    start: str | None
    page_size: int
    refresh_unpaid: bool
    full_lists_hours: int

    def most(self) -> int:
        """The number."""
        return 1 + sum(map(self._of_company, self.world.companies))

    def _of_company(self, company: int) -> int:
        crawled = [name for name in self.streams if name in {*KIND, INDEX, "invoice_files"}]
        may_share = len(crawled) if len(crawled) > 1 else 0
        most = bool(crawled) + may_share + sum(self._of_orders(name, company) for name in crawled)
        for name in set(LISTS) & set(self.streams):
            most += self._pages(self._listed(name, company)) + (name in CHANGED_LISTS)
        return most

    def _listed(self, name: str, company: int) -> int:
        """How many rows of a list are read: all, or those from a key on."""
        keys = [key[-1] for key in table(self.world, name, company)]
        down_to = _partition(self.state, name, company).get("down_to")
        if name not in DATED_LISTS or self._is_whole(name, company) or down_to is None:
            return len(keys)
        return sum(int(key) >= int(down_to) for key in keys) + 1

    def _is_whole(self, name: str, company: int) -> bool:
        parts = [_partition(self.state, name, each) for each in self.world.companies]
        begun = max((part["whole"] for part in parts if part.get("whole")), default=None)
        pause = timedelta(hours=self.full_lists_hours) * ON_TIME
        if begun is None or self.world.now - datetime.fromisoformat(begun) >= pause:
            return True
        return bool(_partition(self.state, name, company).get("whole") != begun)

    def _pages(self, rows: int) -> int:
        """How many pages overlap by a row."""
        return 1 + max(0, -(-(rows - self.page_size) // (self.page_size - 1)))

    def _of_orders(self, name: str, company: int) -> int:
        return self._of_those_that_left(name, company) + sum(
            listed // self.page_size + 1 + read * REQUESTS_EACH.get(name, 0)
            for listed, read in self._walks(name, company)
        )

    def _of_those_that_left(self, name: str, company: int) -> int:
        said = _partition(self.state, name, company).get("open")
        if not said:
            return 0
        were = {*unpack(said["orders"]), *said["opened"]} - {*said["closed"]}
        left = were - {row["OrderID"] for row in self._orders(name, company) if not row["Paid"]}
        return (len(left) // self.page_size + len(left) // AT_ONCE + 1) if left else 0

    def _walks(self, name: str, company: int) -> Iterator[tuple[int, int]]:
        """How many orders each walk over the stream may list and read."""
        part = _partition(self.state, name, company)
        history = part.get("start_date")
        since = part.get("replication_key_value")
        if crawl := part.get("crawl"):
            size = self._size(name, company, crawl["since"], crawl["last_order_id"] or 0)
            yield size, size
            since = max(crawl["until"], since or crawl["until"])
            history = crawl["start_date"]
        moved = name in {*ROWS, INDEX} and (self.start is not None or history is not None)
        size = self._size(name, company, None if moved else since)
        yield size, size
        if name not in {*ROWS, INDEX}:
            yield from self._older(name, company, part.get("backfill"), history, first=not since)

    def _older(
        self, name: str, company: int, backfill: Row | None, history: str | None, *, first: bool
    ) -> Iterator[tuple[int, int]]:
        """The walks over what is older; of a first sync, the first walk was taken to read all."""
        everything = self._size(name, company, None)
        if backfill:
            after = backfill["last_order_id"] or 0
            yield everything, self._older_than(history, name, company, after)
            history = backfill["start_date"]
        if first or history:
            yield everything, 0 if first else self._older_than(history, name, company)

    def _older_than(self, history: str | None, name: str, company: int, after: int = 0) -> int:
        orders = [row for row in self._orders(name, company) if row["OrderID"] > after]
        return sum(row["LastModified"] < (history or "") for row in orders)

    def _size(self, name: str, company: int, since: str | None, after: int = 0) -> int:
        begun = _partition(self.state, name, company).get("open", {})
        rereads = name in ROWS and (self.refresh_unpaid or "refreshing" in begun)
        return sum(
            since is None or row["LastModified"] >= since or (rereads and not row["Paid"])
            for row in self._orders(name, company)
            if row["OrderID"] > after
        )

    def _orders(self, name: str, company: int) -> list[Row]:
        return [
            row
            for row in self.world.account.rows(company)
            if name not in KIND or (row["OrderDirection"], row["OrderType"]) == KIND[name]
        ]


def check_requests(run: Run, *, most: int, world: World, page_size: int) -> None:
    """Whether the run kept to its bound, changes meanwhile counted."""
    changes = world.changes * (len(ALL) * 3 + 1)
    most += changes * (page_size + 1) // page_size
    if len(run.requests) > most:
        raise BrokenPromiseError(f"{len(run.requests)} requests, where {most} are the most")


def _partition(state: dict[str, Any], name: str, company: int) -> dict[str, Any]:
    partitions = state.get("bookmarks", {}).get(name, {}).get("partitions", ())
    return next((part for part in partitions if part["context"]["CompanyID"] == company), {})
