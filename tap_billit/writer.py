"""Singer messages on standard output, each line whole, whatever signal comes."""

from __future__ import annotations

import sys
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.contrib.msgspec import MsgSpecWriter, serialize_jsonl
from singer_sdk.singerlib import RecordMessage, StateMessage
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

BUFFER = 1 << 16
"""Bytes of records to write at a time: each write lets go of the interpreter, which costs more."""

_PLACE: Any = msgspec.Raw(b"\0")
"""Where a record will be in its envelope: no message has such a byte."""


class LineWriter(MsgSpecWriter):
    """Writes a message as one line; who holds the `lock` is in between two lines.

    Records go out when there are some, all other messages at once, after what is before them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lock = RLock()
        self._lines = bytearray()

    @property
    def out(self) -> BinaryIO:
        """Where the lines go."""
        return sys.stdout.buffer

    @override
    def format_message(self, message: Any) -> bytearray:
        if isinstance(message, StateMessage):  # which the SDK would copy, value by value
            return serialize_jsonl({"type": message.type, "value": message.value})
        return super().format_message(message)

    @override
    def write_message(self, message: Any) -> None:
        with self.lock:
            self._lines += self.format_message(message)
            if len(self._lines) >= BUFFER or not isinstance(message, RecordMessage):
                self._flush()

    def write_records(self, message: RecordMessage, records: Iterable[msgspec.Raw]) -> None:
        """Write `message` once for each of the `records`, which are JSON and on one line."""
        with self.lock:
            self._lines += self.format_records(message, records)
            if len(self._lines) >= BUFFER:
                self._flush()

    def format_records(self, message: RecordMessage, records: Iterable[msgspec.Raw]) -> bytes:
        """The lines of `records`, each in the envelope that `format_message` gives."""
        line = bytes(self.format_message(replace(message, record=_PLACE)))
        before, _, after = line.partition(bytes(_PLACE))
        return b"%b%b%b" % (before, (after + before).join(records), after)

    def _flush(self) -> None:
        lines, self._lines = memoryview(self._lines), bytearray()
        while lines:  # under PYTHONUNBUFFERED a signal cuts a write short
            lines = lines[self.out.write(lines) :]
        self.out.flush()
