"""Where the bytes of files go: a folder, or any fsspec URL."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from msgspec import DecodeError, Struct, json

from tap_billit.errors import BillitError
from tap_billit.redaction import quieten, without_credentials

if TYPE_CHECKING:
    from collections.abc import Generator

    from fsspec import AbstractFileSystem

LONGEST_NAME, LONGEST_KEY = 120, 100
"""Bytes of a file's own name and of its key; file systems take 255 in all."""

OBJECT_STORES = frozenset({"abfs", "abfss", "adl", "az", "gcs", "gs", "oci", "oss", "s3", "s3a"})
"""Where an upload is there as a whole, or not at all."""


DIGEST = ".digest"
"""What the name of a file's digest ends with, beside it; a disk needs none."""


class Stored(Struct):
    """A file in a store: how large it is, and the SHA-256 of its bytes."""

    size: int
    sha256: str


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
        safe = _last_bytes(re.sub(r"[^\w.-]+", "_", name), LONGEST_NAME)
        key = _last_bytes(re.sub(r"[^\w-]+", "_", file_id), LONGEST_KEY)
        if key != file_id:  # so that two of them differ still
            key += "-" + sha256(file_id.encode(errors="replace")).hexdigest()[:16]
        return "/".join((self._root, str(company), str(order), f"{key}_{safe}"))

    def find(self, place: str) -> Stored | None:
        """What is at `place`; None: nothing.

        Elsewhere than on a disk it is not fetched for that: its digest stands beside it.
        """
        with self._failing_as("read"):
            try:
                size = self._fs.info(place).get("size")
            except FileNotFoundError:
                return None
            kept = self._kept(place)
            if kept and kept.size == size:
                return kept
            return self._keep(place, self._fs.cat_file(place))

    def _kept(self, place: str) -> Stored | None:
        with suppress(FileNotFoundError, DecodeError):
            return json.decode(self._fs.cat_file(place + DIGEST), type=Stored)
        return None

    def _keep(self, place: str, content: bytes) -> Stored:
        stored = Stored(len(content), sha256(content).hexdigest())
        if not isinstance(self._fs, LocalFileSystem):
            self._fs.pipe_file(place + DIGEST, json.encode(stored))
        return stored

    def write(self, place: str, content: bytes) -> Stored:
        """Put `content` at `place`, whole or not at all: a half would pass for the file."""
        with self._failing_as("written to"):
            folder = place.rpartition("/")[0]
            self._fs.makedirs(folder, exist_ok=True)
            if isinstance(self._fs, LocalFileSystem):
                _write_locally(place, content)
            elif OBJECT_STORES.isdisjoint(_protocols(self._fs)):
                self._fs.pipe_file(f"{place}.part", content)
                self._fs.mv(f"{place}.part", place)
            else:
                self._fs.pipe_file(place, content)
            return self._keep(place, content)

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


def decoded(content: Any) -> bytes:
    """The bytes that Billit sends as Base64, in any way that .NET writes it.

    With line ends, without padding, in the alphabet of URLs, or as an array of numbers.

    Raises:
        ValueError: it is nothing of that.
    """
    if isinstance(content, list):
        return bytes(content)
    if not isinstance(content, str):
        raise ValueError("no Base64")  # noqa: TRY004  the caller's one case
    text = "".join(content.split()).translate(str.maketrans("-_", "+/")).rstrip("=")
    return b64decode(text + "=" * (-len(text) % 4), validate=True)


def _write_locally(place: str, content: bytes) -> None:
    with NamedTemporaryFile(dir=Path(place).parent, prefix=".", delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(place)


def _last_bytes(text: str, most: int) -> str:
    """The end of `text`, where its extension is."""
    return text.encode(errors="replace")[-most:].decode(errors="ignore")


def _protocols(fs: AbstractFileSystem) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)
