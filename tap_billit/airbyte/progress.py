"""How far a stream is: what was written of it, and what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_billit.airbyte.output import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Progress:
    """A stream that has begun.

    `records` is how many were written since its last state, `state` that state as it was written;
    `runs` whether that was said since it began or waited; `waits_until` when Billit's limit lets it
    go on, as far as that was said.
    """

    def __init__(self, stream: str, keys: Iterable[str]) -> None:
        self.stream = stream
        self.records = 0
        self.state = b""
        self.runs = False
        self.waits_until = 0.0
        self._head = b'{"type":"RECORD","record":{"stream":%b,"emitted_at":' % encode(stream)
        key = msgspec.defstruct("Key", [(name, Any, None) for name in keys], frozen=True, gc=False)
        self._key: Callable[[bytes], object] = msgspec.json.Decoder(key).decode
        self._last: dict[int, int] = {}

    def repeats(self, record: bytes) -> bool:
        """Whether the last record with this key was the same; from now on this is the last."""
        key, content = hash(self._key(record)), hash(record)
        if self._last.get(key) == content:
            return True
        self._last[key] = content
        return False

    def line(self, record: bytes, emitted_at: int) -> bytes:
        """The RECORD message of a record that is JSON already."""
        return b'%b%d,"data":%b}}\n' % (self._head, emitted_at, record)
