"""Taps that lose rows: what the crawl would be with one of its rules taken away."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

from tap_billit.api import odata
from tap_billit.api.pagination import KeysetPaginator, NextPageLinkPaginator
from tap_billit.clock import BillitClock
from tap_billit.set_aside import SetAside
from tap_billit.settings import Settings
from tap_billit.state import CompanyState
from tap_billit.streams.base import CompanyStream, IncrementalStream
from tap_billit.streams.orders import OrderStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tap_billit.state import Watermark

begin, complete, pages = CompanyState.begin, CompanyState.complete, CompanyStream.pages
condition = odata.ge


@contextmanager
def offset_paging() -> Generator[None]:
    """The next page is asked by Billit's link."""
    with mock.patch.object(KeysetPaginator, "_next", NextPageLinkPaginator._next):
        yield


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
def no_lookback() -> Generator[None]:
    """What commits late is not waited for."""
    with mock.patch.object(Settings, "lookback", timedelta(0)):
        yield


@contextmanager
def gt() -> Generator[None]:
    """What was changed at the bookmark is left out."""

    def without_equals(name: str, value: Any) -> str:
        text = condition(name, value)
        return text.replace(" ge ", " gt ") if name == "LastModified" else text

    with mock.patch.object(odata, "ge", without_equals):
        yield


@contextmanager
def unsettled_mark() -> Generator[None]:
    """The mark being the same is enough to read nothing."""

    def unsettled(self: CompanyState, mark: Watermark, *, lookback: timedelta) -> None:
        begin(self, mark, lookback=lookback)
        self._state["crawl"]["mark"] = mark.newest

    with mock.patch.object(CompanyState, "begin", unsettled):
        yield


@contextmanager
def no_fresh_walk() -> Generator[None]:
    """A run that goes on with an interrupted crawl does nothing else."""

    def only_the_rest(self: IncrementalStream, company: int, partition: dict[str, Any]) -> Any:
        if "crawl" not in partition:
            return records(self, company, partition)
        return self._crawl(self.company_state(company, partition), company)

    records = IncrementalStream.company_records
    with mock.patch.object(IncrementalStream, "company_records", only_the_rest):
        yield


@contextmanager
def interrupted_crawl_takes_new_mark() -> Generator[None]:
    """A crawl that goes on moves the bookmark to the mark of the day it ends."""

    def to_today(self: IncrementalStream, company: int, partition: dict[str, Any]) -> Any:
        mark = self.account.watermark(self.path, company)
        if "crawl" in partition and mark:
            last = partition["crawl"]["last_order_id"]
            begin(
                self.company_state(company, partition),
                mark,
                lookback=self.account.settings.lookback,
            )
            partition["crawl"]["last_order_id"] = last
        return records(self, company, partition)

    records = IncrementalStream.company_records
    with mock.patch.object(IncrementalStream, "company_records", to_today):
        yield


@contextmanager
def autumn_not_set_back() -> Generator[None]:
    """The hour that the clocks repeat is an hour like any other."""

    def floor(self: BillitClock, moment: datetime) -> datetime:
        return moment.astimezone(self.zone).replace(tzinfo=None, fold=0)

    with mock.patch.object(BillitClock, "floor", floor):
        yield


@contextmanager
def settled_too_soon() -> Generator[None]:
    """What appears exactly the lookback after its stamp is taken to have appeared before."""

    def settled(self: CompanyState, mark: Watermark, lookback: timedelta) -> bool:
        if mark.newest is None or mark.asked_at is None:
            return False
        return self._clock.latest(self._clock.read(mark.newest)) + lookback <= mark.asked_at

    with mock.patch.object(CompanyState, "_no_late_change_possible", settled):
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
def set_aside_is_forgotten() -> Generator[None]:
    """What cannot be read is passed."""
    with mock.patch.object(SetAside, "add"):
        yield


@contextmanager
def not_found_is_believed() -> Generator[None]:
    """An order whose details are not found is taken for deleted, whatever the list says."""
    with mock.patch("tap_billit.streams.order_details.still_listed", return_value=set()):
        yield


FOUND_SOON: tuple[Any, ...] = (no_lookback, unsettled_mark)
FOUND_LATE: tuple[Any, ...] = (no_fresh_walk, bookmark_is_largest_seen, gt, offset_paging)
"""By how many made-up histories it takes until one of them catches it."""
