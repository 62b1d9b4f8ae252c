"""What loaders do with what a tap writes: when rows are kept, and when a STATE counts.

`tables` is what has been stored for good, upserts by key; `state` is the last STATE that the
loader has handed back, which the next run starts from.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from copy import deepcopy
from typing import Any

from typing_extensions import override

Row = dict[str, Any]
Key = tuple[Any, ...]

VERSION = "_sdc_table_version"
"""Where a loader keeps the version that a record came with."""


class Target(ABC):
    """A loader. Each run is told its end: of its input, or its own death."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[Key, Row]] = {}
        self.state: dict[str, Any] = {}
        self.keys: dict[str, list[str]] = {}
        self.versions: dict[tuple[str, Key], int] = {}

    def take(self, message: dict[str, Any]) -> None:
        if message["type"] == "SCHEMA":
            self.keys[message["stream"]] = message["key_properties"]
        elif message["type"] == "RECORD":
            self.record(message["stream"], message["record"] | {VERSION: message.get("version")})
        elif message["type"] == "ACTIVATE_VERSION":
            self.flush(message["stream"])
            self.activate(message["stream"], message["version"])
        elif message["type"] == "STATE":
            self.seen(deepcopy(message["value"]))

    def store(self, stream: str, row: Row) -> None:
        key = tuple(row[name] for name in self.keys[stream])
        self.versions[stream, key] = row.pop(VERSION) or 0
        self.tables.setdefault(stream, {})[key] = row

    def activate(self, stream: str, version: int) -> None:
        """Drop the rows of older versions, as the SDK's loaders do."""
        table = self.tables.get(stream, {})
        for key in [key for key in table if self.versions[stream, key] < version]:
            del table[key]

    @abstractmethod
    def record(self, stream: str, row: Row) -> None: ...

    def flush(self, stream: str) -> None:  # noqa: B027
        """Store what is buffered of a stream."""

    @abstractmethod
    def seen(self, state: dict[str, Any]) -> None: ...

    @abstractmethod
    def end(self, *, dies: bool) -> None:
        """The input is over and what is buffered is stored; or it is lost."""


class AtOnce(Target):
    """Stores each row and hands back each STATE, as target-jsonl does."""

    def record(self, stream: str, row: Row) -> None:
        self.store(stream, row)

    def seen(self, state: dict[str, Any]) -> None:
        self.state = state

    def end(self, *, dies: bool) -> None:
        pass


class Buffered(Target):
    """Stores rows when there are `size`, then hands back the last STATE, as the SDK's do."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self._rows: list[tuple[str, Row]] = []
        self._state: dict[str, Any] | None = None

    def record(self, stream: str, row: Row) -> None:
        self._rows.append((stream, row))
        if len(self._rows) >= self.size:
            self._flush()

    def seen(self, state: dict[str, Any]) -> None:
        self._state = state

    def end(self, *, dies: bool) -> None:
        if not dies:
            self._flush()
        self._rows, self._state = [], None

    @override
    def flush(self, stream: str) -> None:
        self._flush()

    def _flush(self) -> None:
        for stream, row in self._rows:
            self.store(stream, row)
        self._rows = []
        self.state = self._state or self.state


class BufferedByStream(Target):
    """A buffer a stream, and a STATE put together from the streams stored, as target-duckdb's.

    It takes the first STATE of a run for one whose rows are stored.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self._begin()

    def _begin(self) -> None:
        self._rows: dict[str, list[Row]] = {}
        self._state: dict[str, Any] | None = None
        self._stored: dict[str, Any] | None = None

    def record(self, stream: str, row: Row) -> None:
        rows = self._rows.setdefault(stream, [])
        rows.append(row)
        if len(rows) < self.size:
            return
        self._flush(stream)
        if self._state and self._stored and stream in self._state["bookmarks"]:
            self._stored["bookmarks"][stream] = deepcopy(self._state["bookmarks"][stream])
        self._emit()

    def seen(self, state: dict[str, Any]) -> None:
        self._state = state
        self._stored = self._stored or deepcopy(state)

    def end(self, *, dies: bool) -> None:
        if not dies:
            for stream in [*self._rows]:
                self._flush(stream)
            self._stored = self._state
            self._emit()
        self._begin()

    @override
    def flush(self, stream: str) -> None:
        self._flush(stream)

    def _flush(self, stream: str) -> None:
        for row in self._rows.pop(stream, ()):
            self.store(stream, row)

    def _emit(self) -> None:
        self.state = deepcopy(self._stored or self.state)
