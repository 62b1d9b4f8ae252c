"""Where the rotating tokens live: a file on this machine, or an fsspec URL.

Billit's refresh token works once, so the store is written in two steps around each refresh. Before
it, the old token goes in again with a note of what is about to be spent: that proves that the store
can be written, and tells the next run of a refresh whose answer was never kept. After it, the new
tokens replace the old ones before anybody uses them.
"""

from __future__ import annotations

import errno
import os
import re
from abc import ABC, abstractmethod
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import fsspec
import msgspec
import platformdirs
from typing_extensions import override

from tap_billit.auth.token_endpoint import Tokens
from tap_billit.errors import LoginError, TransientError
from tap_billit.redaction import fingerprint, quieten, without_credentials

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager

RESERVE = 16 * 1024
"""Bytes claimed on the disk before a token is spent: several times the size of a store."""

LOCK_PATIENCE = 5 * 60.0
"""Seconds to wait for another process; its refresh takes at most two timeouts and the pacing."""


class _Content(Tokens, frozen=True, kw_only=True, omit_defaults=True):
    environment: str
    client: str


class TokenStore(ABC):
    """The tokens of one client in one environment, at `place`."""

    def __init__(self, place: str, *, environment: str, client_id: str) -> None:
        self.place = place
        self.command = "tap-billit-login"
        self._environment = environment
        self._client = fingerprint(client_id.strip())

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.place!r})"

    def load(self) -> Tokens | None:
        """The tokens in the store; None: it does not exist yet.

        Raises:
            LoginError: the store cannot be read, or holds something else.
        """
        raw = self._read()
        return None if raw is None else self._decode(raw)

    def save(self, tokens: Tokens) -> None:
        """Replace what the store holds, all of it or nothing.

        Raises:
            LoginError: the store cannot be written.
        """
        content = {
            "environment": self._environment,
            "client": self._client,
            **msgspec.to_builtins(tokens),
        }
        self._write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")

    @abstractmethod
    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other processes out from reading to writing, where the store can."""

    @abstractmethod
    def reserve(self) -> None:
        """Claim the space that the next `save` needs, where the store can."""

    @abstractmethod
    def discard(self) -> None:
        """Remove the store."""

    @abstractmethod
    def _read(self) -> bytes | None: ...

    @abstractmethod
    def _write(self, raw: bytes) -> None: ...

    def _decode(self, raw: bytes) -> Tokens:
        try:
            content = msgspec.json.decode(raw, type=_Content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise LoginError(
                f"The token store {self.place} is damaged, so the tap leaves it alone; move it "
                "away, then run `tap-billit-login`."
            ) from None
        for of, have, want in (
            ("environment", content.environment, self._environment),
            ("client", content.client, self._client),
        ):
            if have != want:
                raise LoginError(
                    f"The token store {self.place} belongs to another {of} ({have}, not {want}), "
                    "so the tap leaves it alone; give each login its own `token_store`."
                )
        return content

    def _unusable(self, what: str, reason: object) -> LoginError:
        return LoginError(
            f"The token store {self.place} cannot be {what} ({reason}); see to it, or point "
            "`token_store` to a place that lasts and that this user may write."
        )


class LocalStore(TokenStore):
    """A file that only its owner may read, replaced by rename, with a lock beside it."""

    def __init__(self, path: str | Path, *, environment: str, client_id: str) -> None:
        # A rename would put a file in the place of a symbolic link.
        self._path = Path(os.path.realpath(Path(path).expanduser()))
        super().__init__(str(self._path), environment=environment, client_id=client_id)
        self._new = self._path.with_name(self._path.name + ".new")

    @override
    @contextmanager
    def exclusive(self) -> Generator[None, None, None]:
        lock = filelock.FileLock(f"{self._path}.lock", timeout=LOCK_PATIENCE, mode=0o600)
        with self._failing_as("locked"):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
        try:
            with self._failing_as("written"):
                self._finish()
            yield
        finally:
            lock.release()

    @contextmanager
    def _failing_as(self, what: str) -> Generator[None, None, None]:
        try:
            yield
        except filelock.Timeout:
            raise TransientError(
                f"Another process has held {self._path}.lock for {LOCK_PATIENCE:.0f} seconds."
            ) from None
        except OSError as error:
            raise self._unusable(what, error.strerror or type(error).__name__) from None

    def _finish(self) -> None:
        """Put the answer of an interrupted refresh in its place: only the rename was missing."""
        new = self._at(self._new)
        if not new or not self._decodes(new):
            return
        kept = self._at(self._path)
        if kept is None or (self._decodes(kept) and self._decode(kept).spending):
            with self._new.open("rb+") as file:
                _flush(file)
            self._rename()

    def _decodes(self, raw: bytes) -> bool:
        try:
            self._decode(raw)
        except LoginError:
            return False
        return True

    @override
    def reserve(self) -> None:
        """Fill the file that the next tokens will be written over: a full disk shows now."""
        with self._failing_as("written"), os.fdopen(self._open(os.O_TRUNC), "wb") as file:
            file.write(b" " * RESERVE)
            _flush(file)

    @override
    def _read(self) -> bytes | None:
        with self._failing_as("read"):
            return self._at(self._path)

    @staticmethod
    def _at(path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    @override
    def _write(self, raw: bytes) -> None:
        with self._failing_as("written"):
            with os.fdopen(self._open(0), "r+b") as file:
                file.write(raw)
                file.truncate()
                _flush(file)
            self._rename()

    def _open(self, flags: int) -> int:
        flags |= os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        return os.open(self._new, flags, 0o600)

    def _rename(self) -> None:
        self._new.chmod(0o600)
        self._new.replace(self._path)
        _flush_folder(self._path.parent)

    @override
    def discard(self) -> None:
        with self._failing_as("removed"):
            self._new.unlink(missing_ok=True)
            self._path.unlink(missing_ok=True)


class RemoteStore(TokenStore):
    """A file behind an fsspec URL. There is no lock: one tap at a time may use it."""

    def __init__(self, url: str, *, environment: str, client_id: str) -> None:
        super().__init__(without_credentials(url), environment=environment, client_id=client_id)
        self._url = url

    @override
    def exclusive(self) -> AbstractContextManager[None]:
        return nullcontext()

    @override
    def reserve(self) -> None:
        pass

    @override
    def _read(self) -> bytes | None:
        raw: bytes | None = self._call("read", "cat_file")
        return raw

    @override
    def _write(self, raw: bytes) -> None:
        self._call("written", "pipe_file", raw)

    @override
    def discard(self) -> None:
        self._call("removed", "rm_file")

    def _call(self, what: str, method: str, *args: bytes) -> Any:
        try:
            files, path = fsspec.core.url_to_fs(self._url)
        except (ImportError, ValueError) as error:
            # fsspec says which package to install, or that it does not know the scheme.
            raise LoginError(f"The token store {self.place} cannot be opened: {error}.") from None
        quieten(type(files).__module__.partition(".")[0])
        try:
            return getattr(files, method)(path, *args)
        except FileNotFoundError:
            if not args:
                return None
            raise self._unusable(what, "there is no such folder") from None
        except Exception as error:  # noqa: BLE001  each file system has its own
            raise self._unusable(what, type(error).__name__) from None


def open_store(
    location: str | None,
    *,
    environment: str,
    client_id: str,
    api_url: str | None = None,
) -> TokenStore:
    """The store at `location`: a path, an fsspec URL, or None for a file in the state directory.

    An `api_url` of one's own is its own environment: Billit's tokens are not for another host.
    """
    identity = (api_url or environment).rstrip("/")
    scheme, separator, rest = (location or "").partition("://")
    store: TokenStore
    if separator and scheme not in ("file", "local"):
        store = RemoteStore(str(location), environment=identity, client_id=client_id)
    else:
        path = (rest if separator else location) or _default(identity, client_id)
        store = LocalStore(path, environment=identity, client_id=client_id)
    store.command += f" --api-url {api_url}" if api_url else f" --environment {environment}"
    store.command += f" --token-store {store.place}" if location else ""
    return store


def _default(environment: str, client_id: str) -> Path:
    name = re.sub(r"[^\w.]+", "-", f"{environment}-{fingerprint(client_id.strip())}.json")
    return platformdirs.user_state_path("tap-billit") / name


def _flush(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make a rename last. Windows cannot, some network disks will not."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
