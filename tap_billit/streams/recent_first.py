"""Orders that cost a request each: what changed lately first, and then what is older.

A sync has two rounds. In the first, each stream reads what changed since its bookmark; in the
second, which the tap calls when all streams had the first, what is older than the first crawl
went. `backfill.py` says what the state keeps of both.
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_billit.backfill import Backfill, RecentFirst
from tap_billit.streams.orders import OrderStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Record

    from tap_billit.account import BillitAccount
    from tap_billit.state import CompanyState
    from tap_billit.walk import Walk


class RecentFirstStream(OrderStream):
    """Orders that are read in two rounds."""

    def __init__(self, tap: Tap, account: BillitAccount) -> None:
        super().__init__(tap, account)
        self._unfinished: set[int] = set()
        self._is_second_round = False

    @override
    def open_state(self, partition: dict[str, Any]) -> CompanyState:
        """With FULL_TABLE nothing is kept for another round."""
        settings = self.account.settings
        is_full = self.replication_method == REPLICATION_FULL_TABLE
        recent = timedelta(0) if is_full else settings.recent
        return RecentFirst(partition, clock=settings.clock, start=settings.start, recent=recent)

    @override
    def company_records(self, company: int, partition: dict[str, Any]) -> Iterable[Record]:
        if not self._is_second_round:
            yield from self._newest(company, partition)
        elif company in self._unfinished:
            yield from self._older(company, self._backfill_of(company, partition))

    def backfill(self) -> None:
        """The second round, of the companies that need one."""
        if self.goes_on:
            self._is_second_round = True
            self.sync()

    @property
    def goes_on(self) -> bool:
        """Whether a second round is to come."""
        return bool(self._unfinished) and not self._is_second_round

    def is_last_list(self, company: int) -> bool:
        """Whether what is listed for this company is the last that this run has to read."""
        companies = [each["PartyID"] for each in self.account.companies]
        unfinished = [each for each in companies if each in self._unfinished]
        return self._is_second_round and unfinished[-1:] == [company]

    def _newest(self, company: int, partition: dict[str, Any]) -> Iterator[Record]:
        yield from super().company_records(company, partition)
        backfill = self._backfill_of(company, partition)
        if backfill.is_due:
            self._unfinished.add(company)
            self.say(
                company,
                f"complete back to {backfill.first_day}; going on with what is older after the "
                "other streams",
            )

    def _older(self, company: int, backfill: Backfill) -> Iterator[Record]:
        """The rest of what an earlier run began, and what a `start_date` moved since asks for."""
        if backfill.interrupted:
            yield from self._fill(backfill, company)
        if backfill.is_due:
            backfill.begin()
            self.write_state()
            yield from self._fill(backfill, company)

    def _fill(self, backfill: Backfill, company: int) -> Iterator[Record]:
        self._state, self._watermark = backfill, None
        self.say(company, f"reading what is older than {backfill.first_day}")
        yield from self.changed_records(backfill, company)
        backfill.complete()
        self.write_state()
        self.say(company, f"complete back to {backfill.first_day or 'the first order'}")

    def _backfill_of(self, company: int, partition: dict[str, Any]) -> Backfill:
        settings = self.account.settings
        with self.naming_the_state_of(company):
            return Backfill(partition, clock=settings.clock, start=settings.start)

    @override
    @abstractmethod
    def changed_records(self, state: Walk, company: int) -> Iterator[Record]: ...
