"""Pages by offset that overlap by a row, so that nothing that is deleted meanwhile hides a row."""

from __future__ import annotations

from array import array
from collections import defaultdict
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_billit.api.paginator import Paginator
from tap_billit.api.query_fallbacks import without
from tap_billit.value_types import whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_billit.api.paginator import Row
    from tap_billit.api.query_fallbacks import Features, Query

BUCKETS = 4096


class SeenRows:
    """Rows as they stood when they were read: eight bytes each."""

    def __init__(self) -> None:
        self._buckets: defaultdict[int, array[int]] = defaultdict(lambda: array("q"))

    def __contains__(self, row: int) -> bool:
        return row in self._buckets[row % BUCKETS]

    def add(self, row: int) -> bool:
        """Whether it is a new one."""
        if row in self:
            return False
        self._buckets[row % BUCKETS].append(row)
        return True


class OverlapPaginator(Paginator):
    """Asks each page from the last row of the one before, by `$skip`.

    A page that begins with a row read before, and unchanged since, leaves nothing out: what stood
    before that row then still does, in whatever order Billit lists. Where it begins with another,
    rows were removed meanwhile: the offset steps back until the rows meet again.
    """

    def __init__(self, path: str, query: Mapping[str, str], *, key: str) -> None:
        super().__init__(path, query)
        self._list = self._asked = dict(query)
        self._key = key
        self._skip = 0
        self._step = 1
        self._seen = SeenRows()

    @override
    def query_without(self, features: Features) -> Query:
        asked = without(self._list, features)
        if self._skip and asked == self._asked:
            asked["$skip"] = str(self._skip)
        return asked

    @override
    def advance(self, rows: list[Row], listed: list[Row], *, more: bool) -> None:
        self._begin_again_if_asked_otherwise()
        marks = [self._mark(row) for row in rows]
        if self._skip and not (marks and marks[0] in self._seen):
            self._skip = max(0, self._skip - self._step)
            rows.clear()
            return
        place = (at for at in reversed(range(len(listed))) if rows and listed[at] is rows[-1])
        last = next(place, 0)
        self._skip += last
        self._step = max(1, last)
        if not more or (rows and self._is_last(rows[-1])):
            self.query = None
        rows[:] = [row for row, mark in zip(rows, marks, strict=True) if self._seen.add(mark)]
        self._check_progress(rows)

    def _begin_again_if_asked_otherwise(self) -> None:
        """What was read in another order tells nothing about what stands before a row in this."""
        asked = without(self._list, self.refused)
        if asked != self._asked:
            self._asked, self._skip, self._seen = asked, 0, SeenRows()

    def _is_last(self, row: Row) -> bool:  # noqa: ARG002
        """Whether nothing behind this row is wanted."""
        return False

    def _mark(self, row: Row) -> int:
        """The row as it stands: another one if it was modified."""
        return hash((whole_number(row.get(self._key)), str(row.get("LastModified"))))
