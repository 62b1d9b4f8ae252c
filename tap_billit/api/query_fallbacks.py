"""When Billit refuses a documented query (400), finds a simpler one that it accepts.

A query is asked as documented. Where Billit refuses it, the smallest set of features is found
without which the same rows can still be asked, and the rest of the run goes without them. Each
fallback reads more or the same, never less, and is logged once.
"""

from __future__ import annotations

import logging
import re
from enum import Enum
from itertools import chain, combinations
from typing import TYPE_CHECKING, TypeVar

from requests import codes

from tap_billit.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

T = TypeVar("T")

logger = logging.getLogger("tap-billit")


class Feature(Enum):
    """What a query may use, and what happens where Billit refuses it."""

    TIME = "a time of day in a filter", "whole days are asked, each from its start"
    NEWEST_FIRST = "`$orderby=LastModified`", "Billit's newest change is not known beforehand"
    FROM_ID = "`OrderID ge`", "pages are asked by offset, overlapping, and checked"
    NEWEST_KEY = "`$orderby=<key> desc`", "the whole list is read each time"
    BY_ID = "`$orderby=OrderID`", "pages are asked by offset, and their order is checked"


Features = frozenset[Feature]
Query = dict[str, str]

BY_OFFSET = frozenset({Feature.FROM_ID, Feature.BY_ID})
"""Without one of these, orders are paged by offset."""

_ORDERS = {
    Feature.NEWEST_FIRST: re.compile("LastModified desc"),
    Feature.NEWEST_KEY: re.compile(r"\w+ID desc"),
    Feature.BY_ID: re.compile("OrderID asc"),
}
_TIME_OF_DAY = re.compile(r"(DateTime'\d{4}-\d\d-\d\d)T[^']*'")


class QueryFallbacks:
    """The features that each list has refused in this run."""

    def __init__(self) -> None:
        self._refused: dict[str, Features] = {}

    def refused(self, path: str) -> Features:
        """What the list at `path` is asked without."""
        return self._refused.get(path, frozenset())

    def ignored(self, path: str, feature: Feature) -> None:
        """Go without a feature that is taken but has no effect."""
        what, instead = feature.value
        logger.warning("Billit takes %s for %s, but ignores it: %s.", what, path, instead)
        self._refused[path] = self.refused(path) | {feature}

    def ask(self, path: str, get: Callable[[Query], T], query: Callable[[Features], Query]) -> T:
        """What `get` answers to `query`, a function of the features that it must not use.

        Raises:
            ApiError: Billit refuses the query whatever it goes without.
        """
        refused = self.refused(path)
        try:
            return get(query(refused))
        except ApiError as error:
            if error.status != codes.bad_request:
                raise
            refusal = error
        used = [each for each in Feature if query(refused | {each}) != query(refused)]
        for more in _smallest_first(used):
            try:
                answer = get(query(refused | more))
            except ApiError as error:  # noqa: PERF203  a refusal is what is waited for
                if error.status != codes.bad_request:
                    raise
            else:
                self._refused[path] = refused | more
                for feature in more:
                    what, instead = feature.value
                    logger.warning("Billit refuses %s for %s: %s.", what, path, instead)
                return answer
        raise refusal


def without(query: Mapping[str, str], features: Features) -> Query:
    """`query` without these features; date-times are rounded down, for `ge` reads more then."""
    asked = dict(query)
    if Feature.TIME in features and "$filter" in asked:
        asked["$filter"] = _TIME_OF_DAY.sub(r"\1'", asked["$filter"])
    order = asked.get("$orderby", "")
    if any(feature in features and order_.fullmatch(order) for feature, order_ in _ORDERS.items()):
        del asked["$orderby"]
    return asked


def _smallest_first(features: list[Feature]) -> Iterator[Features]:
    sizes: Iterable[Iterable[tuple[Feature, ...]]] = (
        combinations(features, size) for size in range(1, len(features) + 1)
    )
    return map(frozenset, chain.from_iterable(sizes))
