"""The promise, as a check of the target's tables against the account after a complete sync.

Nothing lost: what exists and stood still since the sync began is in the table of its stream as
Billit has it. Nothing made up: an order beyond those is deleted, or of another kind now, and then
the table of that kind has it. Nothing in the wrong place: no record of another kind than its
stream's. Not twice: a walk over a list gives an order once.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tests.simulation.account import KEYS
from tests.simulation.tables import (
    DETAILS,
    INDEX,
    KIND,
    ROWS,
    WHOLE_LISTS,
    table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.kit.run import Run
    from tests.simulation.tables import Key, Row
    from tests.simulation.targets import Target
    from tests.simulation.world import World

COMPUTED = ("Overdue", "DaysOverdue")


class BrokenPromiseError(AssertionError):
    """Something is lost, stale or made up, or a sync asked too much."""


def check(  # noqa: PLR0913
    world: World,
    target: Target,
    *,
    streams: Iterable[str],
    start: str | None = None,
    refresh_unpaid: bool = True,
    whole_lists: bool = False,
    activated: Iterable[str] = (),
    at_rest: bool = False,
) -> None:
    """Raise where the tables of `streams` break the promise; `start` is a naive date-time.

    `whole_lists`: lists were read whole. `activated` are streams that got a version. `at_rest`:
    nothing changed meanwhile, and all streams were read.
    """
    _Check(
        world=world,
        target=target,
        streams=tuple(streams),
        start=start,
        rereads=refresh_unpaid,
        whole_lists=whole_lists,
        activated=frozenset(activated),
        at_rest=at_rest,
    ).run()


@dataclass(frozen=True)
class _Check:
    world: World
    target: Target
    streams: tuple[str, ...]
    start: str | None
    rereads: bool
    whole_lists: bool
    activated: frozenset[str]
    at_rest: bool

    def run(self) -> None:
        """Raise where the promise is broken."""
        for stream in self.streams:
            for company in self.world.companies:
                if stream == "companies" or not self._excused(company):
                    self._compare(stream, company)
            if self.at_rest and stream in {*KIND, INDEX}:
                self._check_others(stream)
            if stream in self.activated and not self.world.changes and not self.world.same_second:
                self._check_vanished(stream)

    def _check_vanished(self, stream: str) -> None:
        """See that what Billit has no more is retired: the loader was told to."""
        listed = {key for of in self.world.companies for key in table(self.world, stream, of)}
        if vanished := self.target.tables.get(stream, {}).keys() - listed:
            raise BrokenPromiseError(f"{stream}: {vanished} is not in Billit, and not retired")

    def _excused(self, company: int) -> bool:
        world = self.world
        return company in world.refused or ("companies", company) in world.touched

    def _compare(self, stream: str, company: int) -> None:
        have = self.target.tables.get(stream, {})
        for key, row in table(self.world, stream, company).items():
            if self._may_miss(stream, key, row):
                continue
            if key not in have:
                raise BrokenPromiseError(f"{stream}: {key} is lost; Billit has {row}")
            if not self._may_be_stale(stream, key) and (
                differs := self._differences(stream, have[key], row)
            ):
                raise BrokenPromiseError(f"{stream}: {key} is stale: {differs}")

    def _may_miss(self, stream: str, key: Key, row: Row) -> bool:
        """Whether it changed while the sync ran, or before the start."""
        by_key = stream in KEYS or stream == "companies"
        changed = (stream, key[-1]) if by_key else key[0]
        if changed in self.world.touched:
            return True
        if not self.start or stream in WHOLE_LISTS or stream == "companies":
            return False
        return bool(row["LastModified"] < self.start)

    def _may_be_stale(self, stream: str, key: Key) -> bool:
        """Whether it changed, and nothing that a sync asks for says so."""
        if (stream, key[-1]) in self.world.late:
            return not self.whole_lists
        order = key[0] if stream in {*KIND, INDEX} else None
        return order in self.world.quiet and not self._rereads(stream)

    def _rereads(self, stream: str) -> bool:
        return self.rereads and stream in ROWS

    def _differences(self, stream: str, have: Row, want: Row) -> dict[str, tuple[Any, Any]]:
        names = want.keys() if stream == "invoice_files" else have.keys() | want.keys()
        is_old = self.world.day_turned or (stream in KIND and not self._rereads(stream))
        if stream == "deleted_orders" or is_old:
            names -= set(COMPUTED)
        return differences(have, want, names)

    def _check_others(self, stream: str) -> None:
        """See that an order that is not of this kind is deleted, or stands where it is now."""
        live, tables = self.world.orders, self.target.tables
        for key in tables.get(stream, {}):
            row = live.get(key[0])
            if row is None and key not in tables.get("deleted_orders", {}):
                raise BrokenPromiseError(f"{stream}: {key} is neither in Billit nor deleted there")
            if row is None or stream == INDEX:
                continue
            now = _stream_of(row, among=ROWS if stream in ROWS else DETAILS)
            if now and key not in tables.get(now, {}) and not self._may_miss(now, key, row):
                raise BrokenPromiseError(f"{stream}: {key} has moved, and is not in {now}")


def differences(have: Row, want: Row, names: Iterable[str]) -> dict[str, tuple[Any, Any]]:
    """The properties that differ, with what they are and what they should be."""
    return {
        name: (have.get(name), want.get(name)) for name in names if have.get(name) != want.get(name)
    }


def _stream_of(row: Row, *, among: dict[str, tuple[str, str]]) -> str | None:
    kind = (row["OrderDirection"], row["OrderType"])
    return next((stream for stream in among if among[stream] == kind), None)


def check_kinds(messages: Iterable[dict[str, Any]]) -> None:
    """No record is of another kind than its stream."""
    for message in messages:
        if message["type"] == "RECORD" and message["stream"] in KIND:
            row = message["record"]
            if (row["OrderDirection"], row["OrderType"]) != KIND[message["stream"]]:
                raise BrokenPromiseError(f"{message['stream']} has {row}")


def check_times(messages: Iterable[dict[str, Any]]) -> None:
    """No order is given more often than it was walked: once, and where a run was interrupted
    also by what is left of its crawl and of its backfill.
    """
    times = Counter(
        (message["stream"], message["record"]["OrderID"])
        for message in messages
        if message["type"] == "RECORD" and message["stream"] in {*KIND, INDEX}
    )
    if times and max(times.values()) > 3:
        raise BrokenPromiseError(f"given more than three times: {times.most_common(1)}")


def check_exit(run: Run) -> None:
    """A run that came to its end without a company that Billit refused says so."""
    refused = {each.party_id for each in run.requests if each.status == HTTPStatus.FORBIDDEN}
    if run.complete and refused and not run.error:
        raise BrokenPromiseError(f"refused: {refused}, and the run did not fail")


def check_state(world: World, target: Target) -> None:
    """However a run ended: what the state says has been written is in the tables as it is."""
    for stream, part in _partitions(target.state):
        until, start = part.get("replication_key_value"), part.get("start_date") or ""
        if until is None or stream not in KIND:
            continue
        have = target.tables.get(stream, {})
        aside = {(each["OrderID"],) for each in part.get("set_aside", ())}
        for key, row in table(world, stream, part["context"]["CompanyID"]).items():
            stamp = row["LastModified"]
            if (
                key not in aside
                and start <= stamp < until
                and have.get(key, {}).get("LastModified") != stamp
            ):
                raise BrokenPromiseError(f"{stream}: {key} of {stamp} is not there: {part}")


def check_bookmarks(before: dict[str, Any], after: dict[str, Any]) -> None:
    """No bookmark goes backwards."""
    earlier = dict(_bookmarks(before))
    for place, bookmark in _bookmarks(after):
        if bookmark < earlier.get(place, bookmark):
            raise BrokenPromiseError(f"{place}: from {earlier[place]} back to {bookmark}")


def _bookmarks(state: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    for name, part in _partitions(state):
        if bookmark := part.get("replication_key_value"):
            yield (name, *part["context"].values()), bookmark


def _partitions(state: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, stream in state.get("bookmarks", {}).items():
        for part in stream.get("partitions", ()):
            yield name, part
