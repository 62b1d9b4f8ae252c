"""Streams whose state is kept by company, and when a STATE is due.

A STATE tells of all companies and streams, and of what is open. One for each company would have its
bytes grow with the square of their number; so one is written after so many records that they
outweigh it, and after a minute. That is also what a kill costs.
"""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk import Stream
from singer_sdk.singerlib import StateMessage
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_billit.errors import StateError
from tap_billit.state import MEND, CompanyState, forget

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.helpers.types import Context, Record

    from tap_billit.account import BillitAccount

PAGE = 120
"""Records between two STATE messages, at most; more where it is long."""

STATE_EVERY = 60.0
"""Seconds between two STATE messages, at most; more where it is long."""

A_RECORD, A_SECOND = 200, 4_000
"""Bytes of STATE for each record, and each second: a company in a stream takes some 200."""


class StatePace:
    """What has been written since the last STATE of a run."""

    def __init__(self) -> None:
        self.records = 0
        self._at: float | None = None
        self._said = b""

    def is_due(self, state: Mapping[str, Any], *, coming: int, at_once: bool = False) -> bool:
        """Whether to write one before so many `coming` records: before the first record always."""
        if self._at is not None and not at_once and not self._is_time(self.records + coming):
            return False
        self.records, self._at = 0, monotonic()
        before, self._said = self._said, msgspec.json.encode(state)
        return self._said != before

    def _is_time(self, records: int) -> bool:
        since, size = monotonic() - (self._at or 0.0), len(self._said)
        return records > max(PAGE, size // A_RECORD) or since >= max(STATE_EVERY, size / A_SECOND)


class StateByCompany(Stream):
    """A stream whose state only `CompanyState` moves: the SDK's own hooks are off."""

    account: BillitAccount

    def company_state(self, company: int, partition: dict[str, Any]) -> CompanyState:
        """The state of one company; with FULL_TABLE it is forgotten first.

        Raises:
            StateError: it cannot be continued from.
        """
        if self.replication_method == REPLICATION_FULL_TABLE:
            forget(partition)
        with self.naming_the_state_of(company):
            return self.open_state(partition)

    def open_state(self, partition: dict[str, Any]) -> CompanyState:
        """What reads and moves a partition's state."""
        settings = self.account.settings
        return CompanyState(partition, clock=settings.clock, start=settings.start)

    @contextmanager
    def naming_the_state_of(self, company: int) -> Iterator[None]:
        """Say whose state it is that cannot be continued from."""
        try:
            yield
        except StateError as error:
            raise StateError(
                f"The state of {self.name}, company {company}, is not understood ({error}).", MEND
            ) from error

    def note_written(self, records: int) -> None:
        """So many records are out, and the state tells of them."""
        self.account.state_pace.records += records

    def write_state(self, *, coming: int = 1, at_once: bool = False) -> None:
        """Write a STATE if one is due; not with BATCH, whose records wait for the file's end."""
        if not self.get_batch_config(self.config) and self.account.state_pace.is_due(
            self.tap_state, coming=coming, at_once=at_once
        ):
            self._tap.write_message(StateMessage(self.tap_state))

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Leave the bookmark to `CompanyState`: the largest value seen would lose rows."""

    @override
    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Leave the start to `CompanyState`."""

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Our clock has no say in the bookmark."""
