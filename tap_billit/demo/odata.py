"""OData over rows sorted by their key: `$filter`, `$orderby`, `$top`, `$skip`, `$inlinecount`."""

from __future__ import annotations

from bisect import bisect_left
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_billit.demo.odata_filter import Filter, ODataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Json = dict[str, Any]

_OPTIONS = {"$filter", "$orderby", "$top", "$skip", "$inlinecount"}


class Entity(NamedTuple):
    """A listed type: its name in errors, its key, and the kind of each filterable property."""

    name: str
    key: str
    properties: Mapping[str, str]


class Page(NamedTuple):
    """One page of rows, whether more follow, and their total where it was asked for."""

    items: list[Json]
    more: bool
    total: int | None


class Query:
    """The OData options of one request; one that Billit does not document is an error."""

    def __init__(self, options: Mapping[str, str], *, entity: Entity, page_size: int) -> None:
        unknown = [name for name in options if name.startswith("$") and name not in _OPTIONS]
        if unknown:
            raise ODataError(f"The query parameter '{unknown[0]}' is not supported.")
        self._entity = entity
        self._filter = None
        if "$filter" in options:
            self._filter = Filter(
                options["$filter"], properties=entity.properties, type_name=entity.name
            )
        self._orderby = self._read_orderby(options.get("$orderby", ""))
        self._counts = options.get("$inlinecount") == "allpages"
        self.top = _natural(options, "$top")
        self.skip = _natural(options, "$skip") or 0
        self.page_size = page_size

    def page(self, rows: Sequence[Json]) -> Page:
        """The page asked for, of rows sorted by their key."""
        size = self.page_size if self.top is None else min(self.top, self.page_size)
        end = self.skip + size + 1
        if self._orderby == [(self._entity.key, True)] and not (self._counts or self._filter):
            places = range(len(rows) - 1, -1, -1)[self.skip : end]
            window = [rows[place] for place in places]
            return Page(window[:size], len(window) > size, None)
        if self._counts or self._orderby not in ([], [(self._entity.key, False)]):
            found = self._sorted(list(self._matching(rows)))
            window = found[self.skip : end]
            return Page(window[:size], len(window) > size, len(found) if self._counts else None)
        if self._filter is None:
            window = list(rows[self.skip : end])
        else:
            window = list(islice(self._matching(rows), self.skip, end))
        return Page(window[:size], len(window) > size, None)

    def _matching(self, rows: Sequence[Json]) -> Iterator[Json]:
        """The rows that pass, in order, begun where the filter bounds the key."""
        if self._filter is None:
            return iter(rows)
        key = self._entity.key
        least = self._filter.least.get(key)
        begin = 0 if least is None else bisect_left(rows, least, key=itemgetter(key))
        return filter(self._filter, (rows[place] for place in range(begin, len(rows))))

    def _sorted(self, rows: list[Json]) -> list[Json]:
        for path, descending in reversed(self._orderby):
            steps = path.split("/")
            rows.sort(key=lambda row: _sortable(row, steps), reverse=descending)
        return rows

    def _read_orderby(self, text: str) -> list[tuple[str, bool]]:
        keys = []
        for part in filter(None, (part.strip() for part in text.split(","))):
            path, _, way = part.partition(" ")
            if path not in {*self._entity.properties, self._entity.key}:
                raise ODataError.unknown(path, self._entity.name)
            if way.strip() not in {"", "asc", "desc"}:
                raise ODataError(f"Syntax error in '{part}'.")
            keys.append((path, way.strip() == "desc"))
        return keys


def value_at(row: Any, steps: Sequence[str]) -> Any:
    """The value at a property path; None where a step is missing."""
    for step in steps:
        row = row.get(step) if row is not None else None
    return row


def _sortable(row: Json, steps: Sequence[str]) -> tuple[bool, Any]:
    value = value_at(row, steps)
    return (value is not None, value)


def _natural(options: Mapping[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not text.isdecimal():
        raise ODataError(f"The value '{text}' of '{name}' is not a non-negative integer.")
    return int(text)
