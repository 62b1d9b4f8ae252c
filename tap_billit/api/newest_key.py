"""Lists that Billit does not filter, newest key first, as far as they are wanted."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_billit.api.overlap import OverlapPaginator
from tap_billit.api.query_fallbacks import Feature
from tap_billit.value_types import whole_number

if TYPE_CHECKING:
    from tap_billit.api.paginator import Row


class NewestKeyPaginator(OverlapPaginator):
    """Reads a list down to the row with the key `down_to`; None: to its end.

    It is read to its end, too, where Billit refuses that order, or the rows show that it does not
    list them so: then `in_order` is false.
    """

    def __init__(self, path: str, *, key: str, down_to: int | None) -> None:
        super().__init__(path, {"$orderby": f"{key} desc"}, key=key)
        self._down_to = down_to
        self.in_order = True

    @override
    def advance(self, rows: list[Row], listed: list[Row], *, more: bool) -> None:
        if Feature.NEWEST_KEY in self.refused or any(
            self._number(row) < self._number(following) for row, following in pairwise(rows)
        ):
            self.in_order = False
        super().advance(rows, listed, more=more)
        rows[:] = filter(self._is_wanted, rows)

    @override
    def _is_last(self, row: Row) -> bool:
        return self.in_order and self._down_to is not None and self._number(row) <= self._down_to

    def _is_wanted(self, row: Row) -> bool:
        return not self.in_order or self._down_to is None or self._number(row) >= self._down_to

    def _number(self, row: Row) -> int:
        return whole_number(row[self._key]) or 0
