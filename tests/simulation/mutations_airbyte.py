"""Mutations of `tap_billit/airbyte`, as those in `mutations.py`."""

from __future__ import annotations

from tests.simulation.mutating import Mutation, Replace, Rewrite

AIRBYTE = (
    Mutation(
        "repeats_go_out",
        Replace("airbyte.progress:Progress.repeats", lambda *_: False),
        "airbyte/test_messages.py",
    ),
    Mutation(
        "a_change_back_is_a_repeat",
        Rewrite(
            "airbyte.progress:Progress.repeats",
            "self._last[key] = content",
            "self._last.setdefault(key, content)",
        ),
        "airbyte/test_messages.py",
    ),
    Mutation(
        "records_are_counted_from_the_start",
        Rewrite("airbyte.writer:AirbyteWriter._state", "= said, 0", "= said, now.records"),
        "airbyte/test_read.py -k counts",
    ),
    Mutation(
        "a_stream_ends_without_its_state",
        Rewrite(
            "airbyte.writer:AirbyteWriter.end_stream",
            "self._state({stream: self.state_of(stream)})",
            "pass",
        ),
        "airbyte/test_read.py -k last_state",
    ),
    Mutation(
        "a_stream_ends_after_its_first_round",
        Replace("airbyte.tap:ReadingTap._goes_on_later", lambda *_: False),
        "airbyte/test_read.py -k two_rounds",
    ),
    Mutation(
        "the_second_round_ends_its_own_stream",
        Rewrite(
            "airbyte.writer:AirbyteWriter._translate", "self._now.stream != message.stream", "True"
        ),
        "airbyte/test_read.py -k two_rounds",
    ),
    Mutation(
        "what_was_not_read_has_no_status",
        Replace("airbyte.writer:AirbyteWriter.give_up", lambda _: None),
        "airbyte/test_read.py -k each_stream_that_was_chosen",
    ),
    Mutation(
        "whatever_was_read_is_complete",
        Replace("airbyte.tap:ReadingTap._missing_of", lambda *_: None),
        "airbyte/test_read.py -k refused",
    ),
    Mutation(
        "a_full_refresh_goes_on_anywhere",
        Rewrite("airbyte.tap:ReadingTap._continues", "is_resumable(self.streams[name])", "True"),
        "airbyte/test_read.py -k full_refresh",
    ),
    Mutation(
        "an_old_configuration_overwrites_the_newer",
        Rewrite("airbyte.credentials:ConfigTokenStore.replace", "tokens != self._sent", "True"),
        "airbyte/test_tokens.py -k before_a_refresh",
    ),
    Mutation(
        "a_check_spends_what_nobody_keeps",
        Rewrite("airbyte.credentials:UnsavedTokenStore.replace", "not self.kept", "False"),
        "airbyte/test_tokens.py -k not_saved",
    ),
    Mutation(
        "a_check_never_spends",
        Rewrite("airbyte.credentials:UnsavedTokenStore.replace", "not self.kept", "True"),
        "airbyte/test_tokens.py -k learns",
    ),
    Mutation(
        "the_first_token_is_spent_by_the_check",
        Rewrite("airbyte.command:_try_out", "not configuration.tokens", "False"),
        "airbyte/test_tokens.py -k first_sync",
    ),
    Mutation(
        "secrets_are_shown",
        Replace("airbyte.output:Output.hide", lambda _, text: text),
        "airbyte/test_messages.py -k secret",
    ),
    Mutation(
        "sentences_are_meltanos",
        Rewrite("airbyte.errors:sentence", 'f"{error.what} {MEND}"', "str(error)"),
        "airbyte/test_messages.py -k gone_on_with",
    ),
)
