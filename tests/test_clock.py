"""Billit's naive date-times, in a zone whose clocks change."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from tap_billit.clock import BillitClock

BRUSSELS = BillitClock(ZoneInfo("Europe/Brussels"))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31)),
        ("2026-01-31T09:30:00", datetime(2026, 1, 31, 9, 30)),
        ("2026-01-31T09:30:00.5", datetime(2026, 1, 31, 9, 30, 0, 500_000)),
        ("2026-01-31T09:30:00.1234567", datetime(2026, 1, 31, 9, 30, 0, 123_456)),
        ("2026-01-31T08:30:00Z", datetime(2026, 1, 31, 9, 30)),
        ("2026-07-01T08:30:00.25+00:00", datetime(2026, 7, 1, 10, 30, 0, 250_000)),
    ],
)
def test_reads_date_times_as_billit_and_users_write_them(text: str, expected: datetime) -> None:
    assert BRUSSELS.read(text) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30T00:00:00", "2026-01-01T25:00:00"])
def test_says_what_is_not_a_date_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"date-time|day|hour"):
        BRUSSELS.read(text)


def test_floor_is_the_local_time_except_in_the_repeated_hour() -> None:
    assert BRUSSELS.floor(utc("2026-06-01T10:00:00")) == datetime(2026, 6, 1, 12)
    # 02:58 came once before 02:10 and once after it: nothing from 02:00 on may be left out.
    for moment in ("2026-10-25T00:58:00", "2026-10-25T01:58:00"):
        assert BRUSSELS.floor(utc(moment)) == datetime(2026, 10, 25, 1, 59)
    assert BRUSSELS.floor(utc("2026-10-25T02:00:00")) == datetime(2026, 10, 25, 3)


def test_reckons_over_the_missing_hour_in_spring() -> None:
    after = BRUSSELS.earliest(datetime(2026, 3, 29, 3, 2))
    assert BRUSSELS.floor(after - timedelta(minutes=5)) == datetime(2026, 3, 29, 1, 57)


def test_a_time_in_the_repeated_hour_is_two_moments() -> None:
    naive = datetime(2026, 10, 25, 2, 30)
    assert BRUSSELS.latest(naive) - BRUSSELS.earliest(naive) == timedelta(hours=1)
