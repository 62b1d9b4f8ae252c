"""Nothing is lost in these histories, and each rule of the tap is needed for one of them.

Each is told once with the tap as it is, which keeps the promise, and once with the tap that it
catches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.history import MINUTE, History
from tests.simulation import stories
from tests.simulation import stories_lists as lists
from tests.simulation import stories_recent as recent
from tests.simulation.mutations import MUTATIONS
from tests.simulation.promise import BrokenPromiseError
from tests.simulation.world import Add, Create, Edit, Touch, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

CAUGHT = (
    (stories.deleted_between_pages, "offset_paging"),
    (stories.moved_between_pages, "offset_paging"),
    (stories.changed_behind_then_ahead, "bookmark_is_largest_seen"),
    (stories.commits_late, "no_lookback"),
    (stories.commits_as_late_as_allowed, "gt"),
    (stories.commits_late_under_the_same_mark, "unsettled_mark"),
    (stories.ties_with_the_mark_as_late_as_allowed, "settled_too_soon"),
    (stories.changed_behind_a_killed_run, "no_fresh_walk"),
    (stories.changed_behind_a_killed_run, "interrupted_crawl_takes_new_mark"),
    (stories.bookmark_set_back_by_hand, "bookmark_set_back_is_ignored"),
    (stories.bookmark_removed_by_hand, "bookmark_set_back_is_ignored"),
    (stories.repeated_hour, "autumn_not_set_back"),
    (stories.first_state_taken_for_stored, "first_state_after_records"),
    (stories.not_readable_for_a_while, "set_aside_is_forgotten"),
    (stories.not_readable_for_a_while, "any_4xx_is_deleted"),
    (stories.not_readable_for_a_while, "set_aside_is_not_tried_again"),
    (stories.not_found_for_a_while, "not_found_is_believed"),
    (stories.row_cannot_be_written, "page_is_marked_before_it_is_written"),
    (stories.details_cannot_be_written, "details_are_marked_before_they_are_written"),
    (stories.file_cannot_be_written, "details_are_marked_before_they_are_written"),
    (stories.moved_before_its_details_are_read, "details_are_not_held_against_the_order"),
    (stories.deleted_before_its_files_are_read, "file_of_a_deleted_order_is_missing"),
    (stories.quiet_in_one_company_alone, "one_mark_for_all_companies"),
    (stories.refused_for_a_while, "refused_company_is_no_failure"),
    (stories.party_is_deleted_between_pages, "lists_by_plain_links"),
    (stories.parties_are_deleted_between_pages, "overlap_is_not_checked"),
    (lists.row_of_last_month_changes, "nothing_may_change"),
    (lists.row_of_last_month_changes, "newest_rows_alone_may_change"),
    (lists.row_of_last_month_changes, "changes_are_not_looked_for"),
    (lists.old_row_changes, "lists_are_never_whole_again"),
    (lists.row_vanishes, "whole_reads_leave_out_what_is_known"),
    (lists.versions_are_switched_on, "any_run_activates_a_version"),
    (lists.list_row_cannot_be_written, "list_state_moves_early"),
    (lists.first_state_comes_after_a_list, "list_before_the_first_state"),
    (lists.list_has_another_order, "another_order_is_not_noticed"),
    (stories.credit_note_has_files, "files_of_invoices_only"),
    (stories.one_of_each, "supplier_credit_notes_as_income"),
    (stories.one_of_each, "credit_note_details_as_invoices"),
    (stories.one_of_each, "details_without_their_company"),
    (stories.paid_today, "nothing_reread"),
    (stories.paid_today, "what_left_is_not_asked"),
    (stories.paid_two_months_ago, "what_left_is_not_asked"),
    (stories.paid_without_a_date, "what_left_is_not_asked"),
    (stories.paid_behind_the_list, "what_left_after_the_list_is_not_asked"),
    (stories.paid_is_no_longer_said, "what_left_is_not_asked"),
    (stories.killed_before_it_was_asked, "what_left_is_forgotten_at_a_kill"),
    (stories.killed_while_it_was_asked, "asked_before_it_is_written"),
    (stories.open_again_and_killed, "open_again_is_not_noted_at_once"),
    (stories.became_an_offer, "index_of_invoices_alone"),
    (stories.open_and_of_another_kind, "what_left_is_asked_of_any_kind"),
    (stories.open_since_the_last_refresh, "open_ones_are_noted_by_refreshes_alone"),
    (stories.state_that_knows_no_open_ones, "unknown_is_none"),
    (stories.owed_for_longer, "nothing_reread"),
    (stories.owed_for_longer, "same_mark_ends_what_rereads"),
    (recent.read_in_two_rounds, "older_is_never_read"),
    (recent.read_in_two_rounds, "older_is_passed_over"),
    (recent.killed_in_the_backfill, "older_is_never_read"),
    (recent.killed_in_the_backfill, "backfill_begins_where_the_crawl_ended"),
    (recent.changed_while_the_older_are_read, "bookmark_moves_with_the_backfill"),
    (recent.emptied_and_begun_again, "backfill_outlives_its_bookmark"),
    (recent.start_moved_earlier, "backfill_is_once_for_all"),
    (recent.start_set_within_what_is_read, "older_is_never_read"),
)


@pytest.mark.parametrize("history", dict.fromkeys(history for history, _ in CAUGHT))
def test_nothing_is_lost(history: Callable[[], None]) -> None:
    history()


@pytest.mark.parametrize(("history", "mutation"), CAUGHT)
def test_the_check_bites(history: Callable[[], None], mutation: str) -> None:
    with MUTATIONS[mutation].apply(), pytest.raises(BrokenPromiseError):
        history()


@pytest.mark.parametrize("kill_at", range(8))
def test_what_is_set_aside_survives_a_kill(kill_at: int) -> None:
    stories.set_aside_and_killed(403, kill_at)


def test_a_list_is_read_as_far_as_it_changed() -> None:
    history = History(streams=("parties",))
    history.billit(Add(times=9), Wait(20 * MINUTE), Add(), Wait(6 * MINUTE))
    history.sync()
    history.billit(Edit("parties", 0), Wait(6 * MINUTE))
    assert len(history.sync().requests) == 1 + 1 + 1


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
