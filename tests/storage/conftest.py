"""Stores of every kind, each with a server where it takes one."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import pytest
from obstore.store import MemoryStore

from tap_billit.storage import open_collection, open_storage
from tap_billit.storage.objects import Bucket
from tests.kit.stores import BUCKET, database_url, s3
from tests.postgres import running_or_skipped

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tap_billit.storage.base import Storage

_SERIAL = count()

KINDS = ("file", "memory", "objects", "s3", "postgres")


class Kind(NamedTuple):
    """A kind of store; `collection` holds documents of many logins, `document` one of them."""

    name: str
    collection: str
    document: str

    def open(self) -> Storage:
        return open_storage(self.document, None)


@pytest.fixture(scope="session")
def s3_address() -> Generator[str, None, None]:
    with s3() as address:
        yield address


@pytest.fixture(scope="session")
def database() -> Generator[str, None, None]:
    """The URL of a database with nothing in it."""
    with running_or_skipped() as server:
        yield database_url(server)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kind:
    name, number = request.param, next(_SERIAL)
    if name == "file":
        return Kind(name, str(tmp_path), f"{tmp_path}/one.json")
    if name == "memory":
        return Kind(name, "", f"memory://{number}/one.json")
    if name == "postgres":
        database = request.getfixturevalue("database")
        open_collection(database, None).create()
        return Kind(name, database, f"{database}#login {number}")
    if name == "objects":
        monkeypatch.setattr(Bucket, "objects", MemoryStore())
    else:
        request.getfixturevalue("s3_address")
    return Kind(name, f"s3://{BUCKET}/{number}", f"s3://{BUCKET}/{number}/one.json")
