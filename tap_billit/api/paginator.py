"""What every paginator has: the query of the next page, and an end to pages that lead nowhere."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from tap_billit.api.query_fallbacks import Features, Query, without
from tap_billit.errors import AnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = dict[str, Any]

FRUITLESS = 10
"""How many pages in a row may bring nothing new although Billit says that there is more."""


class Paginator(ABC):
    """Which page of a list is asked next.

    Billit's `NextPageLink` only says that there is more: it is an offset, which skips rows of a
    list that changes meanwhile, and servers behind proxies print links with odd hosts.
    """

    may_be_empty = False
    """Whether an empty body stands for an empty list."""

    refused: Features = frozenset()
    """What the page to come was asked without."""

    def __init__(self, path: str, query: Mapping[str, str]) -> None:
        self.path = path
        self.query: Query | None = dict(query)
        self._fruitless = 0

    def query_without(self, features: Features) -> Query:
        """The next page's query, without features that Billit refuses."""
        return without(self.query or {}, features)

    @abstractmethod
    def advance(self, rows: list[Row], listed: list[Row], *, more: bool) -> None:
        """Set `query` to the next page's, or to None at the end; leave only new ones in `rows`.

        `rows` are those of the page `listed` that can be used; there is `more` behind it.
        """

    def _check_progress(self, new: list[Row]) -> None:
        self._fruitless = 0 if new else self._fruitless + 1
        if self._fruitless > FRUITLESS:
            raise AnswerError(
                f"Billit says that {self.path} has more, and lists nothing new, again and again."
            )
