"""Singer messages on standard output, each line whole, whatever signal comes."""

from __future__ import annotations

import sys
from threading import RLock
from typing import Any

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

BUFFER = 1 << 16
"""Bytes of records to write at a time: each write lets go of the interpreter, which costs more."""


class LineWriter(MsgSpecWriter):
    """Writes a message as one line; who holds the `lock` is in between two lines.

    Records go out when there are some, all other messages at once, after what is before them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lock = RLock()
        self._lines = bytearray()

    @override
    def write_message(self, message: Any) -> None:
        with self.lock:
            self._lines += self.format_message(message)
            if len(self._lines) >= BUFFER or not isinstance(message, RecordMessage):
                self._flush()

    def _flush(self) -> None:
        lines, self._lines = memoryview(self._lines), bytearray()
        while lines:  # under PYTHONUNBUFFERED a signal cuts a write short
            lines = lines[sys.stdout.buffer.write(lines) :]
        sys.stdout.buffer.flush()
