"""The state of a list that Billit does not filter: when it was read whole, and what was new in it.

It moves when a list has been read to its end, and all records before it are out; until then the
next run does the same. `state.py` has the states of all other streams.

The state of a partition:

    context   the CompanyID
    whole     when the run began that read the whole list, by Billit's clock (UTC)
    down_to   the smallest key that the next run reads; null: it reads the whole list
    written   a digest for each chunk of rows from there on, as they were written
    columns   a digest of the columns that they were written with
    begun     true: a run began to write what is new, and did not come to the end of the list;
              what `written` says may be older than what was written
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import msgspec

from tap_billit.errors import StateError
from tap_billit.value_types import whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_billit.api.paginator import Row

SIZE = 64
"""Rows of a chunk, on average: one that changed is written again with its neighbours."""

_encode = msgspec.json.Encoder(order="sorted").encode


class Chunk(NamedTuple):
    """Neighbours in a list; `smallest` is the last key where the newest come first."""

    rows: list[Row]
    smallest: int
    digest: str


def chunks(rows: Iterable[Row], key: str) -> Iterator[Chunk]:
    """`rows`, cut behind those whose key says so: the edges stay where others come and go."""
    found: list[Row] = []
    number = 0
    for row in rows:
        found.append(row)
        number = whole_number(row[key]) or 0
        if crc32(b"%d" % number) % SIZE == 0:
            yield _chunk(found, number)
            found = []
    if found:
        yield _chunk(found, number)


def _chunk(rows: list[Row], smallest: int) -> Chunk:
    digest = blake2b(digest_size=5)
    for row in rows:
        digest.update(getattr(row, "raw", None) or _encode({**row}))
    return Chunk(rows, smallest, digest.hexdigest())


class ListState:
    """Reads and moves the `state` of one partition of one stream.

    Raises:
        StateError: it cannot be continued from.
    """

    def __init__(self, state: dict[str, Any], *, columns: str) -> None:
        self._state = state
        self._columns = columns
        self._read: list[tuple[Chunk, bool]] = []
        try:
            whole = state.get("whole")
            self.whole = None if whole is None else _moment(whole)
            self.down_to = _checked(state.get("down_to"), int)
            written = {_checked(each, str) for each in state.get("written") or ()}
        except (TypeError, ValueError) as error:
            raise StateError(f"{type(error).__name__}: {error}") from error
        if state.get("columns") != columns:
            self.whole = None
        self._written = set() if self.whole is None or state.get("begun") else written

    def is_new(self, chunk: Chunk, *, may_change: bool) -> bool:
        """Whether a chunk of the list was not written as it is; what `may_change` is read again."""
        self._read.append((chunk._replace(rows=[]), may_change))
        return chunk.digest not in self._written

    def complete(self, whole: datetime | None, *, in_order: bool) -> None:
        """All is out. `in_order`: it came newest key first."""
        may_change = [at for at, (_, may) in enumerate(self._read) if may]
        number = max(may_change, default=0) + 1 if in_order else len(self._read)
        kept = [chunk for chunk, _ in self._read[:number]]
        self._state |= {
            "whole": None if whole is None else whole.isoformat(),
            "down_to": kept[-1].smallest if kept and in_order else None,
            "written": [chunk.digest for chunk in kept],
            "columns": self._columns,
        }
        self._state.pop("begun", None)


def _moment(text: Any) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return moment


def _checked(value: Any, of: type) -> Any:
    if value is not None and type(value) is not of:
        raise TypeError(f"{value!r} is no {of.__name__}")
    return value
