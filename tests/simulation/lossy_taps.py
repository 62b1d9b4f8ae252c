"""Mutations too large for a text edit: faulty replacements for the tap's functions."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from unittest import mock

from tap_billit.api.overlap import OverlapPaginator
from tap_billit.api.pagination import KeysetPaginator
from tap_billit.list_state import Chunk, ListState
from tap_billit.state import CompanyState
from tap_billit.streams.base import CompanyStream, IncrementalStream
from tap_billit.streams.orders import OrderStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

STORIES_BEGIN = datetime(2026, 6, 10, 10, tzinfo=timezone.utc)
complete, pages = CompanyState.complete, CompanyStream.pages


@contextmanager
def bookmark_is_largest_seen() -> Generator[None]:
    """The bookmark is the largest LastModified written, as the SDK has it."""

    def seen(self: OrderStream, *arguments: Any) -> Iterator[Any]:
        for page in pages(self, *arguments):
            newest.extend(row["LastModified"] for row in page)
            yield page

    def to_newest(self: CompanyState) -> None:
        if newest:
            self._state["crawl"]["until"] = max(newest)
        newest.clear()
        complete(self)

    newest: list[str] = []
    with (
        mock.patch.object(OrderStream, "pages", seen),
        mock.patch.object(CompanyState, "complete", to_newest),
    ):
        yield


@contextmanager
def first_state_after_records() -> Generator[None]:
    """No STATE before a page has been written."""

    def late(self: IncrementalStream, *, coming: int = 1) -> None:
        crawls = (part.get("crawl") for part in self.stream_state.get("partitions", ()))
        if all(crawl is None or crawl["last_order_id"] for crawl in crawls):
            write_state(self, coming=coming)

    write_state = IncrementalStream.write_state
    with mock.patch.object(IncrementalStream, "write_state", late):
        yield


@contextmanager
def orders_by_plain_links() -> Generator[None]:
    """Orders are read by the offset that Billit's link has."""

    def plain(self: KeysetPaginator, rows: list[Any], listed: list[Any], *, more: bool) -> None:
        read[self] = read.get(self, 0) + len(listed)
        for row in rows:
            self._last = row["OrderID"]
        link = self._listed(*self._conditions) | {"$skip": str(read[self])}
        self.query = link if more else None

    read: dict[KeysetPaginator, int] = {}
    with mock.patch.object(KeysetPaginator, "advance", plain):
        yield


@contextmanager
def lists_by_plain_links() -> Generator[None]:
    """Other lists are read by the offset that Billit's link has."""

    def plain(self: OverlapPaginator, _: list[Any], listed: list[Any], *, more: bool) -> None:
        self._skip += len(listed)
        if not more:
            self.query = None

    with mock.patch.object(OverlapPaginator, "advance", plain):
        yield


@contextmanager
def list_state_moves_early() -> Generator[None]:
    """A list counts as read as far as it was listed, whether that is out or not."""

    def early(self: ListState, chunk: Chunk, *, may_change: bool) -> bool:
        new = is_new(self, chunk, may_change=may_change)
        self.complete(STORIES_BEGIN, in_order=True)
        return new

    is_new = ListState.is_new
    with mock.patch.object(ListState, "is_new", early):
        yield
