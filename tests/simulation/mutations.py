"""Mutations: what the tap would be with one of its rules taken away, and the tests that see it.

The short ones of the histories run in the suite. All of them, each against the tests that must
catch it, take some minutes:

    HYPOTHESIS_PROFILE=thorough pytest tests/test_mutations.py

A new rule of the tap comes with a line here. Where the text of the tap changes, so does its line.
"""

from __future__ import annotations

import json
from http.client import HTTPResponse

from tests.simulation.mutating import Mutation, Replace, Rewrite, told
from tests.simulation.mutations_airbyte import AIRBYTE
from tests.simulation.mutations_crawl import CRAWL
from tests.simulation.mutations_guards import GUARDS
from tests.simulation.mutations_lists import LISTS
from tests.simulation.mutations_login import LOGIN
from tests.simulation.mutations_open import OPEN
from tests.simulation.mutations_recent import RECENT
from tests.simulation.mutations_stores import STORES

_ALL = (
    *CRAWL,
    *AIRBYTE,
    *GUARDS,
    *LISTS,
    *LOGIN,
    *STORES,
    *OPEN,
    *RECENT,
    # What is read.
    Mutation(
        "supplier_credit_notes_as_income",
        Replace("streams.orders:SupplierCreditNotes.direction", "Income"),
        told("one_of_each"),
    ),
    Mutation(
        "credit_note_details_as_invoices",
        Replace("streams.order_details:SalesCreditNoteDetails.order_type", "Invoice"),
        told("one_of_each"),
    ),
    Mutation(
        "files_of_invoices_only",
        Replace("streams.invoice_files:KINDS", ("Invoice",)),
        told("credit_note_has_files"),
    ),
    Mutation(
        "file_of_a_deleted_order_is_missing",
        Replace("errors:MissingFileError.maybe_gone", value=False),
        told("deleted_before_its_files_are_read"),
    ),
    Mutation(
        "lists_are_read_whole",
        Rewrite(
            "streams.newest_first:NewestFirstStream.changed_records",
            "state.since is not None",
            "False",
        ),
        "test_histories.py -k as_far_as",
    ),
    Mutation(
        "index_of_invoices_alone",
        Replace("streams.order_index:Orders.kinds", lambda _: ["OrderType eq 'Invoice'"]),
        told("became_an_offer"),
    ),
    Mutation(
        "details_without_their_company",
        Rewrite("streams.order_details:OrderDetails.read", ", company=company", ""),
        told("one_of_each"),
    ),
    Mutation(
        "decimals_as_floats",
        Rewrite(
            "api.client:BillitClient._read", "return read(", "return __import__('json').loads("
        ),
        "test_sync.py",
    ),
    Mutation(
        "numbers_in_text_stay_text",
        Rewrite("schema_drift:KnownProperties._mend_values", "record[name] = _read", "_read"),
        "test_query_fallbacks.py",
    ),
    # Asking ahead.
    Mutation(
        "nobody_ends_the_thread",
        Rewrite("api.prefetch:prefetch", "over.set()", "pass"),
        "test_prefetch.py",
    ),
    Mutation(
        "any_number_at_once",
        Rewrite("api.prefetch:map_in_order", "len(under_way) == at_once", "False"),
        "test_prefetch.py",
    ),
    # What fails, and what it costs.
    Mutation(
        "refused_company_is_no_failure",
        Replace("tap:TapBillit._name_what_is_missing", lambda _: None),
        told("refused_for_a_while"),
    ),
    Mutation(
        "state_of_refused_company_is_forgotten",
        Rewrite(
            "streams.base:CompanyStream._forgivingly",
            "self.account.incomplete.leave_out(self.name, company, error)",
            "partition.clear(); self.account.incomplete.leave_out(self.name, company, error)",
        ),
        "test_sync_cut_short.py",
    ),
    Mutation(
        "any_4xx_is_deleted",
        Rewrite(
            "streams.settling:Unsettled.settle",
            "attempt.maybe_gone and attempt.order not in listed",
            "attempt.error is not None",
        ),
        told("not_readable_for_a_while"),
    ),
    Mutation(
        "set_aside_is_forgotten",
        Replace("set_aside:SetAside.add", lambda *_: None),
        told("not_readable_for_a_while"),
    ),
    Mutation(
        "not_found_is_believed",
        Replace("streams.order_details:still_listed", lambda *_: set()),
        told("not_found_for_a_while"),
    ),
    Mutation(
        "details_are_not_held_against_the_order",
        Replace("streams.order_details:OrderDetails._hold_against", lambda *_: None),
        told("moved_before_its_details_are_read"),
    ),
    Mutation(
        "rows_are_not_held_against_the_filter",
        Replace("streams.orders:OrderStream.check", lambda *_: None),
        "test_unit_of_failure.py",
    ),
    Mutation(
        "rows_without_key_pass",
        Rewrite(
            "streams.base:CompanyStream.with_key",
            "if all(is_key(row.get(key)) for key in keys)",
            "",
        ),
        "test_unit_of_failure.py",
    ),
    Mutation(
        "company_id_may_be_null",
        Rewrite("streams.base:CompanyStream.post_process", 'not row.get("CompanyID")', "False"),
        "test_unit_of_failure.py",
    ),
    Mutation(
        "set_aside_is_not_tried_again",
        Replace("streams.order_details:OrderDetails.set_aside_records", lambda *_: ()),
        told("not_readable_for_a_while"),
    ),
    Mutation(
        "an_outage_is_no_outage",
        Rewrite("set_aside:Recent.note", "return sum(self._failed) > RECENT // 2", "return False"),
        "test_set_aside.py -k outage",
    ),
    Mutation(
        "any_number_is_accepted",
        Rewrite(
            "tap:TapBillit._name_what_is_missing", "> self.settings.accept_unreadable", "> 10**9"
        ),
        "test_set_aside.py",
    ),
    Mutation(
        "patience_is_never_spent",
        Replace("api.retry:Patience.spend", lambda _: None),
        "test_odd_answers.py -k odd_thing",
    ),
    # Values.
    Mutation(
        "no_second_reading",
        Replace("api.client:read_leniently", lambda content, **_: json.loads(content)),
        "test_values.py -k odd_characters",
    ),
    Mutation(
        "odd_values_pass",
        Replace("schema_drift:KnownProperties.mend", lambda *_: ()),
        "test_values.py",
    ),
    Mutation(
        "unknown_properties_are_dropped",
        Rewrite(
            "streams.base:BillitStream.post_process",
            "other[path] = value",
            "pass",
        ),
        "test_values.py -k unknown",
    ),
    Mutation(
        "strict_base64",
        Rewrite("file_store:decoded", '.translate(str.maketrans("-_", "+/")).rstrip("=")', ""),
        "test_file_store.py -k base64",
    ),
    Mutation(
        "what_is_said_before_is_the_answer",
        Replace("api.deadline:_TimedResponse._read_status", vars(HTTPResponse)["_read_status"]),
        "test_connections.py -k said_before",
    ),
    Mutation(
        "a_date_header_of_any_year",
        Replace("account:BillitAccount._plausible", lambda _, date, __: date),
        "test_watermark.py -k years_off",
    ),
    Mutation(
        "a_change_of_any_year",
        Rewrite("account:BillitAccount._plausible", " or abs(now - changed) > abs(now - date)", ""),
        "test_watermark.py -k years_ahead",
    ),
    Mutation(
        "what_is_no_number_is_null",
        Rewrite(
            "api.json_text:read_leniently", "parse_constant=str", "parse_constant=lambda _: None"
        ),
        "test_unit_of_failure.py -k NaN",
    ),
    Mutation(
        "the_calendar_has_no_ends",
        Rewrite("clock:shifted", "except OverflowError", "except KeyError"),
        "test_state.py -k calendar",
    ),
    # Files.
    Mutation(
        "files_are_written_in_place",
        Rewrite(
            "file_store:FileStore.write",
            "_write_locally(place, content)",
            "self._fs.pipe_file(place, content)",
        ),
        "test_file_store.py -k full_disk",
    ),
    Mutation(
        "uploads_are_written_in_place",
        Rewrite(
            "file_store:FileStore.write", "OBJECT_STORES.isdisjoint(_protocols(self._fs))", "False"
        ),
        "test_file_store.py -k half_a_file",
    ),
    # Rows that go out as they came.
    Mutation(
        "raw_whatever_is_mapped",
        Rewrite("streams.raw_records:RawRecords._raw_writer", "not self._goes_as_it_is", "False"),
        "test_selection.py test_batch.py",
    ),
    Mutation(
        "raw_beside_a_batch",
        Rewrite(
            "streams.raw_records:RawRecords._raw_writer",
            " or self.get_batch_config(self.config)",
            "",
        ),
        "test_batch.py",
    ),
    Mutation(
        "raw_over_the_limit",
        Rewrite(
            "streams.raw_records:RawRecords._raw_writer",
            "self.ABORT_AT_RECORD_COUNT is not None",
            "False",
        ),
        "test_raw_rows.py -k limit",
    ),
    Mutation(
        "raw_is_not_counted",
        Rewrite(
            "streams.raw_records:RawRecords.write_raw",
            "self._counter.increment(len(records))",
            "pass",
        ),
        "test_raw_rows.py -k bytes",
    ),
    Mutation(
        "raw_of_columns_taken_out",
        Rewrite("streams.raw_records:RawRecords._raw_writer", " or self._without_column", ""),
        "test_values.py test_selection.py",
    ),
    Mutation(
        "raw_of_any_kind",
        Rewrite(
            "streams.raw_records:RawRecords._raw_reader", "expected=self.expected", "expected={}"
        ),
        "test_raw_rows.py -k kind",
    ),
    Mutation(
        "raw_of_any_company",
        Rewrite("api.raw_rows:RawReader._raw_row", "row.CompanyID not in (None, company)", "False"),
        "test_raw_rows.py -k other_row",
    ),
    Mutation(
        "raw_without_company",
        Rewrite("api.raw_rows:RawReader._raw_row", "row.CompanyID is None", "False"),
        "test_raw_rows.py",
    ),
    Mutation(
        "each_page_is_logged",
        Rewrite("streams.orders:ListedOrders.changed_records", "monotonic() - said >= 1", "True"),
        "test_raw_rows.py -k log",
    ),
    Mutation(
        "raw_with_names_unknown",
        Rewrite(
            "api.raw_rows:_struct", "forbid_unknown_fields=True", "forbid_unknown_fields=False"
        ),
        "test_raw_rows.py -k other_row",
    ),
    Mutation(
        "raw_although_changed",
        Rewrite("api.raw_rows:is_as_it_came", " and row.raw is not None", ""),
        "test_raw_rows.py -k is_set",
    ),
    Mutation(
        "raw_on_two_lines",
        Rewrite("api.raw_rows:_has_many_lines", 'b"\\n" in content', "False"),
        "test_raw_rows.py -k line",
    ),
    Mutation(
        "raw_on_two_old_lines",
        Rewrite("api.raw_rows:_has_many_lines", 'b"\\r" in content', "False"),
        "test_raw_rows.py -k line",
    ),
    Mutation(
        "raw_with_a_blank_before_the_time",
        Rewrite("api.raw_rows:_are_dates", '" " not in written', "True"),
        "test_raw_rows.py -k space",
    ),
    Mutation(
        "raw_with_a_small_t_before_the_time",
        Rewrite("api.raw_rows:_are_dates", '"t" not in written', "True"),
        "test_raw_rows.py -k small",
    ),
    Mutation(
        "raw_with_any_date",
        Rewrite("api.raw_rows:_are_dates", "return False", "return True"),
        "test_raw_rows.py -k day",
    ),
    Mutation(
        "raw_with_more_digits_of_a_second",
        Replace("api.raw_rows:_DATE_TIME", str),
        "test_raw_rows.py -k digits",
    ),
    Mutation(
        "raw_with_odd_values_in_parts",
        Rewrite("api.raw_rows:RawReader._fit", "in paths)", "in paths if len(path) == 1)"),
        "test_raw_rows.py -k array",
    ),
    Mutation(
        "an_odd_value_costs_its_page",
        Rewrite("api.raw_rows:RawReader.page", "if row and self._fit([row])", "if False"),
        "test_raw_rows.py -k leaves_the_others",
    ),
    Mutation(
        "raw_with_what_is_no_number",
        Rewrite("api.raw_rows:_are_numbers", "not written.translate", "True or written.translate"),
        "test_raw_rows.py -k other_row",
    ),
    Mutation(
        "raw_with_numbers_of_any_length",
        Rewrite("api.raw_rows:_are_numbers", "_TOO_LONG not in written", "True"),
        "test_raw_rows.py -k amount",
    ),
    Mutation(
        "raw_with_what_is_no_object",
        Rewrite("api.raw_rows:_are_objects", 'value.startswith(b"{")', "True"),
        "test_raw_rows.py -k other_row",
    ),
    Mutation(
        "raw_with_long_numbers_in_objects",
        Rewrite("api.raw_rows:_are_objects", "_TOO_LONG not in alike", "True"),
        "test_raw_rows.py -k long",
    ),
    Mutation(
        "raw_with_odd_exponents_in_objects",
        Rewrite("api.raw_rows:_are_objects", "not _EXPONENT.search(alike)", "True"),
        "test_raw_rows.py -k exponent",
    ),
    Mutation(
        "raw_beyond_a_bigint",
        Rewrite(
            "api.raw_rows:_or_null",
            "_type_of(definition)",
            "(int if type_name(definition) == 'integer' else _type_of(definition))",
        ),
        "test_raw_rows.py -k bigint",
    ),
    Mutation(
        "raw_of_its_own_envelope",
        Rewrite("writer:LineWriter.format_records", "(after + before)", "before"),
        "test_raw_rows.py -k bytes",
    ),
)
MUTATIONS = {mutation.name: mutation for mutation in _ALL}
