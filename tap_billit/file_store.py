"""Where the bytes of files go: a folder, or any fsspec URL."""

from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

LONGEST_NAME = 120
"""Characters of a file's own name; file systems take 255 bytes."""


class FileStore:
    """Files below `url`, each at `company/order/FileID name`."""

    def __init__(self, url: str) -> None:
        fs, root = url_to_fs(url)
        self._fs: AbstractFileSystem = fs
        self._root: str = root

    def place(self, *, company: int, order: int, file_id: str, name: str) -> str:
        """Where a file belongs; nothing in Billit's names leads out of the store."""
        safe = re.sub(r"[^\w.-]+", "_", name)[-LONGEST_NAME:]
        key = re.sub(r"[^\w-]+", "_", file_id)
        return "/".join((self._root, str(company), str(order), f"{key}_{safe}"))

    def read(self, place: str) -> bytes | None:
        """The bytes at `place`, or None if there are none."""
        try:
            content: bytes = self._fs.cat_file(place)
        except FileNotFoundError:
            return None
        return content

    def write(self, place: str, content: bytes) -> None:
        """Put `content` at `place`, whole or not at all; object stores do that by themselves."""
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
