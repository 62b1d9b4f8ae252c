"""Tokens that are kept in the connector's configuration, by the messages that change it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from typing_extensions import override

from tap_billit.airbyte import messages
from tap_billit.errors import LoginError
from tap_billit.redaction import fingerprint, without_credentials
from tap_billit.storage.base import Storage
from tap_billit.tokens.store import TokenStore

if TYPE_CHECKING:
    from tap_billit.airbyte.config import Configuration
    from tap_billit.airbyte.output import Output
    from tap_billit.settings import Settings
    from tap_billit.tokens.document import Tokens

PLACE = "the connector's configuration"

NOT_KEPT = (
    "The access token has ended, and the one that follows could not be kept: Airbyte keeps nothing "
    "of a source that is not saved yet. Run `tap-billit-login --airbyte` again, paste what it "
    "prints into `tokens`, save the source and sync it a first time, all within the hour."
)


class _Document(Storage):
    """The text in the configuration; what replaces it is here alone until it is sent."""

    lease = None

    def __init__(self, text: str) -> None:
        super().__init__(PLACE)
        self.raw: bytes | None = text.encode() or None

    @override
    def read(self) -> bytes | None:
        return self.raw

    @override
    def _swap(self, old: bytes | None, new: bytes | None) -> None:
        if self.raw != old:
            raise self._changed()
        self.raw = new


class ConfigTokenStore(TokenStore):
    """A token store in the connector's configuration: what is put into it is sent to Airbyte.

    Airbyte says nothing back, and drops what a source sends that is not saved yet. So what is sent
    is marked as `kept`: where the mark comes back, Airbyte keeps tokens.
    """

    damaged = (
        "`tokens` cannot be read; paste the whole line that `tap-billit-login --airbyte` prints."
    )
    of_another = (
        "`tokens` belong to another {of} ({have}, not {want}); run `tap-billit-login --airbyte` "
        "for this one."
    )

    def __init__(self, configuration: Configuration, output: Output, settings: Settings) -> None:
        self._document = _Document(configuration.tokens)
        environment = without_credentials(settings.api_url or settings.environment).rstrip("/")
        super().__init__(
            self._document,
            environment=environment,
            client=fingerprint((settings.client_id or "").strip()),
        )
        self.command = "tap-billit-login --airbyte"
        self._configuration, self._output = configuration, output
        self._sent: Tokens | None = None

    @property
    def kept(self) -> bool:
        """Whether Airbyte has kept what was sent to it before."""
        try:
            document = msgspec.json.decode(self._document.raw or b"{}")
        except msgspec.DecodeError:
            return False
        return isinstance(document, dict) and document.get("kept") is True

    @override
    def load(self) -> Tokens | None:
        tokens = super().load()
        self._sent = self._sent or tokens
        self._hide(tokens)
        return tokens

    @override
    def replace(self, tokens: Tokens | None) -> None:
        """Send what is new; not that a token is about to be sent, nor that it was refused.

        A configuration may have waited in a queue. Airbyte has a newer one by then, and must keep
        it.
        """
        super().replace(tokens)
        self._hide(tokens)
        if tokens and tokens != self._sent and not _is_bare_note(tokens):
            self._sent = tokens
            self._publish()

    def _publish(self) -> None:
        """Send the configuration with what is in it now."""
        text = (self._document.raw or b"").decode()
        self._output.send(messages.config(self._configuration.with_tokens(text)))

    @override
    def document(self, tokens: Tokens) -> bytes:
        content = msgspec.json.decode(super().document(tokens))
        return msgspec.json.encode({**content, "kept": True})

    def _hide(self, tokens: Tokens | None) -> None:
        if tokens:
            secrets = (tokens.access_token, tokens.refresh_token)
            self._output.secrets.update(filter(None, secrets))


class SavedTokenStore(ConfigTokenStore):
    """The store of a sync. Only a source that is saved is synced, so what is sent is kept."""

    @override
    def load(self) -> Tokens | None:
        tokens = super().load()
        if tokens and tokens.fresh and not self.kept:
            super().replace(tokens)
            self._publish()
        return tokens


class UnsavedTokenStore(ConfigTokenStore):
    """The store of a check: a token is spent only where Airbyte has kept one before."""

    @override
    def replace(self, tokens: Tokens | None) -> None:
        if tokens and _is_bare_note(tokens) and not self.kept:
            raise LoginError(NOT_KEPT)
        super().replace(tokens)


def _is_bare_note(tokens: Tokens) -> bool:
    """Whether these only say that the refresh token is about to be sent."""
    return tokens.spending is not None and tokens.spending.answer is None
