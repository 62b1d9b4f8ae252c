"""The incremental crawl of one company's orders in one stream: what it has covered, where to go on.

Invariant: every order whose last change Billit stamped before the bookmark, and that has not
changed since, has been written. A crawl reads what was changed since the bookmark, in OrderID
order. Before its first page it notes the newest `LastModified` that Billit has (the watermark);
only when its last page is written does the bookmark move, to the watermark less the lookback,
because a row stamped before the watermark may be committed after it. An interrupted crawl keeps
its bounds and goes on after the last OrderID written; it is dropped where the bookmark was set
back by hand meanwhile. What could not be read is set aside, and does not hold the bookmark.
Only this module, `set_aside.py` and `open_orders.py` change a state; `state_messages.py` says when
it is written.

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
    set_aside              orders whose details or files could not be read, see `set_aside.py`;
                           absent: none
    open                   orders that are open as their row was last written, see `open_orders.py`
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_billit.clock import shifted
from tap_billit.errors import StateError
from tap_billit.open_orders import OpenOrders
from tap_billit.set_aside import SetAside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_billit.clock import BillitClock

BOOKMARK = "replication_key_value"

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


class CompanyState:
    """Reads and moves the `state` of one partition of one stream.

    `start` is the naive date-time before which nothing is asked; None: everything is.
    `bookmark` is None before the first crawl is complete.
    """

    def __init__(
        self, state: dict[str, Any], *, clock: BillitClock, start: datetime | None
    ) -> None:
        self._state = state
        self._clock = clock
        self._start = None if start is None else clock.floor(clock.earliest(start))
        try:
            self.bookmark = self._read(state.get(BOOKMARK))
            self._history_start = self._read(state.get("start_date"))
            self.set_aside = SetAside(state)
            self.open = OpenOrders(state, clock=clock)
            if self.interrupted:
                self._check(state["crawl"])
                if self._is_set_back(state["crawl"]):
                    del state["crawl"]
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"{type(error).__name__}: {error}") from error

    def _read(self, value: str | None) -> datetime | None:
        return None if value is None else self._clock.read(value)

    def _check(self, position: dict[str, Any]) -> None:
        self._read(position["since"])
        self._read(position["start_date"])
        self._read(position["until"])
        self._read(position["mark"])
        if not isinstance(position["last_order_id"], int | None):
            raise TypeError(f"last_order_id is {position['last_order_id']!r}, not a number")

    def _is_set_back(self, position: dict[str, Any]) -> bool:
        """Whether the bookmark was set back or removed by hand since the crawl began at it.

        A crawl that began at `start_date` reads what is behind any bookmark.
        """
        since = self._read(position["since"])
        if since is None or since == self._read(position["start_date"]):
            return False
        return self.bookmark is None or self.bookmark < since

    @property
    def interrupted(self) -> bool:
        """Whether a crawl is under way."""
        return "crawl" in self._state

    @property
    def since(self) -> datetime | None:
        """The crawl under way reads what changed at or after this; None: everything."""
        return self._read(self._state["crawl"]["since"])

    @property
    def last_order_id(self) -> int | None:
        """The last order that the crawl under way has written."""
        last: int | None = self._state["crawl"]["last_order_id"]
        return last

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
        since = self._start if reaches_back else self._not_ahead(watermark, lookback)
        self._state["crawl"] = {
            "since": _text(since),
            "start_date": _text(self._start if reaches_back else self._history_start),
            "until": _text(until),
            "mark": watermark.newest if is_proof else None,
            "last_order_id": None,
        }

    def _not_ahead(self, watermark: Watermark, lookback: timedelta) -> datetime | None:
        """The bookmark, or Billit's clock if it is ahead of that: nothing is to fall between."""
        if self.bookmark is None or watermark.asked_at is None:
            return self.bookmark
        return min(self.bookmark, self._clock.floor(watermark.asked_at - lookback))

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

    def written(self, order_id: int) -> None:
        """Everything up to `order_id` has been written."""
        self._state["crawl"]["last_order_id"] = order_id

    def cover(self, watermark: Watermark, *, lookback: timedelta) -> None:
        """Have the crawl under way cover no more than this watermark says."""
        crawl = self._state["crawl"]
        if crawl["until"] is not None:
            crawl["until"] = _text(self._until(watermark, lookback))
        crawl["mark"] = None

    def complete(self) -> None:
        """The last order has been written: move the bookmark, never backwards."""
        crawl = self._state.pop("crawl")
        if crawl["until"] is None:
            return
        until = self._clock.read(crawl["until"])
        self.bookmark = max(until, self.bookmark or until)
        self._history_start = self._read(crawl["start_date"])
        self._state |= {
            "replication_key": "LastModified",
            BOOKMARK: _text(self.bookmark),
            "start_date": crawl["start_date"],
            "mark": crawl["mark"],
        }

    def _reaches_back(self) -> bool:
        """Whether the history asked for begins before the history that was read."""
        if self.bookmark is None:
            return True
        if self._history_start is None:
            return False
        return self._start is None or self._start < self._history_start


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def forget(partition: dict[str, Any]) -> None:
    """Leave of a partition's state only whose it is: all is read again."""
    context = partition["context"]
    partition.clear()
    partition["context"] = context


def check_bookmarks(bookmarks: Mapping[str, Any]) -> None:
    """See that the state is by company, so that none of it is passed over and read all again.

    Raises:
        StateError: a stream's state is not a list of partitions, each with an integer CompanyID.
    """
    for stream, state in bookmarks.items():
        partitions = state.get("partitions", []) if isinstance(state, dict) else None
        if not isinstance(partitions, list) or BOOKMARK in state:
            raise StateError(f"The state of {stream} is not kept by company. {MEND}")
        for partition in partitions:
            try:
                company = partition["context"]["CompanyID"]
            except (KeyError, TypeError):
                company = None
            if not isinstance(company, int):
                raise StateError(
                    f"The state of {stream} has a partition whose CompanyID is {company!r}, "
                    f"not a number. {MEND}"
                )
