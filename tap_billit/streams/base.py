"""What Billit's streams share: any stream, those read company by company, those that crawl."""

from __future__ import annotations

import logging
from abc import abstractmethod
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream, metrics
from singer_sdk.helpers._util import utc_now
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import RecordMessage
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_billit.api.ahead import ahead
from tap_billit.api.paging import pages
from tap_billit.crawl import MEND, Crawl
from tap_billit.drift import Known
from tap_billit.errors import ApiError, StateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_billit.account import BillitAccount
    from tap_billit.api.paging import NextPageLinkPaginator, Row
    from tap_billit.crawl import Mark


class BillitStream(Stream):
    """A stream of one of Billit's resources, at `path`."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    """Records go out as Billit wrote them."""

    path: ClassVar[str]

    cost: ClassVar[str]
    """What a sync of it costs in requests, by company, for the README."""

    def __init__(self, tap: Tap, account: BillitAccount) -> None:
        super().__init__(tap)
        self.account = account
        self._named: set[str] = set()

    @override
    def post_process(self, row: Record, context: Context | None = None) -> Record:
        """Name, once, what the schema does not know: nested it is kept, a column cannot be."""
        for path in self._known.unknown(row):
            kept = path not in row
            if path not in self._named:
                self._named.add(path)
                self.logger.warning(
                    "Billit sends %s, which the schema does not know: %s",
                    path,
                    "kept" if kept else "left out",
                )
            if not kept:
                del row[path]
        return row

    @override
    def _write_record_message(self, record: Record) -> None:
        """Without the SDK's look for what to leave out or change, where there is nothing."""
        if not self._goes_as_it_is:
            super()._write_record_message(record)
            return
        self._tap.write_message(
            RecordMessage(
                stream=self.name,
                record=record,
                version=self._stream_version,
                time_extracted=utc_now(),
            )
        )
        self.state_manager.is_flushed = False

    @cached_property
    def _goes_as_it_is(self) -> bool:
        """Whether all properties are selected, and no stream map or flattening is configured."""
        return all(self.mask.values()) and all(
            type(each) is SameRecordTransform and not each.flattening_enabled
            for each in self.stream_maps
        )

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        """None: no stream here has children, and the SDK would copy a context for each record."""
        return ()

    @cached_property
    def _known(self) -> Known:
        return Known(self.effective_schema)


class CompanyStream(BillitStream):
    """A stream that is read company by company, each with a state of its own."""

    @property
    @override
    def partitions(self) -> list[dict[str, Any]]:
        return [{"CompanyID": company["PartyID"]} for company in self.account.companies]

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        """The records of the company in `context`; a refusal does not cost the others theirs."""
        if context is None:
            raise ValueError(f"{self.name} is read company by company")
        company = context["CompanyID"]
        if company in self.account.refused:
            return
        try:
            yield from self.company_records(company, self.get_context_state(context))
        except ApiError as error:
            self.say(company, str(error), level=logging.ERROR)
            self.account.refused[company] = error

    @abstractmethod
    def company_records(self, company: int, state: dict[str, Any]) -> Iterable[Record]:
        """The records of one company (a PartyID), whose `state` may be changed."""

    def say(self, company: int, message: str, *, level: int = logging.INFO) -> None:
        """Log how far a company is; Meltano does not show which logger it came from."""
        self.logger.log(level, "%s, company %s: %s", self.name, company, message)

    def pages(self, paginator: NextPageLinkPaginator, company: int) -> Iterator[list[Row]]:
        """The pages of a list, each asked while the last is used; a metric counts them."""
        with metrics.http_request_counter(self.name, self.path) as counter:
            asked = pages(self.account.client, paginator, company=company)
            for page in ahead(asked, at_most=1):
                counter.increment()
                yield page


class CrawledStream(CompanyStream):
    """A stream whose state a `Crawl` keeps: only what was modified since the bookmark is read."""

    replication_key = "LastModified"

    resumable: ClassVar[bool]
    """Whether an interrupted crawl goes on where it was, or starts again."""

    @override
    def company_records(self, company: int, state: dict[str, Any]) -> Iterable[Record]:
        """What an interrupted crawl had left, then what has changed since the bookmark."""
        crawl = self._crawl(company, state)
        if crawl.interrupted and self.resumable:
            self.say(company, "going on where the last run was cut short")
            yield from self._walk(crawl, company)
        mark, lookback = self.mark(company), self.account.lookback
        if mark is None or (crawl.covers(mark, lookback=lookback) and not self.rereads):
            self.say(company, "nothing has changed")
            return
        with self._naming(company):
            crawl.begin(mark, lookback=lookback)
        # Some loaders take the first STATE of a run for stored: it must come before any record.
        self.write_state()
        yield from self._walk(crawl, company)

    def mark(self, company: int) -> Mark | None:
        """What a crawl that begins now will have covered; None: there is nothing to read."""
        return self.account.mark(self.path, company)

    def _crawl(self, company: int, state: dict[str, Any]) -> Crawl:
        if self.replication_method == REPLICATION_FULL_TABLE:
            state.clear()
            state["context"] = {"CompanyID": company}
        with self._naming(company):
            return Crawl(state, clock=self.account.clock, start=self.account.start)

    @contextmanager
    def _naming(self, company: int) -> Iterator[None]:
        """Say whose state it is that cannot be continued from."""
        try:
            yield
        except StateError as error:
            raise StateError(
                f"The state of {self.name}, company {company}, is not understood ({error}). {MEND}"
            ) from error

    def _walk(self, crawl: Crawl, company: int) -> Iterator[Record]:
        self.say(company, f"reading what changed since {crawl.since or 'the start'}")
        yield from self.crawl_records(crawl, company)
        crawl.complete()
        self.write_state()

    @abstractmethod
    def crawl_records(self, crawl: Crawl, company: int) -> Iterator[Record]:
        """All that `crawl` has left to read; it is told what has been written."""

    @property
    def rereads(self) -> bool:
        """Whether there is something to read although nothing has changed."""
        return False

    def write_state(self) -> None:
        """Write a STATE; not with BATCH, whose records are not out before the file is full."""
        if not self.get_batch_config(self.config):
            self.state_manager.is_flushed = False
            self._write_state_message()

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Leave the bookmark to the crawl: the largest value seen would lose rows."""

    @override
    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Leave the start to the crawl."""

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Our clock has no say in the bookmark."""
