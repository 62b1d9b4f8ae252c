"""Mutations of the crawl: what a bookmark covers, how pages follow, when a STATE says what."""

from __future__ import annotations

from datetime import timedelta

from tests.simulation import lossy_taps
from tests.simulation.mutating import Mutation, Replace, Rewrite, told

CRAWL = (
    # The crawl: what its bookmark covers.
    Mutation(
        "no_lookback",
        Replace("settings:Settings.lookback", timedelta(0)),
        told("commits_late"),
    ),
    Mutation(
        "bookmark_is_largest_seen",
        lossy_taps.bookmark_is_largest_seen,
        told("changed_behind_then_ahead"),
    ),
    Mutation("gt", Rewrite("api.odata:ge", "ge {", "gt {"), told("commits_as_late_as_allowed")),
    Mutation(
        "unsettled_mark",
        Rewrite(
            "state:CompanyState.begin", "watermark.newest if is_proof else None", "watermark.newest"
        ),
        told("commits_late_under_the_same_mark"),
    ),
    Mutation(
        "settled_too_soon",
        Rewrite(
            "state:CompanyState._no_late_change_possible",
            "shifted(stamped, lookback) < watermark",
            "shifted(stamped, lookback) <= watermark",
        ),
        told("ties_with_the_mark_as_late_as_allowed"),
    ),
    Mutation(
        "autumn_not_set_back",
        Rewrite(
            "clock:BillitClock.floor",
            "while self.latest(naive) > self.earliest(naive)",
            "while False",
        ),
        told("repeated_hour"),
    ),
    Mutation(
        "no_fresh_walk",
        Rewrite(
            "streams.base:IncrementalStream.company_records",
            "yield from self._crawl(state, company, partition)\n",
            "yield from self._crawl(state, company, partition); return\n",
        ),
        told("changed_behind_a_killed_run"),
    ),
    Mutation(
        "interrupted_crawl_takes_new_mark",
        Rewrite(
            "streams.base:IncrementalStream.company_records",
            'self.say(company, "going on where the last run was cut short")',
            "last, mark = state.last_order_id, self.watermark(company)\n"
            "        state.begin(mark, lookback=self.account.settings.lookback)\n"
            "        state.written(last)",
        ),
        told("changed_behind_a_killed_run"),
    ),
    Mutation(
        "one_mark_for_all_companies",
        Replace(
            "account:BillitAccount.watermark",
            lambda self, path, company: self._watermarks.setdefault(
                path, self._ask_watermark(path, company)
            ),
        ),
        told("quiet_in_one_company_alone"),
    ),
    Mutation(
        "bookmark_goes_back",
        Rewrite("state:CompanyState.complete", "max(until, self.bookmark or until)", "until"),
        "test_state.py",
    ),
    Mutation(
        "covered_start_is_forgotten",
        Rewrite(
            "state:CompanyState.complete",
            '"start_date": crawl["start_date"],',
            '"start_date": None,',
        ),
        "test_histories.py -k start_date",
    ),
    Mutation(
        "start_is_read_again_each_time",
        Rewrite("walk:Walk._lacks_history", "self._start < self._history_start", "True"),
        "test_state.py",
    ),
    Mutation("no_doubt_about_the_zone", Replace("state:ZONE_DOUBT", timedelta(0)), "test_state.py"),
    Mutation(
        "bookmark_set_back_is_ignored",
        Rewrite(
            "state:CompanyState._is_set_back",
            "self.bookmark is None or self.bookmark < since",
            "False",
        ),
        told("bookmark_set_back_by_hand"),
    ),
    Mutation(
        "ignored_order_is_not_noticed",
        Rewrite("account:BillitAccount.ignores_newest_first", "if not than", "if True"),
        "test_query_fallbacks.py -k order_by_change",
    ),
    # Pages.
    Mutation("offset_paging", lossy_taps.orders_by_plain_links, told("deleted_between_pages")),
    Mutation(
        "lists_by_plain_links",
        lossy_taps.lists_by_plain_links,
        told("party_is_deleted_between_pages"),
    ),
    Mutation(
        "a_key_stays_as_it_was_written",
        Rewrite("api.pagination:KeysetPaginator._check_order", "order is not said", "False"),
        "test_pagination.py -k number_from_then_on",
    ),
    Mutation(
        "one_order_between_pages",
        Rewrite("api.pagination:KeysetPaginator._from_last", "self._last + 1", "self._last + 2"),
        "test_pagination.py",
    ),
    Mutation(
        "last_page_is_skipped",
        Rewrite("api.pagination:pages", "if rows:", "if rows and paginator.query is not None:"),
        "test_pagination.py",
    ),
    Mutation(
        "overlap_is_not_checked",
        Rewrite(
            "api.overlap:OverlapPaginator.advance",
            "if self._skip and not (marks and marks[0] in self._seen)",
            "if False",
        ),
        told("parties_are_deleted_between_pages"),
    ),
    Mutation(
        "a_row_that_moved_is_an_overlap",
        Rewrite("api.overlap:OverlapPaginator._mark", 'str(row.get("LastModified"))', "None"),
        "test_overlap.py",
    ),
    Mutation(
        "another_order_goes_on_where_the_last_was",
        Rewrite("api.overlap:OverlapPaginator.query_without", " and asked == self._asked", ""),
        "test_overlap.py -k refused_meanwhile",
    ),
    Mutation(
        "nothing_new_without_end",
        Rewrite("api.paginator:Paginator._check_progress", "> FRUITLESS", "> 10**9"),
        "test_overlap.py --timeout 10",
    ),
    Mutation(
        "an_empty_page_is_the_end",
        Rewrite(
            "api.pagination:KeysetPaginator.advance",
            "more or (self._more_expected and not rows)",
            "more",
        ),
        "test_pagination.py",
    ),
    Mutation(
        "count_of_what_is_not_listed",
        Rewrite("api.pagination:page_of", "not rows and not link", "False"),
        "test_pagination.py",
    ),
    # When a STATE says what.
    Mutation(
        "first_state_after_records",
        lossy_taps.first_state_after_records,
        told("first_state_taken_for_stored"),
    ),
    Mutation(
        "page_is_marked_before_it_is_written",
        Rewrite(
            "streams.orders:ListedOrders.changed_records",
            "self.write_state(coming=len(page))",
            "state.written(last); self.write_state(coming=len(page))",
        ),
        told("row_cannot_be_written"),
    ),
    Mutation(
        "details_are_marked_before_they_are_written",
        Rewrite(
            "streams.order_details:OrderDetails.changed_records",
            "yield from each.records\n            unsettled.add(each)",
            "unsettled.add(each)\n            yield from each.records",
        ),
        told("details_cannot_be_written"),
    ),
    Mutation(
        "no_state_for_rows",
        Rewrite(
            "streams.orders:ListedOrders.changed_records", "self.note_written(len(page))", "pass"
        ),
        "test_sync_cut_short.py",
    ),
    Mutation(
        "no_state_for_details",
        Rewrite(
            "streams.order_details:OrderDetails.changed_records",
            "self.note_written(len(each.records))",
            "pass",
        ),
        "test_watermark.py -k costs_no_more",
    ),
    Mutation(
        "no_last_state",
        Replace("tap:TapBillit._write_last_state", lambda _: None),
        "test_sync_cut_short.py test_shutdown.py",
    ),
    Mutation(
        "state_waits_in_the_buffer",
        Rewrite(
            "writer:LineWriter.write_message", " or not isinstance(message, RecordMessage)", ""
        ),
        "test_shutdown.py test_sync.py test_cli.py",
    ),
    Mutation(
        "state_in_the_middle_of_a_batch",
        Rewrite(
            "state_messages:StateByCompany.write_state",
            "not self.get_batch_config(self.config) and ",
            "",
        ),
        "test_sync_cut_short.py",
    ),
)
