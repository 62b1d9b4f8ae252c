"""The tap as it runs under Airbyte: what was chosen is read, and each stream says how it ended."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_billit.account import BillitAccount
from tap_billit.airbyte.catalog import is_resumable, singer_catalog
from tap_billit.airbyte.credentials import SavedTokenStore, UnsavedTokenStore
from tap_billit.errors import BillitError
from tap_billit.incomplete import IncompleteError, sentence_of
from tap_billit.streams.recent_first import RecentFirstStream
from tap_billit.tap import TapBillit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from singer_sdk.singerlib import Catalog
    from singer_sdk.streams import Stream

    from tap_billit.airbyte.catalog import Choice
    from tap_billit.airbyte.config import Configuration
    from tap_billit.airbyte.credentials import ConfigTokenStore
    from tap_billit.airbyte.output import Output
    from tap_billit.airbyte.writer import AirbyteWriter
    from tap_billit.settings import Settings
    from tap_billit.tokens.store import TokenStore


NOT_OFFERED = (
    "cannot be read with these settings: refresh the schema of the connection's source, or set "
    "what the stream needs."
)


def _cannot_be_read(*names: str) -> BillitError:
    return BillitError(f"{', '.join(f'`{name}`' for name in names)} {NOT_OFFERED}")


class AirbyteAccount(BillitAccount):
    """The account, whose tokens may be kept in the connector's configuration."""

    def __init__(
        self, settings: Settings, open_config: Callable[[Settings], ConfigTokenStore] | None
    ) -> None:
        super().__init__(settings)
        self._open_config = open_config

    @override
    def token_store(self, settings: Settings) -> TokenStore:
        if self._open_config and not self.settings.runs_demo:
            return self._open_config(settings)
        return super().token_store(settings)


class ConfiguredTap(TapBillit):
    """The tap, from the connector's configuration."""

    tokens: ClassVar[type[ConfigTokenStore]] = SavedTokenStore
    patience: ClassVar[float] = math.inf
    """Minutes that it waits for Billit at most."""

    def __init__(self, configuration: Configuration, output: Output, **other: Any) -> None:
        self._configuration, self._output = configuration, output
        output.secrets.update(configuration.secrets)
        super().__init__(config=configuration.settings, message_writer=output, **other)

    @cached_property
    @override
    def account(self) -> BillitAccount:
        """What all streams share."""
        minutes = min(self.settings.retry_minutes, self.patience)
        opened = partial(self.tokens, self._configuration, self._output)
        return AirbyteAccount(
            replace(self.settings, retry_minutes=minutes),
            opened if self._configuration.keeps_tokens else None,
        )


class CheckedTap(ConfiguredTap):
    """The tap whose configuration is tried, while somebody waits for it."""

    tokens = UnsavedTokenStore
    patience = 0.5


class ReadingTap(ConfiguredTap):
    """The tap that reads what was chosen, from the bookmarks of each stream."""

    def __init__(
        self,
        configuration: Configuration,
        writer: AirbyteWriter,
        chosen: dict[str, Choice],
        bookmarks: dict[str, Any],
    ) -> None:
        self._chosen, self._writer = chosen, writer
        super().__init__(configuration, writer, state={"bookmarks": bookmarks})
        writer.state_of = lambda stream: self.state.get("bookmarks", {}).get(stream, {})
        writer.missing_of, writer.goes_on = self._missing_of, self._goes_on_later
        self.account.limited, self.account.estimated = writer.limited, writer.estimated

    @cached_property
    @override
    def input_catalog(self) -> Catalog:
        """The chosen streams and columns."""
        return singer_catalog(self._chosen, self._offered)

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [each for each in super().discover_streams() if each.name in self._chosen]

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Take the state of what goes on; a full refresh does only where it repeats nothing."""
        known = {name: of for name, of in state["bookmarks"].items() if self._continues(name)}
        super().load_state({"bookmarks": known})

    def _continues(self, name: str) -> bool:
        if name not in self.streams:
            return False
        return not self._chosen[name].full_refresh or is_resumable(self.streams[name])

    def _goes_on_later(self, stream: str) -> bool:
        of = self.streams[stream]
        return isinstance(of, RecentFirstStream) and of.goes_on

    def _missing_of(self, stream: str) -> IncompleteError | None:
        """What is missing of a stream, beyond what `accept_unreadable` asks for."""
        incomplete = self.account.incomplete
        missing = [*incomplete.sentences(len(self.account.companies), stream)]
        aside = [*self._set_aside()]
        own = [each for each in aside if each[0] == stream]
        if own and len(aside) > self.settings.accept_unreadable:
            missing.append(sentence_of(own))
        if not missing:
            return None
        return IncompleteError(" ".join(missing), causes=incomplete.errors(stream))

    @override
    def _check_selection(self) -> None:
        """Say of a stream that is not offered that it cannot be read; the others can."""
        for name in self._not_offered:
            self._writer.send_error(_cannot_be_read(name), stream=name)
        if not self._chosen:
            raise BillitError("The catalog chooses no stream: there is nothing to read.")
        if not self.streams:
            raise _cannot_be_read(*self._not_offered)

    @property
    def _not_offered(self) -> list[str]:
        return [name for name in self._chosen if name not in self.streams]

    @override
    def _name_what_is_missing(self) -> None:
        self._writer.end_stream()
        super()._name_what_is_missing()
        if names := self._not_offered:
            raise _cannot_be_read(*names)

    @override
    def _write_last_state(self) -> None:
        super()._write_last_state()
        with suppress(OSError):
            self._writer.give_up()

    @override
    def _write_nothing_more(self) -> None:
        with self._writer.lock:
            self._write_last_state()
            self._writer.close()
