"""Mutations of the two rounds of a first sync: what is recent, then what is older."""

from __future__ import annotations

from tests.simulation.mutating import Mutation, Replace, Rewrite, told

RECENT = (
    Mutation(
        "older_is_never_read",
        Replace("tap:TapBillit._backfill", lambda _: None),
        told("read_in_two_rounds"),
    ),
    Mutation(
        "older_is_passed_over",
        Rewrite("backfill:Backfill.passes_over", "stamped >= self._history_start", "True"),
        told("read_in_two_rounds"),
    ),
    Mutation(
        "recent_is_read_twice",
        Rewrite("backfill:Backfill.passes_over", "stamped >= self._history_start", "False"),
        "test_recent_first.py -k once",
    ),
    Mutation(
        "unknown_change_is_passed_over",
        Rewrite("backfill:Backfill.passes_over", "return False", "return True"),
        "test_recent_first.py -k last_change_is_unknown",
    ),
    Mutation(
        "an_offset_leaves_no_doubt",
        Rewrite("backfill:Backfill.passes_over", "if not self._clock", "if False and self._clock"),
        "test_backfill.py",
    ),
    Mutation(
        "backfill_begins_where_the_crawl_ended",
        Rewrite(
            "backfill:Backfill.begin",
            '"last_order_id": None',
            '"last_order_id": 10**9',
        ),
        told("killed_in_the_backfill"),
    ),
    Mutation(
        "bookmark_moves_with_the_backfill",
        Rewrite(
            "backfill:Backfill.complete",
            "self._history_start =",
            'self._state["replication_key_value"] = "2026-06-13T12:30:00"; self._history_start =',
        ),
        told("changed_while_the_older_are_read"),
    ),
    Mutation(
        "backfill_outlives_its_bookmark",
        Rewrite("backfill:RecentFirst.begin", "self.bookmark is None", "False"),
        told("emptied_and_begun_again"),
    ),
    Mutation(
        "backfill_is_once_for_all",
        Rewrite(
            "streams.recent_first:RecentFirstStream._older",
            "if backfill.is_due",
            "elif backfill.is_due",
        ),
        told("start_moved_earlier"),
    ),
    Mutation(
        "start_moved_later_is_ignored",
        Replace("backfill:Backfill._revise", lambda *_: None),
        "test_recent_first.py -k moved_later",
    ),
    Mutation(
        "rows_without_key_hold_the_older_back",
        Rewrite("backfill:RecentFirst.cover", "self.bookmark is None", "False"),
        "test_recent_first.py -k keep_what_is_older",
    ),
    Mutation(
        "rows_without_key_count_as_read",
        Replace("backfill:Backfill.cover", lambda *_, **__: None),
        "test_recent_first.py -k among_the_older",
    ),
    Mutation(
        "each_stream_goes_on_alone",
        Rewrite(
            "streams.recent_first:RecentFirstStream._newest",
            "self._unfinished.add(company)",
            "yield from self._older(company, backfill)",
        ),
        "test_recent_first.py -k before_any_goes_on",
    ),
    Mutation(
        "full_table_in_two_rounds",
        Rewrite(
            "streams.recent_first:RecentFirstStream.open_state",
            "timedelta(0) if is_full else",
            "",
        ),
        "test_recent_first.py -k full_table",
    ),
)
