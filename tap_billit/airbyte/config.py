"""The connector's configuration, and the tap's settings in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_billit.errors import BillitError
from tap_billit.redaction import Hidden
from tap_billit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

PROPERTIES = SETTINGS.to_dict()["properties"]

OAUTH_STORE, OAUTH_AIRBYTE, API_KEY, NONE = "oauth_store", "oauth_airbyte", "api_key", "none"
"""The ways in, as `credentials.auth_type` names them."""

TOKENS = "tokens"
"""Where `credentials` has the tokens of `OAUTH_AIRBYTE`: the document of a token store, as text."""


class Configuration(Hidden):
    """What Airbyte gives and keeps; settings stand in it by their names, or in `credentials`."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        credentials = given.get("credentials")
        if not isinstance(credentials, dict | None):
            raise BillitError("`credentials` is no object: choose one of its ways in.")
        self.credentials = credentials or {}

    @property
    def settings(self) -> dict[str, Any]:
        """The tap's settings, and nothing that the tap has not declared itself."""
        flat = {**self.given, **self.credentials}
        return {name: value for name, value in flat.items() if name in PROPERTIES}

    @property
    def keeps_tokens(self) -> bool:
        """Whether the tokens are kept in this configuration."""
        return self.credentials.get("auth_type") == OAUTH_AIRBYTE

    @property
    def tokens(self) -> str:
        """The tokens in it; empty: there are none yet."""
        tokens = self.credentials.get(TOKENS)
        if not isinstance(tokens, str | None):
            raise BillitError(
                "`tokens` is no text: paste what `tap-billit-login --airbyte` prints."
            )
        return (tokens or "").strip()

    def with_tokens(self, tokens: str) -> dict[str, Any]:
        """The configuration to be kept from now on: nothing in it changes but the tokens."""
        return {**self.given, "credentials": {**self.credentials, TOKENS: tokens}}

    @property
    def secrets(self) -> Iterator[str]:
        """The secrets in it."""
        for name, value in self.settings.items():
            if PROPERTIES[name].get("secret") and isinstance(value, str):
                yield value.strip()
