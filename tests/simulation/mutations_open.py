"""Mutations of what is open: what is read again, what has left, what the state remembers of it."""

from __future__ import annotations

from tests.simulation.mutating import Mutation, Replace, Rewrite, told

OPEN = (
    Mutation(
        "nothing_reread",
        Replace("streams.orders:OrderRows.is_refresh_due", lambda *_: False),
        told("owed_for_longer"),
    ),
    Mutation(
        "same_mark_ends_what_rereads",
        Rewrite(
            "streams.base:IncrementalStream.company_records",
            "and not self.is_refresh_due(state, watermark)",
            "",
        ),
        told("owed_for_longer"),
    ),
    Mutation(
        "what_left_is_not_asked",
        Replace("streams.orders:rows_that_left", lambda *_: ()),
        told("paid_without_a_date"),
    ),
    Mutation(
        "what_left_after_the_list_is_not_asked",
        Replace("open_orders:OpenOrders.list_ends", lambda *_, **__: None),
        told("paid_behind_the_list"),
    ),
    Mutation(
        "what_left_is_forgotten_at_a_kill",
        Rewrite(
            "open_orders:OpenOrders._read",
            'self._orders = {*unpack(said["orders"])',
            'said["left"] = []; self._orders = {*unpack(said["orders"])',
        ),
        told("killed_before_it_was_asked"),
    ),
    Mutation(
        "asked_before_it_is_written",
        Rewrite(
            "streams.left_open:_Asking._ask",
            "self._found, self._without_key = {}, 0",
            "self._found, self._without_key = {}, 0; self._settle(orders)",
        ),
        told("killed_while_it_was_asked"),
    ),
    Mutation(
        "open_again_is_not_noted_at_once",
        Replace("streams.orders:OrderRows._note_reopened", lambda *_: None),
        told("open_again_and_killed"),
    ),
    Mutation(
        "what_left_is_asked_of_any_kind",
        Rewrite("streams.left_open:_Asking._ask", "*self._stream.kinds(), any_of", "any_of"),
        told("open_and_of_another_kind"),
    ),
    Mutation(
        "open_ones_are_noted_by_refreshes_alone",
        Rewrite(
            "open_orders:OpenOrders.listed",
            "self.written(rows)",
            "self.refreshing and self.written(rows)",
        ),
        told("open_since_the_last_refresh"),
    ),
    Mutation(
        "unknown_is_none",
        Rewrite(
            "streams.orders:OrderRows.company_state",
            "forget(partition)",
            "state.open.start()",
        ),
        told("state_that_knows_no_open_ones"),
    ),
    # What is asked by id, over sockets.
    Mutation(
        "any_number_is_asked_by_id",
        Replace("streams.left_open:AT_ONCE", 10**6),
        "test_open_orders.py -k thirty",
    ),
    Mutation(
        "refused_by_number_is_refused_for_good",
        Rewrite("streams.left_open:_Asking.records", "or len(orders) == 1", "or True"),
        "test_open_orders.py -k fewer",
    ),
    Mutation(
        "what_cannot_be_asked_stops_the_stream",
        Rewrite("streams.left_open:rows_that_left", "if error.costs > Costs.STREAM", "if True"),
        "test_open_orders.py -k costs_no_more",
    ),
    Mutation(
        "refreshed_although_not_all_was_asked",
        Rewrite("open_orders:OpenOrders.end", 'began and not self._said["left"]', "began"),
        "test_open_orders.py -k costs_no_more",
    ),
    Mutation(
        "by_id_is_not_held_against_what_was_asked",
        Rewrite("streams.left_open:_Asking._usable", "not in asked", "is None"),
        "test_open_orders.py -k not_asked_for",
    ),
    Mutation(
        "rows_without_key_are_taken_for_gone",
        Rewrite("streams.left_open:_Asking._settle", "if self._without_key", "if False"),
        "test_open_orders.py -k without_a_key",
    ),
    Mutation(
        "open_by_its_row_alone_is_asked_for_ever",
        Rewrite(
            "streams.left_open:_Asking._settle",
            "[*closed, *doubted]",
            "closed",
        ),
        "test_open_orders.py -k for_ever",
    ),
    Mutation(
        "one_answer_is_believed",
        Rewrite("open_orders:OpenOrders.doubt", "if order in doubted", "if True"),
        "test_open_orders.py -k lags_behind",
    ),
    Mutation(
        "a_list_of_another_company_is_shared",
        Rewrite("shared_lists:_ask", " and is_of(company, row)", ""),
        "test_shared_lists.py -k another_company",
    ),
    Mutation(
        "a_list_without_the_newest_change_is_shared",
        Rewrite("shared_lists:_ask", "not newest or", "True or"),
        "test_shared_lists.py -k newest_change",
    ),
    Mutation(
        "a_refused_query_costs_all_that_share_it",
        Rewrite("shared_lists:_ask", "!= codes.bad_request", "!= 0"),
        "test_shared_lists.py -k refused",
    ),
    # What the state says of it.
    Mutation(
        "damage_is_none",
        Rewrite("open_orders:OpenOrders.__init__", 'del state["open"]', "self.start()"),
        "test_open_orders.py -k not_understood",
    ),
    Mutation(
        "each_sync_refreshes",
        Rewrite("open_orders:OpenOrders.is_due", "if last is None or now is None", "if True"),
        "test_open_orders.py -k so_often",
    ),
    Mutation(
        "a_daily_run_refreshes_every_other_day",
        Replace("open_orders:EARLY", 0),
        "test_open_orders.py -k so_often",
    ),
    Mutation(
        "ahead_of_the_clock_is_refreshed",
        Rewrite("open_orders:OpenOrders.is_due", "timedelta(0) <= age < every", "age < every"),
        "test_open_orders.py -k ahead",
    ),
    Mutation(
        "a_long_state_is_written_as_often",
        Rewrite("state_messages:StatePace._is_time", "max(PAGE, size // A_RECORD)", "PAGE"),
        "test_open_orders.py -k long_state",
    ),
    # What streams share.
    Mutation(
        "each_asks_its_own",
        Replace("shared_lists:SharedLists._own", lambda *_: None),
        "test_shared_lists.py -k one_request",
    ),
    Mutation(
        "a_page_of_a_shared_list_is_taken_for_all",
        Rewrite("shared_lists:_ask", "and paginator.query is None", ""),
        "test_shared_lists.py -k more_has_changed",
    ),
    Mutation(
        "rows_of_any_kind_are_shared",
        Rewrite("shared_lists:_ask", "_says_its_kind(row, types) and ", ""),
        "test_shared_lists.py -k not_asked_for",
    ),
    Mutation(
        "shared_rows_without_key_pass",
        Rewrite("shared_lists:_ask", "len(found) == len(rows)", "True"),
        "test_shared_lists.py -k not_asked_for",
    ),
    Mutation(
        "shared_by_streams_that_have_other_bookmarks",
        Replace("shared_lists:_agree", lambda *_: True),
        "test_shared_lists.py -k other_bookmark",
    ),
)
