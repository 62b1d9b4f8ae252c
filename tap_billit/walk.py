"""A walk over a company's orders in OrderID order, which may take hours and be cut short.

Where it is stands in the state of a partition, under a key of its own: `crawl` for what changed
(`state.py`), `backfill` for what is older than the first crawl went (`backfill.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from tap_billit.errors import StateError
from tap_billit.set_aside import SetAside

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from tap_billit.api.paginator import Row
    from tap_billit.clock import BillitClock
    from tap_billit.state import Watermark

BOOKMARK = "replication_key_value"


class Walk(ABC):
    """Reads and moves what the `state` of one partition of one stream says of a walk.

    `start` is the naive date-time before which nothing is asked; None: everything is.
    `bookmark` is None before the first crawl is complete.
    """

    key: ClassVar[str]
    """Where its position stands in the state."""

    moments: ClassVar[tuple[str, ...]]
    """What in its position is a date-time, or null."""

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
            if self.interrupted:
                self._check(state[self.key])
                self._revise(state[self.key])
        except (KeyError, TypeError, ValueError) as error:
            raise StateError(f"{type(error).__name__}: {error}") from error

    def _read(self, value: str | None) -> datetime | None:
        return None if value is None else self._clock.read(value)

    def _check(self, position: dict[str, Any]) -> None:
        for name in self.moments:
            self._read(position[name])
        if not isinstance(position["last_order_id"], int | None):
            raise TypeError(f"last_order_id is {position['last_order_id']!r}, not a number")

    @abstractmethod
    def _revise(self, position: dict[str, Any]) -> None:
        """Obey what was changed by hand, or in the settings, since the walk was cut short."""

    @property
    def interrupted(self) -> bool:
        """Whether a walk is under way."""
        return self.key in self._state

    @property
    def since(self) -> datetime | None:
        """The walk under way reads what changed at or after this; None: everything."""
        return self._read(self._state[self.key]["since"])

    @property
    def last_order_id(self) -> int | None:
        """The last order that the walk under way has written."""
        last: int | None = self._state[self.key]["last_order_id"]
        return last

    def written(self, order_id: int) -> None:
        """Everything up to `order_id` has been written."""
        self._state[self.key]["last_order_id"] = order_id

    @property
    def lists_open(self) -> bool:
        """Whether the walk reads what is open, too, although it has not changed."""
        return False

    def passes_over(self, row: Row) -> bool:  # noqa: ARG002
        """Whether a listed order is the business of another walk."""
        return False

    @abstractmethod
    def cover(self, watermark: Watermark, *, lookback: timedelta) -> None:
        """Have the walk under way cover no more than this watermark says."""

    @abstractmethod
    def complete(self) -> None:
        """The last order has been written."""

    def _lacks_history(self) -> bool:
        """Whether the history asked for begins before the history that was read."""
        if self._history_start is None:
            return False
        return self._start is None or self._start < self._history_start


def text(moment: datetime | None) -> str | None:
    """A naive date-time as the state has it."""
    return None if moment is None else moment.isoformat(timespec="seconds")
