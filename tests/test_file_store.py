"""Where files go: any name, any store, whole or not at all; and how their bytes arrive."""

from __future__ import annotations

import resource
from base64 import b64encode, urlsafe_b64encode
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fsspec import register_implementation
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from tap_billit.demo.messages import Reply
from tap_billit.errors import BillitError
from tap_billit.file_store import DIGEST, FileStore, Stored, decoded
from tests.kit.demo import ORDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.run import Runner

CONTENT = bytes(range(256)) + b"~"
WHOLE = Stored(257, sha256(CONTENT).hexdigest())


@given(st.binary())
def test_base64_in_every_way_that_it_is_written(content: bytes) -> None:
    plain = b64encode(content).decode()
    lines = "\r\n".join(plain[at : at + 76] for at in range(0, len(plain), 76))
    for text in (plain, plain.rstrip("="), lines, urlsafe_b64encode(content).decode(), f" {plain}"):
        assert decoded(text) == content
    assert decoded([*content]) == content


@pytest.mark.parametrize("content", [None, 5, {}, "abc!", "A", [256], ["x"], "ÿ"])
def test_what_is_no_base64(content: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        decoded(content)


NAMES = st.text() | st.text("é漢🙂", min_size=100, max_size=400) | st.just("../../etc/passwd")


@given(name=NAMES, file_id=NAMES)
def test_a_file_of_any_name_is_inside_the_store_and_can_be_made(name: str, file_id: str) -> None:
    place = FileStore("memory://files").place(company=1, order=2, file_id=file_id, name=name)
    assert place.startswith("/files/1/2/")
    *_, last = place.split("/")
    assert len(last.encode()) < 250
    assert len(place.split("/")) == 5
    assert "\x00" not in place


def test_keys_that_look_alike_in_a_path_are_two(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path))
    keys = ["a/b", "a:b", "a_b", "x" * 300, "x" * 301]
    places = {store.place(company=1, order=2, file_id=key, name="n.pdf") for key in keys}
    assert len(places) == len(keys)


def test_a_long_name_keeps_its_extension(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path))
    place = store.place(company=1, order=2, file_id="k", name="漢" * 300 + ".pdf")
    store.write(place, CONTENT)
    assert place.endswith(".pdf")
    assert store.find(place) == WHOLE


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_no_half_of_a_file(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path))
    place = store.place(company=1, order=2, file_id="k", name="n.pdf")
    with room_for(100), pytest.raises(BillitError, match="cannot be written to"):
        store.write(place, CONTENT)
    assert store.find(place) is None


class BreakingFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """As SFTP or SMB do when the connection breaks: half of the file is there."""

    protocol = "breaking"
    broken = True
    store: dict[str, Any] = {}  # noqa: RUF012  as its base has it
    pseudo_dirs = [""]  # noqa: RUF012

    @override
    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **kwargs: Any) -> None:
        if self.broken:
            super().pipe_file(path, value[: len(value) // 2], mode, **kwargs)
            raise ConnectionResetError(104, "Connection reset by peer")
        super().pipe_file(path, value, mode, **kwargs)


def test_half_a_file_never_passes_for_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    register_implementation("breaking", BreakingFileSystem, clobber=True)
    store = FileStore("breaking://files")
    place = store.place(company=1, order=2, file_id="k", name="n.pdf")
    with pytest.raises(BillitError, match=r"`files_url`, .* cannot be written to .*reset by peer"):
        store.write(place, CONTENT)
    assert store.find(place) is None
    monkeypatch.setattr(BreakingFileSystem, "broken", False)
    store.write(place, CONTENT)
    assert store.find(place) == WHOLE
    assert store.find(f"{place}.part") is None


class CountingFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """As S3: each file that is fetched is paid for."""

    protocol = "counting"
    fetched: list[str] = []  # noqa: RUF012
    store: dict[str, Any] = {}  # noqa: RUF012  as its base has it
    pseudo_dirs = [""]  # noqa: RUF012

    @override
    def cat_file(self, path: str, *_: Any, **__: Any) -> Any:
        content = super().cat_file(path)
        self.fetched.append(path)
        return content


@pytest.fixture
def counting() -> Iterator[FileStore]:
    register_implementation("counting", CountingFileSystem, clobber=True)
    yield FileStore("counting://files")
    for mutable in (CountingFileSystem.fetched, CountingFileSystem.store):
        mutable.clear()


def test_a_file_is_not_fetched_to_be_counted(counting: FileStore) -> None:
    place = counting.place(company=1, order=2, file_id="k", name="n.pdf")
    assert counting.write(place, CONTENT) == WHOLE
    assert counting.find(place) == counting.find(place) == WHOLE
    assert CountingFileSystem.fetched == [place + DIGEST] * 2


@pytest.mark.parametrize("digest", [None, b"", b"{}", b"\xff", b'{"size": 256, "sha256": "x"}'])
def test_without_a_digest_of_its_size_it_is_fetched_once(
    digest: bytes | None, counting: FileStore
) -> None:
    """As of a store that an earlier version filled, or of a file that somebody replaced."""
    place = counting.place(company=1, order=2, file_id="k", name="n.pdf")
    fs = CountingFileSystem()
    fs.pipe_file(place, CONTENT)
    if digest is not None:
        fs.pipe_file(place + DIGEST, digest)
    assert [counting.find(place) for _ in range(3)] == [WHOLE] * 3
    assert CountingFileSystem.fetched.count(place) == 1


def test_a_folder_has_the_files_alone(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path))
    place = store.place(company=1, order=2, file_id="k", name="n.pdf")
    assert store.write(place, CONTENT) == store.find(place) == WHOLE
    assert [path.name for path in Path(place).parent.iterdir()] == [Path(place).name]


@pytest.mark.parametrize("name", [5, None, True, "", " ", "é" * 300, "\x00", {"a": 1}])
def test_a_file_name_of_any_type(name: Any, run: Runner, tmp_path: Path) -> None:
    account = run.demo.account
    company = account.companies[0]["PartyID"]
    file = {"FileID": "f-1", "FileName": name, "MimeType": None}
    row = {"OrderID": 1, "CompanyID": company, "OrderDirection": "Income", "OrderType": "Invoice"}
    row |= {"LastModified": "2026-01-01T00:00:00"}
    run.demo.fail(Reply(body={"Items": [row]}), path=ORDERS, times=2)
    run.demo.fail(Reply(body={**row, "OrderPDF": file}), path=f"{ORDERS}/1")
    content = {"FileContent": b64encode(CONTENT).decode()}
    run.demo.fail(Reply(body=content), path="/v1/files/f-1")
    settings = {"company_ids": [company], "files_url": str(tmp_path), "recent_days": 0}
    result = run("invoice_files", **settings)
    [record] = result.records["invoice_files"]
    assert isinstance(record["FileName"], str)
    assert Path(record["Location"].removeprefix("file://")).read_bytes() == CONTENT
