"""Where the bytes of files go: a folder, or any fsspec URL."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from tap_billit.errors import BillitError
from tap_billit.redaction import quieten, without_credentials

if TYPE_CHECKING:
    from collections.abc import Generator

    from fsspec import AbstractFileSystem

LONGEST_NAME = 120
"""Characters of a file's own name; file systems take 255 bytes."""


class FileStore:
    """Files below `url`, each at `company/order/FileID name`."""

    def __init__(self, url: str) -> None:
        self._url = without_credentials(url)
        with self._failing_as("opened"):
            fs, root = url_to_fs(url)
            self._fs: AbstractFileSystem = fs
            self._root: str = root
        quieten(type(fs).__module__.partition(".")[0])

    def place(self, *, company: int, order: int, file_id: str, name: str) -> str:
        """Where a file belongs; nothing in Billit's names leads out of the store."""
        safe = re.sub(r"[^\w.-]+", "_", name)[-LONGEST_NAME:]
        key = re.sub(r"[^\w-]+", "_", file_id)
        return "/".join((self._root, str(company), str(order), f"{key}_{safe}"))

    def read(self, place: str) -> bytes | None:
        """The bytes at `place`, or None if there are none."""
        with self._failing_as("read"):
            try:
                content: bytes = self._fs.cat_file(place)
            except FileNotFoundError:
                return None
        return content

    def write(self, place: str, content: bytes) -> None:
        """Put `content` at `place`, whole or not at all; object stores do that by themselves."""
        with self._failing_as("written to"):
            folder = place.rpartition("/")[0]
            self._fs.makedirs(folder, exist_ok=True)
            if not isinstance(self._fs, LocalFileSystem):
                self._fs.pipe_file(place, content)
                return
            with NamedTemporaryFile(dir=folder, prefix=".", delete=False) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(place)

    def location(self, place: str) -> str:
        """`place` as others can find it."""
        return str(self._fs.unstrip_protocol(place))

    @contextmanager
    def _failing_as(self, what: str) -> Generator[None, None, None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001  each file system has its own
            # Its text may quote credentials, but for the system's own and fsspec's.
            telling = isinstance(error, OSError | ImportError | ValueError)
            said = getattr(error, "strerror", None) or (str(error) if telling else "")
            why = f"{type(error).__name__}{': ' if said else ''}{said}"
            raise BillitError(f"`files_url`, {self._url}, cannot be {what} ({why}).") from None
