"""The tap's messages, written as Airbyte's."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import RecordMessage, SchemaMessage, StateMessage
from typing_extensions import override

from tap_billit.airbyte import messages
from tap_billit.airbyte.output import Output, encode
from tap_billit.airbyte.progress import Progress
from tap_billit.shutdown import process
from tap_billit.writer import BUFFER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from typing import BinaryIO

    import msgspec

    from tap_billit.airbyte.messages import Json

NEWS = 10.0
"""Seconds by which the end of a wait must have moved to be said again."""

STARTED, RUNNING, COMPLETE, INCOMPLETE = "STARTED", "RUNNING", "COMPLETE", "INCOMPLETE"


class AirbyteWriter(Output):
    """Writes records, one stream's state at a time, and how far each configured stream is.

    A SCHEMA begins a stream, or goes on with it, and ends the one before, unless that `goes_on`.
    """

    def __init__(self, out: BinaryIO) -> None:
        super().__init__(out)
        self.state_of: Callable[[str], Json] = lambda _: {}
        self.missing_of: Callable[[str], Exception | None] = lambda _: None
        self.goes_on: Callable[[str], bool] = lambda _: False
        self._open: list[str] = []
        self._begun: dict[str, Progress] = {}
        self._now: Progress | None = None
        self._over = False

    def expect(self, streams: Iterable[str]) -> None:
        """Have each of these streams end as complete or incomplete."""
        self._open = [*streams]

    @override
    def write_message(self, message: Any) -> None:
        with self.lock:
            if not self._over:
                self._translate(message)
                return
        process.give_way()

    def _translate(self, message: Any) -> None:
        if isinstance(message, RecordMessage):
            self._record(encode(message.record), message.time_extracted)
        elif isinstance(message, StateMessage):
            self._state(message.value.get("bookmarks", {}))
        elif isinstance(message, SchemaMessage):
            if self._now and self._now.stream != message.stream:
                self.end_stream()
            self._begin(message.stream, message.key_properties or ())

    def _begin(self, stream: str, keys: Iterable[str]) -> None:
        if stream not in self._begun:
            self._begun[stream] = Progress(stream, keys)
            self._say(stream, STARTED)
        self._now = self._begun[stream]
        self._now.runs = False

    def write_records(self, message: RecordMessage, records: Iterable[msgspec.Raw]) -> None:
        """Write records that are JSON already; `message` says what else there is to say of them."""
        with self.lock:
            if not self._over:
                for record in records:
                    self._record(bytes(record), message.time_extracted)
                return
        process.give_way()

    def _record(self, record: bytes, extracted: datetime | None) -> None:
        now = self._now
        if now is None or now.repeats(record):
            return
        if not now.runs:
            now.runs, now.waits_until = True, 0.0
            self._say(now.stream, RUNNING)
        self._lines += now.line(
            record, int((extracted.timestamp() if extracted else time()) * 1000)
        )
        now.records += 1
        if len(self._lines) >= BUFFER:
            self._flush()

    def _state(self, bookmarks: Json) -> None:
        """Write the state of the stream under way, if that says anything new."""
        now = self._now
        if now is None:
            return
        state = bookmarks.get(now.stream, {})
        said = encode(state)
        if said != now.state or now.records:
            self.send(messages.state(now.stream, state, records=now.records))
            now.state, now.records = said, 0

    def _say(self, stream: str, status: str, **why: Any) -> None:
        self.send(messages.stream_status(stream, status, **why))

    def limited(self, seconds: float) -> None:
        """Say that Billit's limit holds the stream under way, unless that was just said."""
        until = time() + seconds
        with self.lock:
            now = self._now
            if now and not self._over and until > now.waits_until + NEWS:
                now.runs, now.waits_until = False, until
                self._say(now.stream, RUNNING, limited_until=until)

    def estimated(self, stream: str, records: int) -> None:
        """Say how many records of a stream there will be."""
        with self.lock:
            if stream in self._begun and not self._over:
                self.send(messages.estimate(stream, records))

    def end_stream(self) -> None:
        """End the stream under way: its last state, and whether all of it is there.

        One that `goes_on` has its state written, and waits for its second SCHEMA.
        """
        if self._now is None:
            return
        stream = self._now.stream
        self._state({stream: self.state_of(stream)})
        if self.goes_on(stream):
            return
        if missing := self.missing_of(stream):
            self.send_error(missing, stream=stream)
        self._end(stream, INCOMPLETE if missing else COMPLETE)

    def give_up(self) -> None:
        """Say of all streams that have not ended that they are incomplete."""
        for stream in [*self._open]:
            self._end(stream, INCOMPLETE)

    def _end(self, stream: str, status: str) -> None:
        self._say(stream, status)
        self._open.remove(stream)
        self._begun.pop(stream, None)
        self._now = None

    def close(self) -> None:
        """Write no record and no state any more; what else is sent goes out."""
        self._over = True
