"""Moments: milliseconds since 1970 in UTC, which Billit writes as naive Brussels time."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

BRUSSELS = ZoneInfo("Europe/Brussels")
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def moment(when: datetime, /) -> int:
    """An aware date-time as a moment."""
    return (when - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)


def local_date(moment: int, /) -> date:
    """The day in Brussels."""
    return datetime.fromtimestamp(moment // SECOND, BRUSSELS).date()


def written(moment: int, /) -> str:
    """`2026-10-01T09:30:00.07`: no offset, trailing zeros of the fraction cut."""
    seconds, milliseconds = divmod(moment, SECOND)
    text = datetime.fromtimestamp(seconds, BRUSSELS).replace(tzinfo=None).isoformat()
    return f"{text}.{milliseconds:03}".rstrip("0") if milliseconds else text


def midnight(day: date, /) -> str:
    """`2026-10-01T00:00:00`."""
    return f"{day.isoformat()}T00:00:00"
