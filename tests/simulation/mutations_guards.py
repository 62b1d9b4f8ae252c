"""Mutations of what stands around the crawl: files and settings, BATCH, the login, the end."""

from __future__ import annotations

from tests.simulation.mutating import Mutation, Replace, Rewrite

GUARDS = (
    # What each request says.
    Mutation(
        "nobody_asks",
        Rewrite(
            "api.client:BillitClient._prepared", "{**self._session.headers, **headers}", "headers"
        ),
        "test_client.py -k who_asks",
    ),
    Mutation(
        "cookies_are_kept",
        Rewrite("api.client:BillitClient._prepared", "cookies=self._session.cookies,", ""),
        "test_client.py -k cookie",
    ),
    # What the command line is given.
    Mutation(
        "nan_is_a_number",
        Rewrite("cli_files:parsed", ", parse_constant=_no_number", ""),
        "test_settings.py -k number",
    ),
    Mutation(
        "any_depth",
        Replace("cli_files:_check_depth", lambda *_, **__: None),
        "test_settings.py -k deep",
    ),
    Mutation(
        "a_float_of_0_is_above_0",
        Rewrite("settings.values:_number", "_is_in_range(float(number)", "_is_in_range(number"),
        "test_settings_values.py -k float_makes_0",
    ),
    Mutation(
        "a_login_reads_raw_settings",
        Replace("auth.login:plain_values", lambda config, _: (dict(config), [])),
        "login/test_login_fails.py -k another_type",
    ),
    Mutation(
        "a_catalog_of_any_shape",
        Rewrite("catalog:check_catalog", "msgspec.convert(document, _Catalog)", "pass"),
        "test_settings.py test_catalog_mistakes.py -k catalog",
    ),
    Mutation(
        "a_catalog_says_how_to_read",
        Replace("catalog:check_entry", lambda *_: None),
        "test_catalog_mistakes.py -k named",
    ),
    Mutation(
        "keys_are_as_the_catalog_has_them",
        Rewrite("tap:TapBillit.setup_mapper", "if name in self.streams", "if False"),
        "test_catalog_mistakes.py -k as_ever",
    ),
    Mutation(
        "two_states_of_a_company",
        Rewrite("state:check_bookmarks", "if company in companies[:number]", "if False"),
        "test_settings.py -k two",
    ),
    Mutation(
        "set_aside_for_nobody",
        Replace("tap:forget_set_aside", lambda *_, **__: []),
        "test_set_aside.py -k read_alone",
    ),
    Mutation(
        "a_refused_connection_test_succeeds",
        Rewrite("tap:TapBillit.run_connection_test", "self._name_what_is_missing()", "pass"),
        "test_cli.py -k connection_test",
    ),
    Mutation(
        "a_connection_test_ends_by_an_error",
        Rewrite(
            "streams.record_writer:RecordWriter._sync_records", "self.ABORT_AT_RECORD_COUNT", "None"
        ),
        "test_cli.py -k connection_test",
    ),
    Mutation(
        "tracebacks_for_all",
        Rewrite("unforeseen:told", "logger.debug", "logger.error"),
        "test_unforeseen.py",
    ),
    Mutation(
        "flattening_has_no_columns_for_the_unknown",
        Replace("streams.base:take_unknown", lambda *_, **__: {}),
        "test_flattening.py",
    ),
    Mutation(
        "files_are_fetched_to_be_counted",
        Replace("file_store:FileStore._kept", lambda *_: None),
        "test_file_store.py -k fetched",
    ),
    Mutation(
        "a_digest_of_another_size_is_believed",
        Rewrite("file_store:FileStore.find", "kept and kept.size == size", "kept"),
        "test_file_store.py -k fetched",
    ),
)
