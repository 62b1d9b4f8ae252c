"""How records leave a stream: as RECORD messages, or in the files of BATCH messages."""

from __future__ import annotations

from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk.batch import Batcher
from singer_sdk.helpers._batch import SDKBatchMessage
from singer_sdk.helpers._util import utc_now
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

from tap_billit.errors import BillitError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from singer_sdk.helpers._batch import BatchConfig
    from singer_sdk.helpers.types import Context, Record


class RecordWriter(Stream):
    """A stream whose records go out in one step where nothing changes them, and all alike."""

    @override
    def _write_record_message(self, record: Record) -> None:
        """Without the SDK's look for what to leave out or change, where there is nothing."""
        if not self._goes_as_it_is:
            super()._write_record_message(record)
            return
        self._tap.write_message(self.message(record))
        self.state_manager.is_flushed = False

    def message(self, record: Record) -> RecordMessage:
        """The RECORD of it."""
        return RecordMessage(
            stream=self.name,
            record=record,
            version=self._stream_version,
            time_extracted=utc_now(),
        )

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[Record, Any, Any]:
        """No more of them than `--test` asks for; the SDK's own way calls that end an error."""
        records = super()._sync_records(context, write_messages=write_messages)
        yield from islice(records, self.ABORT_AT_RECORD_COUNT)

    @override
    def _sync_batches(self, batch_config: BatchConfig, context: Context | None = None) -> None:
        """Put into the files what RECORDs would have; the SDK's own way neither masks nor maps."""
        size = batch_config.batch_size
        if type(size) is not int or size < 1:
            raise BillitError(f"`batch_size` in `batch_config` is {size!r}: give 1 or more.")
        messages = chain.from_iterable(
            self._generate_record_messages(record)
            for record in self._sync_records(context, write_messages=False)
        )
        with self.get_batch_counter() as counter:
            while chunk := [*islice(messages, size)]:
                for batch in self._batches(chunk, batch_config):
                    counter.increment()
                    self._tap.write_message(batch)
                self.state_manager.is_flushed = False
                self._write_state_message()

    def _batches(
        self, messages: list[RecordMessage], config: BatchConfig
    ) -> Iterator[SDKBatchMessage]:
        """Files of `messages`, each with those of one stream: a map may make several of one."""
        by_stream: dict[str, list[Record]] = {}
        for message in messages:
            by_stream.setdefault(message.stream, []).append(message.record)
        for stream, records in by_stream.items():
            batcher = Batcher(tap_name=self.tap_name, stream_name=stream, batch_config=config)
            for manifest in batcher.get_batches(iter(records)):
                yield SDKBatchMessage(stream=stream, encoding=config.encoding, manifest=manifest)

    @cached_property
    def _goes_as_it_is(self) -> bool:
        """Whether all properties are selected, and no stream map or flattening is configured."""
        return all(self.mask.values()) and all(
            type(each) is SameRecordTransform and not each.flattening_enabled
            for each in self.stream_maps
        )

    @cached_property
    def _without_column(self) -> tuple[str, ...]:
        """What the catalog has taken out of the schema."""
        columns = self.effective_schema["properties"]
        return tuple(name for name in self.schema["properties"] if name not in columns)

    @cached_property
    def flattened_depth(self) -> int:
        """How many levels of objects become columns of their own."""
        options = (each.flattening_options for each in self.stream_maps if each.flattening_enabled)
        return max((each.max_level for each in options if each), default=0)
