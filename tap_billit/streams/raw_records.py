"""Records that go out as they came, a page at a time, past the SDK's loop over records."""

from __future__ import annotations

from functools import cached_property, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_billit.api.json_text import read_strictly
from tap_billit.api.raw_rows import RawReader, is_as_it_came
from tap_billit.schemas.shared import OTHER
from tap_billit.streams.record_writer import RecordWriter
from tap_billit.writer import LineWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk import metrics
    from singer_sdk.helpers.types import Record

    from tap_billit.api.client import Read


class RawRecords(RecordWriter):
    """A stream whose rows may be its records as they came: what the SDK would do leaves them so."""

    lists_records: ClassVar[bool] = True
    """Whether the rows of its list are its records."""

    @property
    def expected(self) -> Mapping[str, str]:
        """What each row says; one that does not is looked at."""
        return {}

    def reader(self, company: int) -> Read:
        """What reads a page of a company: the rows that are clean are left as they came."""
        return partial(self._raw_reader.page, company) if self._raw_reader else read_strictly

    def write_raw(self, page: Iterable[Any]) -> Iterator[Record]:
        """Write the rows that are as they came, and give the others to the SDK: all in order."""
        for is_raw, rows in groupby(page, is_as_it_came):
            if is_raw and self._raw_writer:
                records = [row.raw for row in rows]
                self._raw_writer.write_records(self.message({}), records)
                self.state_manager.is_flushed = False
                self._counter.increment(len(records))
            else:
                yield from rows

    @override
    def get_record_counter(self, **kwargs: Any) -> metrics.Counter:
        """The SDK's, told of what is written past it."""
        self._counter = super().get_record_counter(**kwargs)
        return self._counter

    @cached_property
    def _raw_reader(self) -> RawReader | None:
        if not self.lists_records or not self._raw_writer:
            return None
        properties = {
            name: of for name, of in self.schema["properties"].items() if name != OTHER.name
        }
        return RawReader(properties, keys=self.primary_keys, expected=self.expected)

    @cached_property
    def _raw_writer(self) -> LineWriter | None:
        """Where they go; None if the SDK has something to do with each record."""
        writer = self._tap.message_writer
        by_sdk = self.ABORT_AT_RECORD_COUNT is not None or self.get_batch_config(self.config)
        if by_sdk or not self._goes_as_it_is or self._without_column:
            return None
        return writer if isinstance(writer, LineWriter) else None
