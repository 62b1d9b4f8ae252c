"""Newest first: the first crawl reads what changed lately, a backfill what is older.

Details cost a request each, so that a first sync of many takes days. The crawl that has no
bookmark yet begins `recent_days` before the newest change, at the start of a day, and completes as
any other. From then on each run reads what changed since the bookmark, and then goes on with the
backfill, until the history that was asked for has been read. A `start_date` that is moved to an
earlier day is met in the same way.

    start_date     history start                            bookmark
    ----+----------------+-------------------------------------+-----------------> LastModified
        | the backfill   |  has been written                   |  crawls: each run, first
        +--------------->| becomes `start_date` of the state when the backfill is complete

An order that the backfill finds changed at or after the history start is passed over: a crawl has
written it since, or will. The row says when it changed, and not a filter: `LastModified le` is not
documented, and finds no order without one, while a list costs a request for 120 orders only.

Its position in the state, `backfill`:

    since           what changed before this is not asked for; null: everything is
    start_date      the history start when it is complete
    last_order_id   the last order written
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_billit.clock import shifted
from tap_billit.state import ZONE_DOUBT, CompanyState
from tap_billit.walk import BOOKMARK, Walk, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from tap_billit.api.paginator import Row
    from tap_billit.clock import BillitClock
    from tap_billit.state import Watermark

ALMOST_A_DAY = timedelta(days=1) - timedelta.resolution


class RecentFirst(CompanyState):
    """A state whose first crawl goes no further back than `recent`; zero: to the start."""

    def __init__(
        self,
        state: dict[str, Any],
        *,
        clock: BillitClock,
        start: datetime | None,
        recent: timedelta,
    ) -> None:
        super().__init__(state, clock=clock, start=start)
        self._recent = recent

    @override
    def begin(self, watermark: Watermark, *, lookback: timedelta) -> None:
        if self.bookmark is None:
            self._state.pop(Backfill.key, None)
        super().begin(watermark, lookback=lookback)

    @override
    def _reaches_back(self) -> bool:
        return self.bookmark is None

    @override
    def cover(self, watermark: Watermark, *, lookback: timedelta) -> None:
        """A first crawl that covers nothing does not keep the backfill waiting."""
        super().cover(watermark, lookback=lookback)
        crawl = self._state[self.key]
        if self.bookmark is None and crawl["until"] is None:
            crawl["until"] = crawl["since"]

    @override
    def _beginning(self, watermark: Watermark, lookback: timedelta) -> datetime | None:
        until = watermark.newest and self._until(watermark, lookback)
        if not until or not self._recent:
            return self._start
        day = shifted(until, -self._recent).replace(hour=0, minute=0, second=0)
        return day if self._start is None else max(day, self._start)


class Backfill(Walk):
    """A walk over what changed before the history that was read begins."""

    key = "backfill"
    moments = ("since", "start_date")

    @property
    def is_due(self) -> bool:
        """Whether a crawl is complete that did not go back as far as is asked for."""
        return (
            self.bookmark is not None
            and CompanyState.key not in self._state
            and self._lacks_history()
        )

    @property
    def first_day(self) -> date | None:
        """The first day of which all has been written; None: there is nothing before it."""
        return self._history_start and shifted(self._history_start, ALMOST_A_DAY).date()

    @override
    def _revise(self, position: dict[str, Any]) -> None:
        """Go back no further than a `start_date` that was moved to a later day."""
        if not self._lacks_history():
            del self._state[self.key]
        elif self._start is not None:
            for name in self.moments:
                moment = self._read(position[name]) or self._start
                position[name] = text(max(moment, self._start))

    def begin(self) -> None:
        """Start from the first order."""
        start = text(self._start)
        self._state[self.key] = {"since": start, "start_date": start, "last_order_id": None}

    @override
    def passes_over(self, row: Row) -> bool:
        """Whether it has changed since the history start, so that a crawl reads it."""
        said: Any = row.get("LastModified")
        try:
            stamped = self._clock.read(said)
        except (TypeError, ValueError):
            return False
        if not self._clock.is_naive(said):
            stamped = shifted(stamped, -ZONE_DOUBT)
        return self._history_start is not None and stamped >= self._history_start

    @override
    def cover(self, watermark: Watermark, *, lookback: timedelta) -> None:
        """The history start stays: the next run reads all that is older again."""
        self._state[self.key]["start_date"] = text(self._history_start)

    @override
    def complete(self) -> None:
        """Move the history start back."""
        self._state["start_date"] = self._state.pop(self.key)["start_date"]
        self._history_start = self._read(self._state["start_date"])


def is_first_load(partition: Mapping[str, Any]) -> bool:
    """Whether no crawl of this partition has come to its end, or a backfill is under way."""
    return partition.get(BOOKMARK) is None or Backfill.key in partition
