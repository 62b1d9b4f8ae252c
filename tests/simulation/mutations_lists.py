"""Mutations of lists that Billit does not filter: what is read again, what is retired."""

from __future__ import annotations

from datetime import timedelta

from tests.simulation import lossy_taps
from tests.simulation.mutating import Mutation, Replace, Rewrite, told

LISTS = (
    Mutation(
        "nothing_may_change",
        Replace("streams.full_table:MAY_CHANGE", timedelta(0)),
        told("row_of_last_month_changes"),
    ),
    Mutation(
        "newest_rows_alone_may_change",
        Rewrite("list_state:ListState.complete", "max(may_change, default=0)", "0"),
        told("row_of_last_month_changes"),
    ),
    Mutation(
        "changes_are_not_looked_for",
        Rewrite(
            "streams.full_table:FullTableStream._may_change",
            "max(dates) >= shifted(self._now, -MAY_CHANGE)",
            "False",
        ),
        told("row_of_last_month_changes"),
    ),
    Mutation(
        "cut_short_is_not_noted",
        Replace("streams.full_table:FullTableStream._note_begun", lambda _: None),
        "test_full_lists.py -k cut_short",
    ),
    Mutation(
        "rows_to_come_are_young",
        Rewrite("streams.full_table:FullTableStream._date", "not self._now or", "True or"),
        "test_full_lists.py -k without_a_date",
    ),
    Mutation(
        "other_columns_are_the_same",
        Rewrite("list_state:ListState.__init__", 'state.get("columns") != columns', "False"),
        "test_full_lists.py -k other_columns",
    ),
    Mutation(
        "lists_are_never_whole_again",
        Rewrite("streams.full_table:FullTableStream._round", "now - last < pause", "True"),
        told("old_row_changes"),
    ),
    Mutation(
        "whole_reads_leave_out_what_is_known",
        Rewrite("streams.full_table:FullTableStream.company_records", " or whole:", ":"),
        told("row_vanishes"),
    ),
    Mutation(
        "any_run_activates_a_version",
        Rewrite(
            "streams.full_table:FullTableStream.activate_version",
            "self._whole == len(self.account.companies)",
            "True",
        ),
        told("versions_are_switched_on"),
    ),
    Mutation(
        "each_run_has_a_version",
        Rewrite(
            "streams.full_table:FullTableStream.get_records",
            "self._stream_version is not None and",
            "False and",
        ),
        "test_full_lists.py -k version",
    ),
    Mutation(
        "list_state_moves_early",
        lossy_taps.list_state_moves_early,
        told("list_row_cannot_be_written"),
    ),
    Mutation(
        "list_before_the_first_state",
        Rewrite("streams.full_table:FullTableStream._note_begun", "self.write_state(", "dict("),
        told("first_state_comes_after_a_list"),
    ),
    Mutation(
        "another_order_is_not_noticed",
        Rewrite(
            "api.newest_key:NewestKeyPaginator.advance",
            "self._number(row) < self._number(following)",
            "False",
        ),
        told("list_has_another_order"),
    ),
    Mutation(
        "list_with_rows_without_key_is_done",
        Rewrite(
            "streams.full_table:FullTableStream.company_records",
            "in_order and not self._lacks_rows",
            "in_order",
        ),
        "test_full_lists.py -k without_a_key",
    ),
    Mutation(
        "a_whole_read_of_tomorrow_counts",
        Rewrite("streams.full_table:FullTableStream._round", " and last <= now", ""),
        "test_full_lists.py -k future",
    ),
    Mutation(
        "an_idle_list_is_written_again",
        Rewrite("list_state:ListState.is_new", "chunk.digest not in self._written", "True"),
        "test_full_lists.py -k idle",
    ),
)
