"""Singer messages on standard output, each line whole, whatever signal comes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable


BUFFER = 1 << 16
"""Bytes of records to write at a time: each write lets go of the interpreter, which costs more."""


class LineWriter(MsgSpecWriter):
    """Writes a message as one line; `when_whole` lets a signal wait for the end of the line.

    Records go out when there are some, all other messages at once, after what is before them.

    Python runs signal handlers even while a write waits for a slow target: a STATE written then
    would stand in the middle of a RECORD.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines = bytearray()
        self._writing = False
        self._then: Callable[[], None] | None = None

    @override
    def write_message(self, message: Any) -> None:
        self._writing = True
        try:
            self._lines += self.format_message(message)
            if len(self._lines) >= BUFFER or not isinstance(message, RecordMessage):
                self._flush()
        finally:
            self._writing = False
        if then := self._then:
            self._then = None
            then()

    def _flush(self) -> None:
        lines, self._lines = memoryview(self._lines), bytearray()
        while lines:  # under PYTHONUNBUFFERED a signal cuts a write short
            lines = lines[sys.stdout.buffer.write(lines) :]
        sys.stdout.buffer.flush()

    def when_whole(self, then: Callable[[], None]) -> None:
        """Call `then` at once, or after the line that is being written."""
        if self._writing:
            self._then = then
        else:
            then()
