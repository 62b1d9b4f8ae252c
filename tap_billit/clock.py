"""Billit's clock: date-times without an offset, in a zone whose clocks change twice a year.

Nothing here overflows: beyond either end of the calendar, a moment is that end.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo
    from zoneinfo import ZoneInfo

_DATE_TIME = re.compile(
    r"(?P<date>\d{4}-?\d\d-?\d\d)"
    r"(?:[T ](?P<time>\d\d:?\d\d(?::?\d\d)?)(?:[.,](?P<fraction>\d+))?)?"
    r" ?(?P<offset>Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_TICK = timedelta(microseconds=1)
_FIRST, _LAST = datetime.min, datetime.max  # noqa: DTZ901  the ends of the calendar, in any zone


def shifted(moment: datetime, by: timedelta) -> datetime:
    """`moment` so much later, or the end of the calendar."""
    try:
        return moment + by
    except OverflowError:
        end = _LAST if by > timedelta(0) else _FIRST
        return end.replace(tzinfo=moment.tzinfo)


def _in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """`moment` (aware) as the clocks of `zone` show it, or the end of the calendar."""
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError):
        end = _FIRST if moment.year == _FIRST.year else _LAST
        return end.replace(tzinfo=zone)


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
            raise ValueError(f"{text[:40]!r} is not a date-time such as 2026-01-31T09:30:00")
        date, time = (re.sub("[-:]", "", found[part] or "") for part in ("date", "time"))
        hour, minute, second = (int(time[at : at + 2] or "0") for at in (0, 2, 4))
        naive = datetime(int(date[:4]), int(date[4:6]), int(date[6:]), hour, minute, second)  # noqa: DTZ001
        naive = naive.replace(microsecond=int((found["fraction"] or "")[:6].ljust(6, "0")))
        if not found["offset"]:
            return naive
        aware = naive.replace(tzinfo=_offset(found["offset"].upper()))
        return _in_zone(aware, self.zone).replace(tzinfo=None)

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
        return _in_zone(first, timezone.utc), _in_zone(last, timezone.utc)

    def floor(self, moment: datetime) -> datetime:
        """The smallest naive date-time that the clocks show at or after `moment`.

        For a moment in the hour that the clocks repeat in autumn that is the last minute before
        that hour: 02:10 can come after 02:50.
        """
        naive = _in_zone(moment, self.zone).replace(tzinfo=None, fold=0)
        while self.latest(naive) > self.earliest(naive):
            naive = (naive - _TICK).replace(second=0, microsecond=0)
        return naive


def _offset(text: str) -> timezone:
    if text == "Z":
        return timezone.utc
    digits = text[1:].replace(":", "").ljust(4, "0")
    by = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-by if text.startswith("-") else by)
