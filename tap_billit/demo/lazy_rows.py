"""Rows that exist once somebody reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, overload

Json = dict[str, Any]
T = TypeVar("T")


class LazyRows(Sequence[Json], Generic[T]):
    """A sequence whose items are made when asked for."""

    def __init__(self, sources: list[T], make: Callable[[T], Json]) -> None:
        self._sources, self._make = sources, make

    def __len__(self) -> int:
        return len(self._sources)

    @overload
    def __getitem__(self, index: int) -> Json: ...
    @overload
    def __getitem__(self, index: slice) -> list[Json]: ...
    def __getitem__(self, index: int | slice) -> Json | list[Json]:
        if isinstance(index, slice):
            return [self._make(source) for source in self._sources[index]]
        return self._make(self._sources[index])
