"""The bookkeeping of a crawl: what its state says after each step."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_billit.clock import BillitClock
from tap_billit.errors import StateError
from tap_billit.state import CompanyState, Watermark

BRUSSELS = BillitClock(ZoneInfo("Europe/Brussels"))
LOOKBACK = timedelta(minutes=5)
NOON = "2026-06-10T12:00:00"
AT_NOON = datetime(2026, 6, 10, 10, tzinfo=timezone.utc)
LATER = AT_NOON + timedelta(minutes=6)


def crawl_of(state: dict[str, Any], *, start: datetime | None = None) -> CompanyState:
    return CompanyState(state, clock=BRUSSELS, start=start)


def crawled(
    state: dict[str, Any], newest: str | None, asked_at: datetime | None = LATER, **how: Any
) -> CompanyState:
    """A whole crawl, begun at this mark."""
    crawl = crawl_of(state, **how)
    crawl.begin(Watermark(newest, asked_at), lookback=LOOKBACK)
    crawl.complete()
    return crawl


def nothing_changed(crawl: CompanyState, newest: str) -> bool:
    return crawl.nothing_changed(Watermark(newest, LATER), lookback=LOOKBACK)


def test_the_first_crawl_reads_everything_and_ends_at_the_mark_less_the_lookback() -> None:
    state: dict[str, Any] = {}
    crawl = crawl_of(state)
    crawl.begin(Watermark(NOON, AT_NOON), lookback=LOOKBACK)
    assert crawl.since is None
    assert "replication_key_value" not in state
    crawl.complete()
    assert state == {
        "replication_key": "LastModified",
        "replication_key_value": "2026-06-10T11:55:00",
        "start_date": None,
        "mark": None,
    }


def test_the_next_crawl_reads_from_the_bookmark() -> None:
    state: dict[str, Any] = {}
    crawled(state, NOON)
    crawl = crawl_of(state)
    crawl.begin(Watermark("2026-06-10T13:00:00", None), lookback=LOOKBACK)
    assert crawl.since == datetime(2026, 6, 10, 11, 55)


def test_an_interrupted_crawl_keeps_its_bounds_and_its_place() -> None:
    state: dict[str, Any] = {}
    crawl = crawl_of(state)
    crawl.begin(Watermark(NOON, LATER), lookback=LOOKBACK)
    crawl.written(120)
    again = crawl_of(state, start=datetime(2026, 1, 1))
    assert (again.interrupted, again.since, again.last_order_id) == (True, None, 120)
    again.complete()
    assert again.bookmark == datetime(2026, 6, 10, 11, 55)


def test_the_bookmark_never_goes_back() -> None:
    """The newest order may be deleted: then the mark is older than the last one."""
    state: dict[str, Any] = {}
    crawled(state, NOON)
    crawled(state, "2026-06-10T09:00:00")
    assert state["replication_key_value"] == "2026-06-10T11:55:00"


@given(
    st.datetimes(datetime(2026, 3, 28), datetime(2026, 3, 30))
    | st.datetimes(datetime(2026, 10, 24), datetime(2026, 10, 26)),
    st.integers(-90_000, 90_000),
)
def test_the_bookmark_is_never_past_the_mark_nor_past_billits_clock(
    newest: datetime, off: int
) -> None:
    """Whatever hour is repeated or left out, and whatever the Date header says."""
    state: dict[str, Any] = {}
    asked_at = newest.replace(tzinfo=BRUSSELS.zone).astimezone(timezone.utc)
    asked_at += timedelta(seconds=off)
    bookmark = crawled(state, newest.isoformat(), asked_at).bookmark
    assert bookmark is not None
    assert bookmark <= newest
    assert BRUSSELS.latest(bookmark) <= asked_at - LOOKBACK


@pytest.mark.parametrize("newest", ["0001-01-01T00:00:00", "9999-12-31T23:59:59"])
@pytest.mark.parametrize("asked_at", ["0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_the_calendar_has_an_end_in_either_direction(newest: str, asked_at: str) -> None:
    state: dict[str, Any] = {"replication_key_value": "0001-01-01T00:00:00"}
    crawl = crawled(state, newest, datetime.fromisoformat(asked_at).replace(tzinfo=timezone.utc))
    nothing_changed(crawl, newest)
    assert crawl.bookmark is not None
    # Before time zones, Brussels was 17 minutes and a half ahead.
    assert crawl.bookmark - BRUSSELS.read(newest) < timedelta(minutes=18)


@pytest.mark.parametrize(
    ("asked_at", "settled"),
    [
        (AT_NOON, False),
        (AT_NOON + LOOKBACK, False),
        (AT_NOON + LOOKBACK + timedelta(seconds=1), True),
        (None, False),
    ],
)
def test_the_same_mark_is_enough_once_nothing_before_it_can_appear(
    asked_at: datetime | None, *, settled: bool
) -> None:
    crawl = crawled({}, NOON, asked_at)
    assert nothing_changed(crawl, NOON) is settled
    assert not nothing_changed(crawl, "2026-06-10T12:00:00.001")


def test_a_mark_in_the_repeated_hour_settles_after_the_second_time() -> None:
    first = datetime(2026, 10, 25, 0, 50, tzinfo=timezone.utc)
    for minutes, settled in ((50, False), (64, False), (66, True)):
        state: dict[str, Any] = {}
        crawled(state, "2026-10-25T02:50:00", first + timedelta(minutes=minutes))
        assert (state["mark"] is not None) is settled
        assert state["replication_key_value"] == "2026-10-25T01:59:00"


def test_a_time_that_spring_leaves_out_is_read_as_the_earlier_one() -> None:
    assert crawled({}, "2026-03-29T02:30:00", None).bookmark == datetime(2026, 3, 29, 1, 25)


def test_start_date_bounds_the_first_crawl() -> None:
    crawl = crawl_of({}, start=datetime(2026, 1, 1))
    crawl.begin(Watermark(NOON, LATER), lookback=LOOKBACK)
    assert crawl.since == datetime(2026, 1, 1)


@pytest.mark.parametrize("start", [datetime(2025, 1, 1), None])
def test_a_start_date_moved_earlier_or_removed_is_read_from_there(start: datetime | None) -> None:
    state: dict[str, Any] = {}
    crawled(state, NOON, start=datetime(2026, 1, 1))
    crawl = crawl_of(state, start=start)
    assert not nothing_changed(crawl, NOON)
    crawl.begin(Watermark(NOON, LATER), lookback=LOOKBACK)
    assert crawl.since == start
    crawl.complete()
    assert nothing_changed(crawl_of(state, start=start), NOON)


def test_a_start_date_moved_earlier_while_a_crawl_is_interrupted_waits_for_the_next() -> None:
    state: dict[str, Any] = {}
    crawl_of(state, start=datetime(2026, 1, 1)).begin(Watermark(NOON, LATER), lookback=LOOKBACK)
    crawl = crawl_of(state, start=datetime(2025, 1, 1))
    assert crawl.since == datetime(2026, 1, 1)
    crawl.complete()
    assert not nothing_changed(crawl, NOON)


def test_a_start_date_moved_later_and_back_reads_nothing_again() -> None:
    state: dict[str, Any] = {}
    crawled(state, NOON)
    crawled(state, NOON, start=datetime(2026, 6, 1))
    assert nothing_changed(crawl_of(state, start=None), NOON)


def test_without_a_mark_billits_clock_less_a_day_bounds_the_crawl() -> None:
    assert crawled({}, None).bookmark == datetime(2026, 6, 9, 12, 1)
    state: dict[str, Any] = {"replication_key_value": NOON}
    assert crawled(state, None, None).bookmark == datetime(2026, 6, 10, 12)


POSITION = {
    "since": None,
    "start_date": None,
    "until": NOON,
    "mark": None,
    "last_order_id": None,
}


@pytest.mark.parametrize(
    "state",
    [
        {"replication_key_value": "yesterday"},
        {"set_aside": None},
        {"set_aside": [5]},
        {"set_aside": [{"OrderID": "5", "why": "", "since": ""}]},
        {"set_aside": [{"OrderID": 5, "why": ""}]},
        {"replication_key_value": 20260610},
        {"replication_key_value": NOON, "start_date": "2026-13-01"},
        {"crawl": None},
        {"crawl": {}},
        {"crawl": {**POSITION, "until": "soon"}},
        {"crawl": {**POSITION, "since": 5}},
        {"crawl": {**POSITION, "last_order_id": "120"}},
        {"crawl": {name: POSITION[name] for name in POSITION if name != "mark"}},
    ],
    ids=str,
)
def test_state_that_is_not_ours_is_named(state: dict[str, Any]) -> None:
    with pytest.raises(StateError):
        crawl_of(state)


def test_a_bookmark_set_back_by_hand_is_read_from() -> None:
    """Although nothing has changed since the crawl that the state tells of."""
    state: dict[str, Any] = {}
    assert nothing_changed(crawled(state, "2026-06-10T12:00:00.5"), "2026-06-10T12:00:00.5")
    state["replication_key_value"] = "2026-06-01"
    assert not nothing_changed(crawl_of(state), "2026-06-10T12:00:00.5")


def test_a_bookmark_in_the_future_is_named() -> None:
    crawl = crawl_of({"replication_key_value": "2062-06-10"})
    with pytest.raises(StateError, match="ahead of Billit's clock"):
        crawl.begin(Watermark(NOON, LATER), lookback=LOOKBACK)


def test_a_bookmark_alone_is_enough() -> None:
    """What somebody sets by hand, to begin there."""
    crawl = crawl_of({"replication_key_value": "2026-06-10"})
    assert crawl.bookmark == datetime(2026, 6, 10)
    crawl.begin(Watermark(NOON, LATER), lookback=LOOKBACK)
    assert crawl.since == datetime(2026, 6, 10)
