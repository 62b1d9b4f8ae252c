"""What the state says of a backfill, and which orders it passes over."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tap_billit.backfill import Backfill, RecentFirst
from tap_billit.clock import BillitClock
from tap_billit.errors import StateError
from tap_billit.state import Watermark

BRUSSELS = BillitClock(ZoneInfo("Europe/Brussels"))
LOOKBACK = timedelta(minutes=5)
LATER = datetime(2026, 6, 10, 10, 6, tzinfo=timezone.utc)


def begun(newest: str | None, *, recent: float = 2, start: datetime | None = None) -> Any:
    """The crawl that a first sync begins."""
    state: dict[str, Any] = {}
    crawl = RecentFirst(state, clock=BRUSSELS, start=start, recent=timedelta(days=recent))
    crawl.begin(Watermark(newest, LATER), lookback=LOOKBACK)
    return state["crawl"]


def backfill_of(state: dict[str, Any], *, start: datetime | None = None) -> Backfill:
    return Backfill(state, clock=BRUSSELS, start=start)


def read_from(moment: str | None, **more: Any) -> dict[str, Any]:
    return {"replication_key_value": "2026-06-10T12:00:00", "start_date": moment, **more}


@pytest.mark.parametrize(
    ("newest", "recent", "start", "since"),
    [
        ("2026-06-10T12:00:00", 2, None, "2026-06-08T00:00:00"),
        ("2026-06-10T12:00:00", 0.5, None, "2026-06-09T00:00:00"),
        ("2026-06-10T12:00:00", 0, None, None),
        ("2026-06-10T12:00:00", 2, datetime(2026, 6, 9, 5), "2026-06-09T05:00:00"),
        ("2026-06-10T12:00:00", 2, datetime(2026, 6, 1), "2026-06-08T00:00:00"),
        ("2062-06-10T12:00:00", 2, None, "2026-06-08T00:00:00"),
        ("0001-01-01T00:00:00", 2, None, "0001-01-01T00:00:00"),
        ("2026-06-10T10:00:00Z", 2, None, "2026-06-07T00:00:00"),
        (None, 2, None, None),
    ],
)
def test_a_first_crawl_begins_with_a_day(
    newest: str | None, recent: float, start: datetime | None, since: str | None
) -> None:
    crawl = begun(newest, recent=recent, start=start)
    assert crawl["since"] == crawl["start_date"] == since


@pytest.mark.parametrize(
    ("stamp", "passed_over"),
    [
        ("2026-06-07T23:59:59.9999999", False),
        ("2026-06-08T00:00:00", True),
        ("2026-06-08T00:00:00.001", True),
        ("2026-06-08T21:59:59Z", False),
        ("2026-06-09T00:00:00+02:00", True),
        (None, False),
        (20260609, False),
        ("yesterday", False),
    ],
)
def test_an_order_is_passed_over_if_a_crawl_reads_it(stamp: Any, *, passed_over: bool) -> None:
    """Of a date-time with an offset it is certain only a day later."""
    backfill = backfill_of(read_from("2026-06-08T00:00:00"))
    backfill.begin()
    assert backfill.passes_over({"LastModified": stamp}) is passed_over


@pytest.mark.parametrize(
    ("state", "start", "due"),
    [
        ({}, None, False),
        ({"start_date": "2026-06-08"}, None, False),
        (read_from(None), None, False),
        (read_from("2026-06-08"), None, True),
        (read_from("2026-06-08"), datetime(2026, 6, 7), True),
        (read_from("2026-06-08"), datetime(2026, 6, 8), False),
        (read_from("2026-06-08", crawl={}), None, False),
    ],
    ids=str,
)
def test_a_backfill_waits_for_the_crawl(
    state: dict[str, Any], start: datetime | None, *, due: bool
) -> None:
    assert backfill_of(state, start=start).is_due is due


@pytest.mark.parametrize(
    ("start", "since"),
    [
        (None, "2025-01-01T00:00:00"),
        (datetime(2024, 1, 1), "2025-01-01T00:00:00"),
        (datetime(2026, 1, 1), "2026-01-01T00:00:00"),
    ],
)
def test_a_backfill_under_way_goes_back_no_further_than_is_asked(
    start: datetime | None, since: str
) -> None:
    position = {"since": "2025-01-01", "start_date": "2025-01-01", "last_order_id": 5}
    state = read_from("2026-06-08", backfill=position)
    backfill = backfill_of(state, start=start)
    assert (backfill.since, backfill.last_order_id) == (datetime.fromisoformat(since), 5)
    backfill.complete()
    assert BRUSSELS.read(state["start_date"]) == datetime.fromisoformat(since)
    assert "backfill" not in state


def test_the_first_whole_day_is_named() -> None:
    for moment, day in (("2026-06-08T00:00:00", 8), ("2026-06-08T00:00:01", 9)):
        named = backfill_of(read_from(moment)).first_day
        assert named is not None
        assert named.day == day


@pytest.mark.parametrize(
    "position",
    [
        None,
        {},
        {"since": None, "start_date": None},
        {"since": 5, "start_date": None, "last_order_id": None},
        {"since": None, "start_date": "soon", "last_order_id": None},
        {"since": None, "start_date": None, "last_order_id": "5"},
    ],
    ids=str,
)
def test_a_position_that_is_not_ours_is_named(position: Any) -> None:
    with pytest.raises(StateError):
        backfill_of(read_from("2026-06-08", backfill=position))
