"""Histories that lose orders where a rule of the crawl is missing, each as short as it gets.

Each is told once with the tap as it is, which keeps the promise, and once with the tap that it
catches. Requests are numbered from 0: the account, the mark, then pages of two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo import Reply
from tests.kit.history import MINUTE, History
from tests.simulation import mutations
from tests.simulation.promise import BrokenPromiseError
from tests.simulation.targets import BufferedByStream
from tests.simulation.world import (
    SECOND,
    Create,
    Delete,
    Move,
    Pay,
    Touch,
    Wait,
)

if TYPE_CHECKING:
    from collections.abc import Callable


SECOND_PAGE = 3


def deleted_between_pages() -> None:
    """An order goes, the rest moves up by one, over the edge of the page."""
    history = History()
    history.billit(Create(times=5))
    history.sync(plan={SECOND_PAGE: [Delete(0)]})


def moved_between_pages() -> None:
    """The same, by an order that becomes a credit note."""
    history = History()
    history.billit(Create(times=5))
    history.sync(plan={SECOND_PAGE: [Move(0, kind=1)]})


def changed_behind_then_ahead() -> None:
    """While page two is awaited an order of page one changes, and later one that is to come."""
    history = History()
    history.billit(Create(times=4), Wait(60 * MINUTE))
    history.sync(plan={SECOND_PAGE: [Touch(0), Wait(10 * MINUTE), Touch(3)]})
    history.sync()


def commits_late() -> None:
    """A change is stamped before the mark and appears after it."""
    history = History()
    history.billit(Create())
    history.sync()
    history.billit(Wait(SECOND), Touch(0, age=4 * MINUTE), Create())
    history.sync()


def commits_as_late_as_allowed() -> None:
    """A change is stamped with the very time of the bookmark."""
    history = History()
    history.billit(Create())
    history.sync()
    history.billit(Touch(0, age=5 * MINUTE), Create())
    history.sync()


def commits_late_under_the_same_mark() -> None:
    """A change appears late, and the newest LastModified is what it was."""
    history = History()
    history.billit(Create(times=2))
    history.sync()
    history.billit(Touch(0, age=MINUTE))
    history.sync()


def ties_with_the_mark_as_late_as_allowed() -> None:
    """The lookback after the mark, to the tick, an order appears with the stamp of the mark."""
    history = History()
    history.billit(Create(age=5 * MINUTE))
    history.sync()
    history.billit(Create(age=5 * MINUTE))
    history.sync()


def changed_behind_a_killed_run() -> None:
    """A run is killed after page one, an order on it changes, the next run goes on behind it."""
    history = History()
    history.billit(Create(times=4))
    history.sync(kill_at=5)
    assert history.target.state["bookmarks"]
    history.billit(Wait(20 * MINUTE), Touch(0), Wait(20 * MINUTE), Create(kind=4))
    history.sync()
    history.sync()


def repeated_hour() -> None:
    """In autumn 02:50 is followed by 02:10."""
    history = History("2026-10-25T00:50:00")
    history.billit(Create(times=2), Wait(12 * MINUTE))
    history.sync()
    history.billit(Wait(8 * MINUTE), Touch(0), Wait(60 * MINUTE))
    history.sync()


def first_state_taken_for_stored() -> None:
    """A loader flushes one stream, hands back its first STATE, and dies with another stream."""
    history = History(target=BufferedByStream(3), streams=("sales_invoices", "supplier_invoices"))
    history.billit(Create(times=2), Wait(20 * MINUTE), Create(kind=2, times=4))
    history.sync(dies=True)
    history.sync()


def set_aside_and_killed(status: int, kill_at: int | None) -> None:
    """Details cannot be read in one run; the next one, which can, is killed; then one more."""
    history = History(streams=("sales_invoice_details",))
    history.billit(Create(times=5), Wait(6 * MINUTE))
    odd = {order: Reply.error(status, "Odd") for order in sorted(history.world.orders)[1:3]}
    assert not history.sync(unreadable=odd).complete
    history.billit(Create())
    if kill_at is not None:
        history.sync(kill_at=kill_at)
    history.sync()


def not_readable_for_a_while() -> None:
    set_aside_and_killed(403, None)


def not_found_for_a_while() -> None:
    set_aside_and_killed(404, None)


CAUGHT = (
    (deleted_between_pages, mutations.offset_paging),
    (moved_between_pages, mutations.offset_paging),
    (changed_behind_then_ahead, mutations.bookmark_is_largest_seen),
    (commits_late, mutations.no_lookback),
    (commits_as_late_as_allowed, mutations.gt),
    (commits_late_under_the_same_mark, mutations.unsettled_mark),
    (ties_with_the_mark_as_late_as_allowed, mutations.settled_too_soon),
    (changed_behind_a_killed_run, mutations.no_fresh_walk),
    (changed_behind_a_killed_run, mutations.interrupted_crawl_takes_new_mark),
    (repeated_hour, mutations.autumn_not_set_back),
    (first_state_taken_for_stored, mutations.first_state_after_records),
    (not_readable_for_a_while, mutations.set_aside_is_forgotten),
    (not_found_for_a_while, mutations.not_found_is_believed),
)


@pytest.mark.parametrize("history", dict.fromkeys(history for history, _ in CAUGHT))
def test_nothing_is_lost(history: Callable[[], None]) -> None:
    history()


@pytest.mark.parametrize(("history", "mutation"), CAUGHT)
def test_the_check_bites(history: Callable[[], None], mutation: Any) -> None:
    with mutation(), pytest.raises(BrokenPromiseError):
        history()


@pytest.mark.parametrize("kill_at", range(8))
def test_what_is_set_aside_survives_a_kill(kill_at: int) -> None:
    set_aside_and_killed(403, kill_at)


def test_ties_by_the_hundred() -> None:
    history = History(page_size=40)
    history.billit(Create(times=300))
    assert not history.sync(kill_at=150).complete
    history.sync()
    history.billit(Touch(150, age=5 * MINUTE))
    history.sync()


def test_an_account_at_rest_costs_two_requests_and_gives_nothing_twice() -> None:
    history = History(streams=("sales_invoices", "sales_invoice_details"))
    history.billit(Create(times=5), Wait(6 * MINUTE))
    first, second = history.sync(), history.sync()
    assert sum(message["type"] == "RECORD" for message in first.messages) == 10
    assert sum(message["type"] == "RECORD" for message in second.messages) == 0
    assert len(second.requests) == 2


def test_what_is_owed_is_as_of_this_sync() -> None:
    """A payment that does not move LastModified, and days that go by, arrive all the same."""
    history = History(refresh_unpaid=True)
    history.billit(Create(times=5), Wait(6 * MINUTE))
    history.sync()
    history.billit(Pay(1, quiet=True), Wait(40 * 24 * 60 * MINUTE))
    history.sync()
    assert [row["Paid"] for row in history.target.tables["sales_invoices"].values()].count(
        True
    ) == 1


@pytest.mark.parametrize(
    "now", ["2026-03-29T00:58:00", "2026-10-25T00:58:00", "2026-10-25T01:58:00"]
)
def test_clocks_that_change_lose_nothing(now: str) -> None:
    history = History(now)
    history.billit(Create(times=3))
    for _ in range(16):
        history.sync()
        history.billit(Wait(5 * MINUTE), Touch(0, age=5 * MINUTE), Touch(1))
    history.sync()


def test_a_start_date_in_the_repeated_hour_begins_before_it() -> None:
    """02:30 summer time is before 02:10 winter time."""
    history = History("2026-10-25T01:10:00", start_date="2026-10-25T00:30:00Z")
    history.billit(Create())
    history.sync()
    assert history.target.tables["sales_invoices"]


def test_a_start_date_moved_earlier_is_read_from_there() -> None:
    history = History(start_date="2026-06-10T10:30:00Z")
    history.billit(Create(times=2), Wait(60 * MINUTE), Create(times=2), Wait(6 * MINUTE))
    history.sync()
    assert len(history.target.tables["sales_invoices"]) == 2
    history.config["start_date"] = "2026-06-10T09:00:00Z"
    history.sync()
    assert len(history.target.tables["sales_invoices"]) == 4


def test_a_start_date_moved_later_and_back_reads_nothing_again() -> None:
    history = History()
    history.billit(Create(times=4), Wait(6 * MINUTE))
    history.sync()
    for start in ("2026-06-10T10:05:00Z", "2026-06-01T00:00:00Z"):
        history.config["start_date"] = start
        history.sync()
        history.billit(Create(), Wait(6 * MINUTE))
    del history.config["start_date"]
    run = history.sync()
    assert sum(message["type"] == "RECORD" for message in run.messages) == 2
