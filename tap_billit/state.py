"""The incremental crawl of one company's orders in one stream: what it has covered, where to go on.

Invariant: every order whose last change Billit stamped between the start of the history and the
bookmark, and that has not changed since, has been written. A crawl reads what was changed since
the bookmark, in OrderID order. Before its first page it notes the newest `LastModified` that Billit
has (the watermark); only when its last page is written does the bookmark move, to the watermark
less the lookback, because a row stamped before the watermark may be committed after it. An
interrupted crawl keeps its bounds and goes on after the last OrderID written; it is dropped where
the bookmark was set back by hand meanwhile. What could not be read is set aside, and does not hold
the bookmark. What is older than the first crawl of details went is left for `backfill.py`.
Only this module and those of its parts (`walk.py`, `backfill.py`, `set_aside.py`,
`open_orders.py`) change a state; `state_messages.py` says when it is written.

    start_date        bookmark = since           until        watermark       Billit's clock
    ----+---------------------+--------------------+--------------+----------------+--> LastModified
        |  has been written   |  a crawl reads all from since on, whatever comes meanwhile
                                                   |<- lookback -->|
                                                   the bookmark after its last page

The state of a partition, date-times as Billit writes them:

    context                the CompanyID
    replication_key_value  the bookmark; replication_key is LastModified
    start_date             where the history behind the bookmark begins; null: at the beginning
    mark                   Billit's newest change, if nothing stamped before it can still appear
    crawl                  a crawl that is under way: since, start_date, until, mark, last_order_id;
                           its `until` becomes the bookmark, unless it is null
    backfill               a backfill that is under way: since, start_date, last_order_id
    set_aside              orders whose details or files could not be read, see `set_aside.py`;
                           absent: none
    open                   orders that are open as their row was last written, see `open_orders.py`
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from tap_billit.clock import shifted
from tap_billit.errors import StateError
from tap_billit.open_orders import OpenOrders
from tap_billit.walk import BOOKMARK, Walk, text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from tap_billit.clock import BillitClock

MEND = (
    "Mend it with `meltano state set`, or read everything again with `meltano run --full-refresh`."
)

ZONE_DOUBT = timedelta(days=1)
"""How much earlier a bookmark is that comes from a moment, not from a naive LastModified: in which
zone Billit compares a filter's naive date-times is inferred, and could be wrong by hours."""


class Watermark(NamedTuple):
    """The newest LastModified of a company, and Billit's clock when it was asked.

    Either may be unknown: without the newest change, the clock tells what a crawl covers; without
    both, nothing does.
    """

    newest: str | None
    asked_at: datetime | None


class CompanyState(Walk):
    """The bookmark of one partition, and the crawl that moves it."""

    key = "crawl"
    moments = ("since", "start_date", "until", "mark")

    def __init__(
        self, state: dict[str, Any], *, clock: BillitClock, start: datetime | None
    ) -> None:
        super().__init__(state, clock=clock, start=start)
        self.open = OpenOrders(state, clock=clock)

    @property
    @override
    def lists_open(self) -> bool:
        return self.open.refreshing

    @override
    def _revise(self, position: dict[str, Any]) -> None:
        if self._is_set_back(position):
            del self._state[self.key]

    def _is_set_back(self, position: dict[str, Any]) -> bool:
        """Whether the bookmark was set back or removed by hand since the crawl began at it.

        A crawl that began at `start_date` reads what is behind any bookmark.
        """
        since = self._read(position["since"])
        if since is None or since == self._read(position["start_date"]):
            return False
        return self.bookmark is None or self.bookmark < since

    def nothing_changed(self, watermark: Watermark, *, lookback: timedelta) -> bool:
        """Whether nothing can have changed since the last complete crawl.

        A bookmark before the one that this watermark gave was set back by hand: it is read from.
        """
        if (
            watermark.newest is None
            or self._state.get("mark") != watermark.newest
            or self._reaches_back()
        ):
            return False
        until = self._until(watermark, lookback)
        return until is not None and self.bookmark is not None and until <= self.bookmark

    def begin(self, watermark: Watermark, *, lookback: timedelta) -> None:
        """Start a crawl that will have covered everything up to `watermark` less `lookback`.

        Raises:
            StateError: the bookmark lies in the future: what happens until then would be lost.
        """
        if self.bookmark is not None and watermark.asked_at is not None:
            self._check_past(self.bookmark, watermark.asked_at)
        reaches_back = self._reaches_back()
        until = self._until(watermark, lookback)
        is_proof = self._no_late_change_possible(watermark, lookback) and (
            self.bookmark is None or (until is not None and until >= self.bookmark)
        )
        beginning = self._beginning if reaches_back else self._not_ahead
        since = beginning(watermark, lookback)
        self._state["crawl"] = {
            "since": text(since),
            "start_date": text(since if reaches_back else self._history_start),
            "until": text(until),
            "mark": watermark.newest if is_proof else None,
            "last_order_id": None,
        }

    def _not_ahead(self, watermark: Watermark, lookback: timedelta) -> datetime | None:
        """The bookmark, or Billit's clock if it is ahead of that: nothing is to fall between."""
        if self.bookmark is None or watermark.asked_at is None:
            return self.bookmark
        return min(self.bookmark, self._clock.floor(shifted(watermark.asked_at, -lookback)))

    def _check_past(self, bookmark: datetime, now: datetime) -> None:
        if self._clock.earliest(bookmark) > shifted(now, ZONE_DOUBT):
            raise StateError(f"the bookmark {bookmark} is ahead of Billit's clock, {now}")

    def _until(self, watermark: Watermark, lookback: timedelta) -> datetime | None:
        moment = self._complete_until(watermark)
        return moment and self._clock.floor(shifted(moment, -lookback)).replace(microsecond=0)

    def _complete_until(self, watermark: Watermark) -> datetime | None:
        """What was stamped before this moment is there when a crawl begins at `watermark`."""
        if watermark.newest is None:
            return watermark.asked_at and shifted(watermark.asked_at, -ZONE_DOUBT)
        moment = self._clock.earliest(self._clock.read(watermark.newest))
        if watermark.asked_at is not None:
            moment = min(moment, watermark.asked_at)
        return moment if self._clock.is_naive(watermark.newest) else shifted(moment, -ZONE_DOUBT)

    def _no_late_change_possible(self, watermark: Watermark, lookback: timedelta) -> bool:
        """Whether nothing stamped before the newest change can still appear."""
        if watermark.newest is None or watermark.asked_at is None:
            return False
        stamped = self._clock.latest(self._clock.read(watermark.newest))
        return shifted(stamped, lookback) < watermark.asked_at

    @override
    def cover(self, watermark: Watermark, *, lookback: timedelta) -> None:
        crawl = self._state["crawl"]
        if crawl["until"] is not None:
            crawl["until"] = text(self._until(watermark, lookback))
        crawl["mark"] = None

    @override
    def complete(self) -> None:
        """Move the bookmark, never backwards."""
        crawl = self._state.pop("crawl")
        if crawl["until"] is None:
            return
        until = self._clock.read(crawl["until"])
        self.bookmark = max(until, self.bookmark or until)
        self._history_start = self._read(crawl["start_date"])
        self._state |= {
            "replication_key": "LastModified",
            BOOKMARK: text(self.bookmark),
            "start_date": crawl["start_date"],
            "mark": crawl["mark"],
        }

    def _reaches_back(self) -> bool:
        """Whether a crawl must begin where the history asked for begins."""
        return self.bookmark is None or self._lacks_history()

    def _beginning(self, watermark: Watermark, lookback: timedelta) -> datetime | None:  # noqa: ARG002
        """From where on a crawl reads that reaches back; None: everything."""
        return self._start


def forget(partition: dict[str, Any]) -> None:
    """Leave of a partition's state only whose it is: all is read again."""
    context = partition["context"]
    partition.clear()
    partition["context"] = context


def forget_set_aside(bookmarks: Mapping[str, Any], *, but_for: Collection[str]) -> list[str]:
    """Drop what is set aside in streams that set nothing aside: nobody would try it again.

    Such streams are read whole. They are returned.
    """
    dropped = {
        stream: [each.pop("set_aside", None) for each in state.get("partitions", [])]
        for stream, state in bookmarks.items()
        if stream not in but_for
    }
    return [stream for stream, entries in dropped.items() if any(entries)]


def check_bookmarks(bookmarks: Mapping[str, Any]) -> None:
    """See that the state is by company, so that none of it is passed over and read all again.

    Raises:
        StateError: a stream's state is not a list of partitions, each with an integer CompanyID.
    """
    for stream, state in bookmarks.items():
        partitions = state.get("partitions", []) if isinstance(state, dict) else None
        if not isinstance(partitions, list) or BOOKMARK in state:
            raise StateError(f"The state of {stream} is not kept by company.", MEND)
        companies = [_company_of(partition) for partition in partitions]
        for number, company in enumerate(companies):
            if not isinstance(company, int):
                raise StateError(
                    f"The state of {stream} has a partition whose CompanyID is {company!r}, "
                    "not a number.",
                    MEND,
                )
            if company in companies[:number]:
                raise StateError(
                    f"The state of {stream} has two partitions of company {company}.", MEND
                )


def _company_of(partition: Any) -> Any:
    try:
        return partition["context"]["CompanyID"]
    except (KeyError, TypeError):
        return None
