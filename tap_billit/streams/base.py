"""What Billit's streams share: any stream, those read company by company, those that crawl."""

from __future__ import annotations

import logging
from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream, metrics
from singer_sdk.helpers._util import utc_now
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

from tap_billit.api.pagination import pages
from tap_billit.api.prefetch import prefetch
from tap_billit.errors import ApiError
from tap_billit.schema_drift import KnownProperties
from tap_billit.state import StateByCompany

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_billit.account import BillitAccount
    from tap_billit.api.pagination import NextPageLinkPaginator, Row
    from tap_billit.state import CompanyState, Watermark


class BillitStream(Stream):
    """A stream of one of Billit's resources, at `path`."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    """Records go out as Billit wrote them."""

    name: str = ""
    """A class that has one of its own is a stream; the others are what streams share."""

    primary_keys: tuple[str, ...] = ()

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
        self._known.restore_numbers(row)
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
    def _known(self) -> KnownProperties:
        return KnownProperties(self.effective_schema)


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
    def company_records(self, company: int, partition: dict[str, Any]) -> Iterable[Record]:
        """The records of one company (a PartyID); `partition` is its state, kept by `state.py`."""

    def say(self, company: int, message: str, *, level: int = logging.INFO) -> None:
        """Log how far a company is; Meltano does not show which logger it came from."""
        self.logger.log(level, "%s, company %s: %s", self.name, company, message)

    def pages(self, paginator: NextPageLinkPaginator, company: int) -> Iterator[list[Row]]:
        """The pages of a list, each asked while the last is used; a metric counts them."""
        with metrics.http_request_counter(self.name, self.path) as counter:
            asked = pages(self.account.client, paginator, company=company)
            for page in prefetch(asked, at_most=1):
                counter.increment()
                yield page


class IncrementalStream(StateByCompany, CompanyStream):
    """A stream of which only what was modified since the bookmark is read."""

    replication_key = "LastModified"

    resumable: ClassVar[bool]
    """Whether an interrupted crawl goes on where it was, or starts again."""

    @override
    def company_records(self, company: int, partition: dict[str, Any]) -> Iterable[Record]:
        """What an interrupted crawl had left, then what has changed since the bookmark."""
        state = self.company_state(company, partition)
        if state.interrupted and self.resumable:
            self.say(company, "going on where the last run was cut short")
            yield from self._crawl(state, company)
        watermark, lookback = self.watermark(company), self.account.lookback
        if watermark is None or (
            state.nothing_changed(watermark, lookback=lookback) and not self.rereads
        ):
            self.say(company, "nothing has changed")
            return
        with self.naming_the_state_of(company):
            state.begin(watermark, lookback=lookback)
        # Some loaders take the first STATE of a run for stored: it must come before any record.
        self.write_state()
        yield from self._crawl(state, company)

    def watermark(self, company: int) -> Watermark | None:
        """What a crawl that begins now will have covered; None: there is nothing to read."""
        return self.account.watermark(self.path, company)

    def _crawl(self, state: CompanyState, company: int) -> Iterator[Record]:
        self.say(company, f"reading what changed since {state.since or 'the start'}")
        yield from self.changed_records(state, company)
        state.complete()
        self.write_state()

    @abstractmethod
    def changed_records(self, state: CompanyState, company: int) -> Iterator[Record]:
        """All that the crawl has left to read; `state` is told what has been written."""

    @property
    def rereads(self) -> bool:
        """Whether there is something to read although nothing has changed."""
        return False
