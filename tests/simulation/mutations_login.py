"""Mutations of the login, its store, the rate limit and the end of a process."""

from __future__ import annotations

from tests.simulation.mutating import Mutation, Replace, Rewrite

LOGIN = (
    # Spending a single-use token.
    Mutation(
        "no_note_before_spending",
        Rewrite("tokens.rotation:Rotation.spend", "self._store.replace(noted)", "pass"),
        "auth/test_endpoint_fails.py -k rotation_whose_answer",
    ),
    Mutation(
        "room_is_not_reserved",
        Rewrite("tokens.rotation:Rotation._asked", "self._store.reserve()", "pass"),
        "test_refresh_survives.py -k full_disk",
    ),
    Mutation(
        "room_is_reserved_in_words",
        Rewrite("storage.local:LocalFile.reserve", 'self._reserved.write(b" " * RESERVE)', "pass"),
        "test_token_store.py -k without_room",
    ),
    Mutation(
        "a_file_that_is_read_is_not_replaced_on_windows",
        Rewrite("storage.private_files:_replace", "TRIES - 1 if ON_WINDOWS else 0", "0"),
        "test_token_store_safety.py -k windows",
    ),
    Mutation(
        "answer_is_not_kept_before_it_is_read",
        Replace("tokens.rotation:Rotation._keep_answer", lambda *_: None),
        "auth/test_answers.py -k kept",
    ),
    Mutation(
        "kept_answer_is_not_used",
        Rewrite("tokens.rotation:Rotation.recover", "if kept is None or note is None", "if True"),
        "auth/test_answers.py -k later_version",
    ),
    Mutation(
        "new_tokens_are_saved_in_one_try",
        Rewrite("tokens.rotation:Rotation._keep", "(*SAVE_WAITS, 0)", "(0,)"),
        "auth/test_unsaved.py -k stumbles",
    ),
    Mutation(
        "no_copy_of_unsaved_tokens",
        Replace("tokens.rotation:Rotation._make_copy", lambda *_: None),
        "auth/test_unsaved.py -k beside",
    ),
    Mutation(
        "late_write_overrules_a_newer_login",
        Rewrite(
            "tokens.rotation:Rotation._put",
            "if there is None or self.overrules or spent in _at_stake(there)",
            "if True",
        ),
        "auth/test_endpoint_fails.py -k newer_login",
    ),
    # Which token is asked with, and when.
    Mutation(
        "configured_token_is_sent_again",
        Rewrite(
            "auth.oauth:OAuth._configured_is_unspent",
            "fingerprint(self._configured) not in kept.known",
            "True",
        ),
        "auth/test_config_or_store.py -k never_sent_again",
    ),
    Mutation(
        "revoked_login_is_refreshed",
        Rewrite("auth.oauth:OAuth.renew", "if code == REVOKED:", "if False:"),
        "auth/test_refused.py -k taken_back",
    ),
    Mutation(
        "every_401_is_worth_a_token",
        Rewrite(
            "auth.oauth:OAuth.renew", "(code in self._not_mended and code not in EXPIRED)", "False"
        ),
        "auth/test_refused.py -k no_new_token_mends",
    ),
    Mutation(
        "no_lock_around_a_refresh",
        Rewrite(
            "auth.oauth:OAuth._from_store",
            "with self.store.exclusive(over=self.over, patience=patience)",
            "if True",
        ),
        "test_refresh_survives.py -k processes_refresh_once",
    ),
    # The token endpoint and the login page.
    Mutation(
        "token_requests_follow_redirects",
        Rewrite(
            "auth.token_endpoint:TokenEndpoint._post",
            "allow_redirects=False",
            "allow_redirects=True",
        ),
        "auth/test_endpoint_fails.py -k token_request_follows",
    ),
    Mutation(
        "way_in_is_sought_each_time",
        Rewrite("auth.token_endpoint:TokenEndpoint._grant", "self.way = way", "pass"),
        "test_token_endpoint_dialects.py -k found_and_kept",
    ),
    Mutation(
        "credentials_from_netrc",
        Rewrite("auth.token_endpoint:TokenEndpoint._post", "else _no_auth", "else None"),
        "auth/test_refresh.py -k body_where_basic",
    ),
    Mutation(
        "anybody_ends_the_login",
        Rewrite(
            "auth.callback:_Handler.do_GET",
            'parse_qs(query).get("state") != [self.server.state]',
            "not query",
        ),
        "login/test_callback.py -k stranger",
    ),
    Mutation(
        "any_name_may_point_here",
        Rewrite("auth.callback:_Handler.do_GET", "not in self.server.hosts", '== "x"'),
        "login/test_callback.py -k only_points_here",
    ),
    # The store's file.
    Mutation(
        "what_was_there_stays_there",
        Rewrite("storage.private_files:create", "path.unlink(missing_ok=True)", "pass"),
        "test_token_store_safety.py -k was_there",
    ),
    Mutation(
        "others_may_read_the_tokens",
        Rewrite("storage.private_files:create", "0o600", "0o644"),
        "test_token_store.py -k only_the_owner",
    ),
    Mutation(
        "everybody_may_write_in_the_folder",
        Replace("storage.private_files:check_folder", lambda _: None),
        "test_token_store_safety.py -k everybody",
    ),
    Mutation(
        "a_store_stays_readable",
        Replace("storage.private_files:_tighten", lambda *_: None),
        "test_token_store_safety.py -k tightened",
    ),
    Mutation(
        "exchange_is_not_noticed",
        Rewrite(
            "storage.private_files:move",
            "not os.path.samestat(os.fstat(file.fileno()), source.lstat())",
            "False",
        ),
        "test_token_store_safety.py -k exchanged",
    ),
    Mutation(
        "a_strangers_answer_is_taken",
        Rewrite("storage.private_files:read_own", "owner == os.geteuid()", "True"),
        "test_token_store_safety.py -k somebody_else",
    ),
    Mutation(
        "a_device_is_a_file",
        Rewrite("storage.private_files:read", "not stat.S_ISREG(found.st_mode)", "False"),
        "test_token_store_safety.py -k is_no_file",
    ),
    Mutation(
        "what_was_not_read_is_replaced",
        Rewrite("storage.local:LocalFile._swap", "if self.read() != old", "if False"),
        "test_token_store_safety.py -k only_what_was_read",
    ),
    # The rate limit.
    Mutation(
        "held_alone",
        Rewrite("api.retry:_waits", "_hold(failure, patience, most=left)", "pass"),
        "test_postgres_rate_limit.py -k 429_of_billit",
    ),
    Mutation(
        "who_gives_up_holds_nobody",
        Rewrite("api.retry:_run_out", "_hold(failure, patience, most=PATIENCE)", "pass"),
        "test_retries.py -k who_gives_up",
    ),
    Mutation(
        "waiting_means_not_held",
        Rewrite("api.rate_limit:RateLimiter.acquire", "ahead > LONG and self._is_held()", "False"),
        "test_rate_limit.py -k wait_already",
    ),
    Mutation(
        "first_loads_take_all",
        Rewrite("api.rate_limit_file:next_in_lane", "half = limit // 2", "half = 0"),
        "test_shared_rate_limit.py -k leave_half",
    ),
    Mutation(
        "first_loads_look_at_their_lane_alone",
        Rewrite("api.rate_limit_file:next_in_lane", "if first or not active", "if not active"),
        "test_shared_rate_limit.py -k lanes_ask",
    ),
    Mutation(
        "a_backfill_is_no_first_load",
        Rewrite(
            "backfill:is_first_load",
            "partition.get(BOOKMARK) is None or",
            "",
        ),
        "test_postgres_rate_limit.py -k in_its_lane",
    ),
    Mutation(
        "a_first_load_does_not_end",
        Rewrite(
            "streams.base:IncrementalStream._crawl",
            "self.account.first_load = False",
            "pass",
        ),
        "test_postgres_rate_limit.py -k question_after",
    ),
    Mutation(
        "asking_is_a_first_load",
        Rewrite(
            "account:BillitAccount.__init__", "self.first_load = False", "self.first_load = True"
        ),
        "test_postgres_rate_limit.py -k is_no_first_load",
    ),
    Mutation(
        "a_429_of_the_token_endpoint_holds_nobody",
        Rewrite("auth.token_endpoint:TokenEndpoint._judge", ", status=status", ""),
        "test_postgres_rate_limit.py -k 429_of_billit",
    ),
    Mutation(
        "lost_connection_is_the_end",
        Rewrite("api.rate_limit_postgres:PostgresRateLimiter._patiently", ">= end", ">= 0"),
        "test_postgres_rate_limit.py -k lost_connection",
    ),
    Mutation(
        "slow_answer_is_believed",
        Rewrite("api.rate_limit_postgres:PostgresRateLimiter._book", "<= rate_limit.LATE", "< 1e9"),
        "test_postgres_rate_limit.py -k long_on_its_way",
    ),
    Mutation(
        "password_in_a_message",
        Rewrite(
            "postgres:said",
            "return type(error).__name__",
            "pass",
        ),
        "test_postgres_rate_limit.py -k odd_url",
    ),
    Mutation(
        "no_rate_limit",
        Rewrite("api.rate_limit:RateLimiter._book", "== self._limit", "< 0"),
        "test_rate_limit.py -k no_window",
    ),
    Mutation(
        "late_turns_are_used",
        Rewrite("api.rate_limit:RateLimiter.acquire", "self.clock() - turn <= LATE", "True"),
        "test_rate_limit.py -k wakes_up_late",
    ),
    Mutation(
        "wall_clock",
        Rewrite("api.rate_limit:since_start", "time.clock_gettime(boottime)", "time.time()"),
        "test_shared_rate_limit.py -k wall_clock",
    ),
    Mutation(
        "a_reboot_gives_turns",
        Rewrite("api.rate_limit_file:FileRateLimiter._start_anew", "booked > now", "False"),
        "test_shared_rate_limit.py -k reboot",
    ),
    Mutation(
        "no_shared_limit",
        Rewrite("api.rate_limit_file:FileRateLimiter._book", "max(now, free, ", "max(now, "),
        "test_shared_rate_limit.py -k together",
    ),
    Mutation(
        "turns_go_where_a_link_points",
        Rewrite(
            "api.rate_limit_file:FileRateLimiter._make_own_file",
            "not S_ISREG(self._path.lstat().st_mode)",
            "False",
        ),
        "test_shared_rate_limit.py -k link_in_place",
    ),
    Mutation(
        "any_database_is_ours",
        Rewrite("api.rate_limit_file:FileRateLimiter._begin", "!= (0,)", "== ()"),
        "test_shared_rate_limit.py -k database_of_something_else",
    ),
    # The end.
    Mutation(
        "what_is_being_spent_is_cut_off",
        Rewrite("shutdown:Shutdown._end", "while self._spending and", "while False and"),
        "test_shutdown_login.py -k being_spent",
    ),
    Mutation(
        "what_is_being_spent_has_no_bound",
        Rewrite("shutdown:Shutdown._end", "max(self._spending)", "60"),
        "test_shutdown_login.py -k being_spent",
    ),
    Mutation(
        "spending_begins_after_the_end",
        Rewrite("shutdown:Shutdown.spending", "if begins and self._over", "if False"),
        "test_shutdown_login.py -k nothing_is_begun",
    ),
    Mutation(
        "the_end_is_in_the_main_thread",
        Rewrite(
            "shutdown:Shutdown.stop",
            "self._signals.put(signum)",
            "self._signals.put(signum); [call() for call in self._calls]",
        ),
        "test_shutdown.py -k lock_is_held",
    ),
    Mutation(
        "a_hangup_under_nohup_ends_the_run",
        Rewrite("shutdown:_handle", "signal.getsignal(signum) is signal.SIG_IGN", "False"),
        "test_shutdown_login.py -k nohup",
    ),
    # What an answer may take, and BATCH.
    Mutation(
        "tls_has_no_deadline",
        Rewrite(
            "api.deadline:_set_deadlines",
            "_timed(pool)",
            '_timed(pool) if scheme == "http" else pool',
        ),
        "test_connections.py -k tls",
    ),
    Mutation(
        "batches_are_neither_masked_nor_mapped",
        Rewrite(
            "streams.record_writer:RecordWriter._sync_batches",
            "self._generate_record_messages(record)",
            "[RecordMessage(stream=self.name, record=record)]",
        ),
        "test_batch.py -k files_hold",
    ),
    Mutation(
        "a_batch_is_of_one_stream",
        Rewrite(
            "streams.record_writer:RecordWriter._batches",
            "by_stream.setdefault(message.stream, [])",
            "by_stream.setdefault(messages[0].stream, [])",
        ),
        "test_batch.py -k files_hold",
    ),
)
