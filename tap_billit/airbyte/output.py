"""Standard output: whole messages of the protocol, one a line, and nothing else."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from typing_extensions import override

from tap_billit.airbyte import errors, messages
from tap_billit.writer import LineWriter

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import BinaryIO

    from tap_billit.airbyte.messages import Json

HIDDEN = "****"

SHORTEST_SECRET = 8
"""Characters of what is hidden: something shorter is part of many words."""

encode = msgspec.json.Encoder(decimal_format="number").encode


class Output(LineWriter):
    """Messages in the order in which they are sent, from any thread.

    `secrets` never appear in what people read: logs, errors, the outcome of a check.
    """

    def __init__(self, out: BinaryIO) -> None:
        super().__init__()
        self._out = out
        self.secrets: set[str] = set()
        self.gone = False

    @property
    @override
    def out(self) -> BinaryIO:
        return self._out

    def send(self, message: Json) -> None:
        """Write a message, after all that is before it."""
        line = encode(message) + b"\n"
        with self.lock:
            self._lines += line
            self._flush()

    def hide(self, text: str) -> str:
        """`text` without any secret."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, HIDDEN)
        return text

    def send_error(self, error: Exception, *, stream: str | None = None) -> None:
        """Write what went wrong; `stream` if it is one stream's."""
        trace = errors.stack_trace(error)
        message = messages.error(
            self.hide(errors.sentence(error)),
            errors.failure_type(error),
            stack_trace=trace and self.hide(trace),
            stream=stream,
        )
        self.send(message)

    @override
    def _flush(self) -> None:
        """Write what there is, but nothing after something that could not be written."""
        if self.gone:
            self._lines.clear()
            raise BrokenPipeError
        try:
            super()._flush()
        except Exception:
            self.gone = True
            raise


@contextmanager
def standard_output() -> Generator[BinaryIO, None, None]:
    """Standard output for messages alone; what is printed meanwhile goes to standard error."""
    sys.stdout.flush()
    messages = os.dup(1)
    os.dup2(2, 1)
    # Unbuffered: what cannot be written must not be tried again when the file is closed.
    with os.fdopen(messages, "wb", buffering=0) as out:
        yield out
