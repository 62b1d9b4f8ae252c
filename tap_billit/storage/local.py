"""A document in a file that only its owner may read, replaced by rename, with a lock beside it."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
from typing_extensions import override

from tap_billit.errors import LoginError
from tap_billit.storage import private_files
from tap_billit.storage.base import Storage, wait_for_lock

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from threading import Event

RESERVE = 16 * 1024
"""Bytes claimed on the disk beforehand: several times the size of a document."""

POLL = 0.05
"""Seconds between two looks at a lock that another process holds."""


class LocalFile(Storage):
    """A file on this machine."""

    lease = None

    def __init__(self, path: Path) -> None:
        # A rename would put a file in the place of a symbolic link.
        self._path = Path(os.path.realpath(path))
        if not self._path.name:
            raise LoginError(f"The token store {path} is a folder: name a file in it.")
        super().__init__(str(self._path))
        self._new = self._path.with_name(self._path.name + ".new")
        self._reserved: Any = None

    @override
    @contextmanager
    def exclusive(self, *, over: Event, patience: float) -> Generator[None, None, None]:
        lock = filelock.FileLock(f"{self._path}.lock", mode=0o600)
        with self._failing_as("locked"):
            private_files.open_folder(self._path.parent)
            private_files.read(self._path)  # what is no file has no lock beside it either
            # The lock itself would take one that cannot be made for one that is held.
            os.close(os.open(lock.lock_file, os.O_RDWR | os.O_CREAT, 0o600))
            wait_for_lock(
                partial(_acquired, lock),
                f"{self._path}.lock",
                poll=POLL,
                over=over,
                patience=patience,
            )
        try:
            yield
        finally:
            self._drop_reserve()
            lock.release()

    @contextmanager
    def _failing_as(self, what: str) -> Generator[None, None, None]:
        try:
            yield
        except OSError as error:
            raise self._unusable(what, error.strerror or type(error).__name__) from None

    @override
    def read(self) -> bytes | None:
        with self._failing_as("read"):
            private_files.check_folder(self._path.parent)
            return private_files.read(self._path)

    @override
    def unfinished(self) -> bytes | None:
        return private_files.read_own(self._new)

    @override
    def reserve(self) -> None:
        """Fill the file that the next document will be written over: a full disk shows now."""
        with self._failing_as("written"):
            self._reserved = private_files.create(self._new)
            try:
                self._reserved.write(b" " * RESERVE)
                private_files.flush(self._reserved)
            except OSError:
                self._drop_reserve()
                raise

    def _drop_reserve(self) -> None:
        reserved, self._reserved = self._reserved, None
        for remove in (reserved.close, self._new.unlink) if reserved else ():
            with suppress(OSError):
                remove()

    @override
    def _swap(self, old: bytes | None, new: bytes | None) -> None:
        if self.read() != old:
            raise self._changed()
        if new is None:
            with self._failing_as("removed"):
                self._path.unlink(missing_ok=True)
        else:
            self._write(new)

    def _write(self, raw: bytes) -> None:
        with self._failing_as("written"):
            private_files.open_folder(self._path.parent)
            file, self._reserved = self._reserved or private_files.create(self._new), None
            file.seek(0)
            file.write(raw)
            file.truncate()
            private_files.move(file, self._new, self._path)


class Folder:
    """A folder with the documents of logins."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = str(path)

    def create(self) -> None:
        """Make the folder."""
        private_files.open_folder(self._path)

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Each document by the name of its file."""
        for path in sorted(filter(Path.is_file, self._path.glob("*.json"))):
            if raw := LocalFile(path).read():
                yield path.name, raw


def _acquired(lock: filelock.BaseFileLock) -> bool:
    with suppress(filelock.Timeout):
        lock.acquire(timeout=0)
    return lock.is_locked
