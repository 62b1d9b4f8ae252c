"""A file is in the store whole, or not at all: the next run would take a half for the file."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from typing_extensions import override

from tap_billit.errors import BillitError
from tap_billit.file_store import FileStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b"x" * 1000


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class Breaking(MemoryFileSystem):  # type: ignore[misc]  # fsspec has no types
    """A server that is gone in the middle of an upload, and keeps what it has."""

    protocol = "breaking"

    @override
    def pipe_file(self, path: str, value: bytes, **how: Any) -> None:
        super().pipe_file(path, value[: len(value) // 2], **how)
        raise OSError("the connection is lost")


def test_a_full_disk_leaves_no_half_of_a_file(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path))
    place = store.place(company=1, order=2, file_id="a", name="b.pdf")
    with room_for(100), pytest.raises((OSError, BillitError)):
        store.write(place, CONTENT)
    assert store.read(place) is None
    store.write(place, CONTENT)
    assert store.read(place) == CONTENT


def test_a_lost_connection_leaves_no_half_of_a_file() -> None:
    fsspec.register_implementation("breaking", Breaking, clobber=True)
    store = FileStore("breaking://files")
    place = store.place(company=1, order=2, file_id="a", name="b.pdf")
    with pytest.raises((OSError, BillitError)):
        store.write(place, CONTENT)
    assert store.read(place) is None
