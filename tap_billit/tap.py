"""The tap: its streams, its state, its end, and the command line."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk import Tap
from singer_sdk.cli import plugin_cli
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.plugin_base import SingerCommand, _ConfigInput
from singer_sdk.singerlib import StateMessage
from typing_extensions import override

from tap_billit.account import BillitAccount
from tap_billit.catalog import is_selected
from tap_billit.cli_files import CATALOG, STATE, environment_config, read_configs
from tap_billit.errors import BillitError
from tap_billit.incomplete import IncompleteError, sentence_of
from tap_billit.settings import SETTINGS, Settings
from tap_billit.shutdown import process
from tap_billit.state import check_bookmarks, forget_set_aside
from tap_billit.streams import STREAMS
from tap_billit.streams.recent_first import RecentFirstStream
from tap_billit.unforeseen import log_level, told
from tap_billit.writer import LineWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import click
    from singer_sdk.streams import Stream

    from tap_billit.streams.base import BillitStream


SETTING_ASIDE = {each.name for each in STREAMS if each.sets_aside}
"""The streams that set aside orders of their own."""


def let_records_die() -> None:
    """Have the garbage collector look seldom: it finds nothing, at an eighth of the CPU."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


class _Command(SingerCommand):
    """The command line; what a user can mend ends it with a sentence, not with a traceback."""

    @override
    def main(self, *args: Any, **kwargs: Any) -> Any:
        let_records_die()
        try:
            return super().main(*args, **kwargs)
        except ConfigValidationError as error:
            for problem in error.errors:
                self.logger.error(problem)  # noqa: TRY400
        except Exception as error:  # noqa: BLE001  whatever it is
            process.give_way()
            self.logger.error(told(error))  # noqa: TRY400
        sys.exit(1)


class TapBillit(Tap):
    """Sales and supplier invoices from Billit, and what surrounds them."""

    name = "tap-billit"
    config_jsonschema = SETTINGS.to_dict()
    message_writer_class = LineWriter

    @cached_property
    def account(self) -> BillitAccount:
        """What all streams share."""
        return BillitAccount(self.settings)

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [stream(self, self.account) for stream in self._offered]

    @property
    def _offered(self) -> list[type[BillitStream]]:
        """The streams for which there are the settings that they need."""
        return [each for each in STREAMS if not each.needs or getattr(self.settings, each.needs)]

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        """The streams in our order, where the SDK's is alphabetical."""
        streams = sorted(super().streams.values(), key=lambda each: STREAMS.index(type(each)))
        return {stream.name: stream for stream in streams}

    @override
    def setup_mapper(self) -> None:
        """With the keys also where the catalog leaves them out: a loader would double the rows."""
        for name, entry in (self.input_catalog or {}).items():
            if name in self.streams:
                entry.key_properties = self.streams[name].primary_keys
        super().setup_mapper()

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        bookmarks = state.get("bookmarks", {})
        check_bookmarks(bookmarks)
        for stream in forget_set_aside(bookmarks, but_for=SETTING_ASIDE):
            self.logger.warning(
                "%s: what its state has set aside is dropped: it is read whole", stream
            )
        super().load_state(state)

    @override  # type: ignore[misc]  # final, but no hook runs after it
    def sync_all(self) -> None:
        """Sync all selected streams.

        Raises:
            BillitError: something could not be had; all else is complete.
        """
        self._check_selection()
        try:
            super().sync_all()
            self._backfill()
            # Loaders that keep state only up to the last record have all of it then.
            self.write_message(StateMessage(self.state))
            self._name_idle_state()
        except Exception:
            self._write_last_state()
            raise
        finally:
            self.account.close()
        self._name_what_is_missing()

    def _backfill(self) -> None:
        """Read what is older, once all streams have what is recent."""
        for stream in self.streams.values():
            if isinstance(stream, RecentFirstStream):
                stream.backfill()

    @override  # type: ignore[misc]  # final, but it would call any refusal a success
    def run_connection_test(self) -> bool:
        super().run_connection_test()
        self._name_what_is_missing()
        return True

    def _name_what_is_missing(self) -> None:
        """End with an error unless all is there, or as much as `accept_unreadable` asks for.

        Raises:
            BillitError: something is missing.
        """
        missing = [*self.account.incomplete.sentences(len(self.account.companies))]
        if aside := [*self._set_aside()]:
            sentence = sentence_of(aside)
            if len(aside) > self.settings.accept_unreadable:
                missing.append(sentence)
            else:
                self.logger.warning(sentence)
        if missing:
            raise IncompleteError(" ".join(missing), causes=self.account.incomplete.errors())

    def _set_aside(self) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """What the state of the streams and companies of this run has set aside."""
        partitions = [each for each in self._partitions() if each[2].get("set_aside")]
        synced = {c["PartyID"] for c in self.account.companies} if partitions else set()
        for stream, company, partition in partitions:
            if company in synced and stream in self.streams and self.streams[stream].selected:
                yield from ((stream, company, entry) for entry in partition["set_aside"])

    def _check_selection(self) -> None:
        """See that what is selected is there, and something is: the rest would be passed over.

        Raises:
            BillitError: it is not.
        """
        needed = {vars(each)["name"]: each.needs for each in STREAMS if each not in self._offered}
        for name, entry in (self.input_catalog or {}).items():
            if name not in self.streams and is_selected(entry):
                need = needed.get(name)
                why = f"`{need}` is not set" if need else "there is no such stream"
                raise BillitError(f"`{name}` is selected, but {why}.")
        if not any(stream.selected for stream in self.streams.values()):
            raise BillitError("No stream is selected in the catalog: there is nothing to read.")

    def _write_last_state(self) -> None:
        """Say what was written before a run that is cut short ends.

        Not with BATCH: there a record that was read may be in a file that nobody will be told of.
        """
        if self.state and not self.config.get("batch_config"):
            with suppress(OSError):
                # In one step: on a signal, the main thread may be moving it.
                state = msgspec.json.decode(msgspec.json.encode(self.state))
                self.write_message(StateMessage(state))

    def _name_idle_state(self) -> None:
        partitions = [*self._partitions()]
        synced = {c["PartyID"] for c in self.account.companies} if partitions else set()
        for stream, company, _ in partitions:
            if company not in synced:
                self.logger.warning(
                    "%s: the state of company %s is kept, though it is not synced", stream, company
                )

    def _partitions(self) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """What the state has: stream, company and what is kept of them."""
        for stream, state in self.state.get("bookmarks", {}).items():
            for partition in state.get("partitions", ()):
                yield stream, partition["context"]["CompanyID"], partition

    @plugin_cli
    def cli(cls) -> click.Command:  # noqa: N805
        """The command.

        Raises:
            SystemExit: the log has no such level; with a sentence.
        """
        try:
            log_level()
        except BillitError as error:
            sys.exit(str(error))
        return super().cli

    @override
    def _setup_signal_handlers(self) -> None:
        # The SDK's handler exits with 0, as after a complete sync.
        process.listen(last_words=self._write_nothing_more, close=self.account.close)

    def _write_nothing_more(self) -> None:
        """Write a last STATE, after the line that is being written."""
        if isinstance(self.message_writer, LineWriter):
            self.message_writer.lock.acquire()
        self._write_last_state()

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        self.settings = Settings.read(self._config)
        self._config = {**self._config, **self.settings.plain}
        errors = self.settings.problems or super()._validate_config(raise_errors=raise_errors)
        if errors and raise_errors:
            raise ConfigValidationError(
                "Config validation failed", errors=errors, schema=self.config_jsonschema
            )
        return errors

    @classproperty
    @override
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805
        cls.append_builtin_config(cls.config_jsonschema)
        return environment_config(cls.config_jsonschema, cls._env_var_prefix)

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        return _ConfigInput(read_configs(value), parse_env="ENV" in value)

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        for param in command.params:
            param.type = {"state": STATE, "catalog": CATALOG}.get(param.name or "", param.type)
        return _Command(
            name=command.name,
            callback=command.callback,
            params=command.params,
            help=command.help,
            context_settings=command.context_settings,
            logger=cls.logger,
        )
