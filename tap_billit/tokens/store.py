"""The token store: the tokens of one client in one environment, as one JSON document."""

from __future__ import annotations

import os
import re
import shlex
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import msgspec
import platformdirs
from typing_extensions import override

from tap_billit.errors import LoginError
from tap_billit.redaction import fingerprint, without_credentials
from tap_billit.storage import open_storage
from tap_billit.storage.local import LocalFile
from tap_billit.tokens.codec import Codec, DamagedError, plain

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from threading import Event

    from tap_billit.storage.base import Storage
    from tap_billit.tokens.document import Tokens


class TokenStore:
    """The tokens in a storage; `spare` is where they go when that cannot be written.

    `replace` puts something else in the place of what was read or written here last.
    """

    damaged = (
        "The token store {place} is damaged, so the tap leaves it alone; move it away, then run "
        "`tap-billit-login`."
    )
    of_another = (
        "The token store {place} belongs to another {of} ({have}, not {want}), so the tap leaves "
        "it alone; give each login its own `token_store`."
    )

    moving = (
        "The login in {place} is being moved to {to}: set `token_store` to that, or finish with "
        "`tap-billit-tokens move`."
    )

    def __init__(
        self,
        storage: Storage,
        *,
        environment: str,
        client: str,
        codec: Codec | None = None,
        spare: TokenStore | None = None,
    ) -> None:
        self.place = storage.place
        self.lease = storage.lease
        self.command = "tap-billit-login"
        self.spare = spare
        self._storage = storage
        self._environment = environment
        self._client = client
        self._codec = codec or Codec()
        self._last: bytes | None = None

    @override
    def __repr__(self) -> str:
        return f"TokenStore({self.place!r})"

    def load(self) -> Tokens | None:
        """The tokens in the store; None: it does not exist yet.

        Raises:
            LoginError: the store cannot be read, or holds something else.
        """
        self._last = self._storage.read()
        return None if self._last is None else self._decode(self._last)

    def replace(self, tokens: Tokens | None) -> None:
        """Put these tokens into the store, all of it or nothing; None: remove it.

        Raises:
            ChangedError: somebody else wrote meanwhile.
            LoginError: the store cannot be written.
        """
        new = self._codec.seal(self.document(tokens)) if tokens else None
        self._storage.replace(self._last, new)
        self._last = new

    def overwrite(self, tokens: Tokens | None) -> None:
        """The same in the place of whatever is there, readable or not."""
        self._last = self._storage.read()
        self.replace(tokens)

    def reserve(self) -> None:
        """Claim the space that the next tokens need, where the store can."""
        self._storage.reserve()

    @contextmanager
    def exclusive(self, *, over: Event, patience: float) -> Generator[None, None, None]:
        """Keep other processes out from loading to replacing, where the store can."""
        with self._storage.exclusive(over=over, patience=patience):
            unfinished = self._storage.unfinished()
            if unfinished and (tokens := self._peek(unfinished)):
                # Of an interrupted refresh, only the rename was missing.
                raw = self._storage.read()
                kept = raw and self._peek(raw)
                if raw is None or (kept and kept.spending):
                    self._last = raw
                    self.replace(tokens)
            yield

    def document(self, tokens: Tokens) -> bytes:
        """What stands in the store when it has these tokens."""
        whose = {"environment": self._environment, "client": self._client}
        content = {**whose, **msgspec.to_builtins(tokens), **whose}
        return plain(content)

    def _peek(self, raw: bytes) -> Tokens | None:
        with suppress(LoginError):
            return self._decode(raw)
        return None

    def _decode(self, raw: bytes) -> Tokens:
        try:
            content = self._codec.decode(raw, place=self.place)
        except DamagedError:
            raise LoginError(self.damaged.format(place=self.place)) from None
        for of, have, want in (
            ("environment", without_credentials(content.environment), self._environment),
            ("client", content.client, self._client),
        ):
            if have != want:
                said = self.of_another.format(place=self.place, of=of, have=have, want=want)
                raise LoginError(said)
        if content.moving_to:
            raise LoginError(self.moving.format(place=self.place, to=content.moving_to))
        return content


def open_store(
    location: str | None,
    *,
    environment: str,
    client_id: str,
    api_url: str | None = None,
    keys: str | None = None,
) -> TokenStore:
    """The store at `location`: a path, a URL, or None for a file in the state directory.

    An `api_url` of one's own is its own environment: Billit's tokens are not for another host.
    """
    identity = without_credentials(api_url or environment).rstrip("/")
    client = fingerprint(client_id.strip())
    storage = open_storage(location, _default(identity, client))
    opened = store_in(storage, environment=identity, client=client, codec=Codec(keys))
    if meltano := os.environ.get("MELTANO_ENVIRONMENT"):
        opened.command = f"meltano --environment={meltano} invoke tap-billit:login"
        return opened
    opened.command += f" --api-url {identity}" if api_url else f" --environment {environment}"
    opened.command += f" --token-store {shlex.quote(opened.place)}" if location else ""
    return opened


def store_in(storage: Storage, *, environment: str, client: str, codec: Codec) -> TokenStore:
    """The store in a storage, with a spare of its own: a file beside the default one."""
    whose: dict[str, Any] = {"environment": environment, "client": client, "codec": codec}
    spare = None
    if default := _default(environment, client):
        is_default = storage.place == LocalFile(default).place
        login = "" if is_default else f"-{fingerprint(storage.place)}"
        spare = TokenStore(LocalFile(default.with_name(f"{default.name}{login}.unsaved")), **whose)
    return TokenStore(storage, **whose, spare=spare)


def default_folder() -> Path | None:
    """Where this user's stores are by default; None: nowhere."""
    try:
        return platformdirs.user_state_path("tap-billit")
    except RuntimeError:
        return None


def _default(environment: str, client: str) -> Path | None:
    folder = default_folder()
    return folder and folder / re.sub(r"[^\w.]+", "-", f"{environment}-{client}.json")
