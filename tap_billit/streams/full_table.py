"""FULL_TABLE streams: lists that Billit does not filter, read whole now and then.

In between, a run reads what may be other than it was written: from the newest row down to the
oldest that may still change. What vanished shows in a whole read alone.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import cached_property
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from requests import codes
from typing_extensions import override

from tap_billit.api.newest_key import NewestKeyPaginator
from tap_billit.api.overlap import OverlapPaginator
from tap_billit.api.query_fallbacks import Feature
from tap_billit.clock import shifted
from tap_billit.errors import ApiError
from tap_billit.list_state import ListState, chunks
from tap_billit.schemas.document import DOCUMENT
from tap_billit.schemas.order import ORDER
from tap_billit.schemas.transaction import TRANSACTION
from tap_billit.state_messages import StateByCompany
from tap_billit.streams.base import CompanyStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_billit.account import BillitAccount
    from tap_billit.api.paginator import Row
    from tap_billit.list_state import Chunk

A_DAY = timedelta(days=1)

MADE_BY = (
    *("stream_maps", "stream_map_config", "flattening_enabled", "flattening_separator"),
    *("flattening_max_depth", "flattening_max_key_length"),
)
"""The settings that make other columns of the same row."""

MAY_CHANGE = timedelta(days=45)
"""How long a row may change after its own date and be noticed by the next run."""


class Round(NamedTuple):
    """A whole read of a stream, of all companies; `began` is None where Billit says no time."""

    began: datetime | None
    is_new: bool

    def lacks(self, state: ListState) -> bool:
        """Whether a company has still to take part."""
        return self.is_new or state.whole != self.began


class FullTableStream(StateByCompany, CompanyStream):
    """A list without a documented filter.

    A round of whole reads has one version, which a loader keeps in each row: what is new until the
    next round has it too, or the loader would drop the rest.
    """

    dates: ClassVar[tuple[str, ...]]
    """Where a row says how old it is: the first that is there."""

    cost = (
        "1 for 120 rows that are new or less than 45 days old; 1 for 120 of all rows once in "
        "`full_lists_hours`"
    )

    def __init__(self, tap: Tap, account: BillitAccount) -> None:
        super().__init__(tap, account)
        self._begun = False
        self._lacks_rows = False
        self._read: set[int] = set()
        self._whole = 0

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        if self._stream_version is not None and self._round.began:
            self._stream_version = int(self._round.began.timestamp())
        yield from super().get_records(context)

    @override
    def company_records(self, company: int, partition: dict[str, Any]) -> Iterable[Record]:
        with self.naming_the_state_of(company):
            state = ListState(partition, columns=self._columns)
        self._lacks_rows = False
        whole = self._round.lacks(state)
        paginator = self.paginator(None if whole else state.down_to)
        rows = chain.from_iterable(self.pages(paginator, company))
        for chunk in chunks(rows, self.primary_keys[-1]):
            if state.is_new(chunk, may_change=self._may_change(chunk)) or whole:
                self._note_begun()
                yield from self.write_raw(chunk.rows)
                self.note_written(len(chunk.rows))
        in_order = isinstance(paginator, NewestKeyPaginator) and paginator.in_order
        if not in_order:
            self._note_ignored(paginator)
        # Rows without their key may be anywhere: the next run looks through all of it again.
        state.complete(self._round.began, in_order=in_order and not self._lacks_rows)
        self._read.add(company)
        self._whole += whole

    def paginator(self, down_to: int | None) -> OverlapPaginator:
        """The list, from its newest row down to this key."""
        return NewestKeyPaginator(self.path, key=self.primary_keys[-1], down_to=down_to)

    def _note_ignored(self, paginator: OverlapPaginator) -> None:
        fallbacks = self.account.client.fallbacks
        asked = Feature.NEWEST_KEY not in fallbacks.refused(self.path)
        if asked and isinstance(paginator, NewestKeyPaginator):
            fallbacks.ignored(self.path, Feature.NEWEST_KEY)

    def _note_begun(self) -> None:
        """Have the state say that more is written than it says, once in a run and at once.

        Were a row that changed written, the run cut short, and the row as it was before: it would
        be taken for written.
        """
        if self._begun:
            return
        self._begun = True
        for partition in self.stream_state.get("partitions", ()):
            if partition.get("written") and partition["context"]["CompanyID"] not in self._read:
                partition["begun"] = True
        self.write_state(at_once=True)

    def _may_change(self, chunk: Chunk) -> bool:
        """Whether a row of a chunk is young; one without a date is as old as its neighbours."""
        dates = [date for row in chunk.rows if (date := self._date(row))]
        if not dates or not self._now:
            return True
        return max(dates) >= shifted(self._now, -MAY_CHANGE)

    def _date(self, row: Row) -> datetime | None:
        """The first of its `dates` that is one, and not to come."""
        for name in self.dates:
            try:
                date = self.account.settings.clock.read(row.get(name) or "")
            except (TypeError, ValueError):
                continue
            if not self._now or date <= shifted(self._now, A_DAY):
                return date
        return None

    @cached_property
    def _now(self) -> datetime | None:
        """Billit's clock."""
        began = self.account.began
        return began and self.account.settings.clock.floor(began)

    @cached_property
    def _columns(self) -> str:
        """A digest of what the catalog, maps and flattening make of a record."""
        made_by = [
            self.effective_schema,
            sorted(path for path, is_selected in self.mask.items() if not is_selected),
            {name: self.config.get(name) for name in MADE_BY},
        ]
        return blake2b(repr(made_by).encode(), digest_size=5).hexdigest()

    @cached_property
    def _round(self) -> Round:
        """The last round of whole reads, or the one that begins now."""
        now, synced = self.account.began, {each["PartyID"] for each in self.account.companies}
        begun = [
            whole
            for partition in self.stream_state.get("partitions", ())
            if partition["context"]["CompanyID"] in synced
            and (whole := self._whole_of(partition)) is not None
        ]
        last = max(begun, default=None)
        pause = self.account.settings.full_lists_pause
        if now and last and last <= now and now - last < pause:
            return Round(last, is_new=False)
        return Round(now, is_new=True)

    def _whole_of(self, partition: dict[str, Any]) -> datetime | None:
        with self.naming_the_state_of(partition["context"]["CompanyID"]):
            return ListState(partition, columns=self._columns).whole

    @override
    def usable(self, company: int, rows: list[Row]) -> list[Row]:
        """As for all streams; what has no key is read again by the next run."""
        found = super().usable(company, rows)
        self._lacks_rows = self._lacks_rows or len(found) < len(rows)
        return found

    @override
    def activate_version(self) -> None:
        """Only where all companies were read whole, or a loader would drop what was not sent."""
        if self._whole == len(self.account.companies):
            super().activate_version()


class DeletedOrders(FullTableStream):
    """Orders that were deleted; how long Billit lists them is not documented.

    When an order was deleted is not documented either, so that none of them can be left out: the
    whole list is read each time, and what is not as it was written goes out.
    """

    name = "deleted_orders"
    path = "/v1/orders/deleted"
    primary_keys = ("OrderID",)
    schema = ORDER
    dates = ()
    cost = "1 for 120 rows, each time"

    @override
    def paginator(self, down_to: int | None) -> OverlapPaginator:
        paginator = OverlapPaginator(self.path, {}, key="OrderID")
        paginator.may_be_empty = True
        return paginator

    @override
    def company_records(self, company: int, partition: dict[str, Any]) -> Iterator[Record]:
        try:
            yield from super().company_records(company, partition)
        except ApiError as error:
            if error.status != codes.not_found:
                raise
            self.say(company, "Billit has no such list (404)", level=logging.WARNING)


class Documents(FullTableStream):
    """Files in Billit's document store, such as contracts; not their content."""

    name = "documents"
    path = "/v1/documents"
    primary_keys = ("DocumentID",)
    schema = DOCUMENT
    dates = ("CreationDate", "DocumentDate")


class FinancialTransactions(FullTableStream):
    """Bank transactions, with the orders that they pay."""

    name = "financial_transactions"
    path = "/v1/financialTransactions"
    primary_keys = ("CompanyID", "BankAccountTransactionID")
    schema = TRANSACTION
    dates = ("ValueDate",)
