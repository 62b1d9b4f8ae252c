"""Billit's clock: date-times without an offset, in a zone whose clocks change twice a year."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DATE_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<offset>Z|[+-]\d\d:\d\d)?"
)
_TICK = timedelta(microseconds=1)


class BillitClock:
    """Reads and reckons with date-times as Billit writes them: naive, local to `zone`."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def read(self, text: str) -> datetime:
        """The naive local date-time that `text` says, to the microsecond, rounded down.

        Raises:
            ValueError: `text` is not an ISO 8601 date or date-time.
        """
        found = _DATE_TIME.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is not a date-time such as 2026-01-31T09:30:00")
        fraction = (found["fraction"] or "")[:6].ljust(6, "0")
        moment = datetime.fromisoformat(f"{found['date']}T{found['time'] or '00:00:00'}.{fraction}")
        if not found["offset"]:
            return moment
        offset = "+00:00" if found["offset"] == "Z" else found["offset"]
        aware = datetime.fromisoformat(moment.isoformat() + offset)
        return aware.astimezone(self.zone).replace(tzinfo=None)

    def is_naive(self, text: str) -> bool:
        """Whether `text`, a date-time, has no offset."""
        found = _DATE_TIME.fullmatch(text)
        return not (found and found["offset"])

    def earliest(self, naive: datetime) -> datetime:
        """The first moment at which the clocks show `naive` (aware, UTC)."""
        return min(self._moments(naive))

    def latest(self, naive: datetime) -> datetime:
        """The last moment at which the clocks show `naive` (aware, UTC)."""
        return max(self._moments(naive))

    def _moments(self, naive: datetime) -> tuple[datetime, datetime]:
        """Both readings of `naive`; they differ in the autumn hour, and in the spring gap."""
        first, last = (naive.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        return first.astimezone(timezone.utc), last.astimezone(timezone.utc)

    def floor(self, moment: datetime) -> datetime:
        """The smallest naive date-time that the clocks show at or after `moment`.

        For a moment in the hour that the clocks repeat in autumn that is the last minute before
        that hour: 02:10 can come after 02:50.
        """
        naive = moment.astimezone(self.zone).replace(tzinfo=None, fold=0)
        while self.latest(naive) > self.earliest(naive):
            naive = (naive - _TICK).replace(second=0, microsecond=0)
        return naive
