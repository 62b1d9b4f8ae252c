"""What Billit's streams share: any stream, those read company by company, those that crawl."""

from __future__ import annotations

import logging
from abc import abstractmethod
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import metrics
from singer_sdk.helpers.conform import TypeConformanceLevel
from typing_extensions import override

from tap_billit.api.pagination import pages
from tap_billit.backfill import is_first_load
from tap_billit.catalog import CataloguedStream
from tap_billit.errors import AnswerError, BillitError
from tap_billit.flattening import take_unknown
from tap_billit.schema_drift import KnownProperties
from tap_billit.schemas.shared import OTHER
from tap_billit.state import Watermark
from tap_billit.state_messages import StateByCompany
from tap_billit.streams.raw_records import RawRecords
from tap_billit.value_types import is_of, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_billit.account import BillitAccount
    from tap_billit.api.paginator import Paginator, Row
    from tap_billit.state import CompanyState
    from tap_billit.walk import Walk


class BillitStream(CataloguedStream, RawRecords):
    """A stream of one of Billit's resources, at `path`."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    """Records go out as Billit wrote them."""

    name: str = ""
    """A class that has one of its own is a stream; the others are what streams share."""

    primary_keys: tuple[str, ...] = ()

    path: ClassVar[str]

    needs: ClassVar[str | None] = None
    """A setting without which the stream is not offered."""

    sets_aside: ClassVar[bool] = False
    """Whether single orders that cannot be read are set aside."""

    cost: ClassVar[str]
    """What a sync of it costs in requests, by company, for the README."""

    def __init__(self, tap: Tap, account: BillitAccount) -> None:
        super().__init__(tap)
        self.account = account
        self._named: set[str] = set()

    @override
    def post_process(self, row: Record, context: Context | None = None) -> Record:
        """Name, once, what is other than the schema says; what has no column goes to `Other`."""
        row = dict(row)
        other = {}
        for path, done in self._known.mend(row):
            if path in self._known.names or path not in row:
                self._name(path, done)
            elif (value := row.pop(path)) is not None:
                other[path] = value
                self._name(path, f"kept in {OTHER.name}")
        if self.flattened_depth:
            other |= take_unknown(row, self.schema, depth=self.flattened_depth, mask=self.mask)
        if other:
            row[OTHER.name] = other
        for name in self._without_column:
            row.pop(name, None)
        return row

    def _name(self, path: str, done: str) -> None:
        if path not in self._named:
            self._named.add(path)
            self.logger.warning(
                "Billit sends %s otherwise than the schema of %s has it: %s", path, self.name, done
            )

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        """None: no stream here has children, and the SDK would copy a context for each record."""
        return ()

    @override
    def _write_state_message(self) -> None:
        """With BATCH after each file; else the state's own pace, and the run's end."""
        if self.get_batch_config(self.config):
            super()._write_state_message()

    @override
    def _write_activate_version_message(self, full_table_version: int) -> None:
        """Not before the records: a loader would drop those of a company that is left out."""

    def activate_version(self) -> None:
        """Have the loader drop the rows that were not sent again, if all that is there was sent."""
        version = self._stream_version
        partitions = self.stream_state.get("partitions", ())
        aside = any(partition.get("set_aside") for partition in partitions)
        if version is not None and not aside and not self.account.incomplete.has(self.name):
            super()._write_activate_version_message(version)

    @cached_property
    def _known(self) -> KnownProperties:
        return KnownProperties(_without(self.schema, OTHER.name))


def _without(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """`schema` as if it had no property `name`."""
    properties = {each: of for each, of in schema["properties"].items() if each != name}
    return {**schema, "properties": properties}


class CompanyStream(BillitStream):
    """A stream that is read company by company, each with a state of its own."""

    @override
    def post_process(self, row: Record, context: Context | None = None) -> Record:
        """Fill in the company, which is in the key of some streams."""
        row = super().post_process(row, context)
        if not row.get("CompanyID") and context:
            row["CompanyID"] = context["CompanyID"]
        return row

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
        if company not in self.account.incomplete.companies:
            yield from self._forgivingly(company, self.get_context_state(context))
        if company == self.account.companies[-1]["PartyID"]:
            self.activate_version()

    def _forgivingly(self, company: int, partition: dict[str, Any]) -> Iterator[Record]:
        """The company's records; an error ends no more than it costs."""
        try:
            yield from self.company_records(company, partition)
        except BillitError as error:
            self.account.incomplete.leave_out(self.name, company, error)
            self.say(company, str(error), level=logging.ERROR)
        else:
            self.account.incomplete.complete(company)

    @abstractmethod
    def company_records(self, company: int, partition: dict[str, Any]) -> Iterable[Record]:
        """The records of one company (a PartyID); `partition` is its state, kept by `state.py`."""

    def say(self, company: int, message: str, *, level: int = logging.INFO) -> None:
        """Log how far a company is; Meltano does not show which logger it came from."""
        self.logger.log(level, "%s, company %s: %s", self.name, company, message)

    def pages(self, paginator: Paginator, company: int) -> Iterator[list[Row]]:
        """The pages of a list; a metric counts them."""
        with metrics.http_request_counter(self.name, self.path) as counter:
            usable = partial(self.usable, company)
            read = self.reader(company)
            asked = pages(self.account.client, paginator, company=company, usable=usable, read=read)
            for page in asked:
                counter.increment()
                yield page

    def usable(self, company: int, rows: list[Row]) -> list[Row]:
        """The rows that have their key; those that have none are counted.

        Raises:
            AnswerError: no row has one, or a row is none that was asked for.
        """
        if dict not in map(type, rows):
            return rows  # its reader has seen to it
        found = self.with_key(rows)
        for row in found:
            self.check(row, company)
        if len(found) < len(rows):
            if not found:
                raise AnswerError(
                    f"Billit lists rows of {self.path} without {' and '.join(self.primary_keys)}."
                )
            self.account.incomplete.rows(self.name, company, len(rows) - len(found))
        return found

    def with_key(self, rows: list[Row]) -> list[Row]:
        """The rows that can be told from others."""
        keys = [key for key in self.primary_keys if key != "CompanyID"]
        return [row for row in rows if all(is_key(row.get(key)) for key in keys)]

    def check(self, row: Row, company: int) -> None:
        """Hold a row against what was asked.

        Raises:
            AnswerError: it is of another company.
        """
        if not is_of(company, row):
            raise AnswerError(f"Billit lists a row of company {row['CompanyID']} in {self.path}.")


class IncrementalStream(StateByCompany, CompanyStream):
    """A stream of which only what was modified since the bookmark is read."""

    replication_key = "LastModified"

    resumable: ClassVar[bool]
    """Whether an interrupted crawl goes on where it was, or starts again."""

    rereads: ClassVar[bool] = False
    """Whether rows are read again that have not changed."""

    _state: Walk
    _watermark: Watermark | None
    """The walk under way; without a watermark it goes on with an older one."""

    @override
    def company_records(self, company: int, partition: dict[str, Any]) -> Iterable[Record]:
        """What earlier runs could not read or had left, then what changed since the bookmark."""
        state = self.company_state(company, partition)
        yield from self.set_aside_records(state, company)
        if state.interrupted and self.resumable:
            self.say(company, "going on where the last run was cut short")
            yield from self._crawl(state, company, partition)
        watermark, lookback = self.watermark(company), self.account.settings.lookback
        if watermark is None or (
            state.nothing_changed(watermark, lookback=lookback)
            and not self.is_refresh_due(state, watermark)
        ):
            self.say(company, "nothing has changed")
            return
        with self.naming_the_state_of(company):
            self.begin(state, watermark)
        # Some loaders take the first STATE of a run for stored: it must come before any record.
        self.write_state()
        yield from self._crawl(state, company, partition, watermark)

    def set_aside_records(self, state: CompanyState, company: int) -> Iterable[Record]:  # noqa: ARG002
        """What earlier runs set aside, and can be read now."""
        return ()

    def watermark(self, company: int) -> Watermark | None:
        """What a crawl that begins now will have covered; None: there is nothing to read."""
        return self.account.watermark(self.path, company)

    def begin(self, state: CompanyState, watermark: Watermark) -> None:
        """Start a crawl of what changed."""
        state.begin(watermark, lookback=self.account.settings.lookback)

    def is_refresh_due(self, state: CompanyState, watermark: Watermark) -> bool:  # noqa: ARG002
        """Whether there is something to read although nothing has changed."""
        return False

    def _crawl(
        self,
        state: CompanyState,
        company: int,
        partition: dict[str, Any],
        watermark: Watermark | None = None,
    ) -> Iterator[Record]:
        self._state, self._watermark = state, watermark
        self.say(company, f"reading what changed since {state.since or 'the start'}")
        self.account.first_load = is_first_load(partition)
        try:
            yield from self.changed_records(state, company)
        finally:
            self.account.first_load = False
        state.complete()
        self.write_state()

    @override
    def usable(self, company: int, rows: list[Row]) -> list[Row]:
        """As for all streams; the crawl covers no more than what the rows bear out."""
        found = super().usable(company, rows)
        if len(found) < len(rows):
            self._state.cover(Watermark(None, None), lookback=self.account.settings.lookback)
        if self._watermark and self.account.ignores_newest_first(
            self.path, company, found, than=self._watermark.newest
        ):
            self._watermark = self.watermark(company) or Watermark(None, None)
            self._state.cover(self._watermark, lookback=self.account.settings.lookback)
        return found

    @abstractmethod
    def changed_records(self, state: CompanyState, company: int) -> Iterator[Record]:
        """All that the crawl has left to read; `state` is told what has been written."""


def is_key(value: Any) -> bool:
    """Whether a row can have this as its key: they all are whole numbers."""
    return whole_number(value) is not None
