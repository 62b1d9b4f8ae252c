"""How Billit's lists are read page by page, so that no change meanwhile can hide a row."""

from __future__ import annotations

from itertools import dropwhile
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_billit.api import odata
from tap_billit.api.json_text import read_strictly
from tap_billit.api.overlap import OverlapPaginator
from tap_billit.api.paginator import Paginator
from tap_billit.api.query_fallbacks import BY_OFFSET, Feature
from tap_billit.api.raw_rows import RawRow
from tap_billit.errors import AnswerError
from tap_billit.value_types import whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_billit.api.client import BillitClient, Read
    from tap_billit.api.paginator import Row
    from tap_billit.api.query_fallbacks import Features, Query

_ROWS = (dict, RawRow)


class KeysetPaginator(Paginator):
    """Lists orders by OrderID and asks each next page from the last OrderID on.

    The page after order 120 is the same query with `OrderID ge 121`, whatever was changed, added or
    deleted before it in the meantime. Where Billit refuses that, pages go by offset, and overlap.
    """

    def __init__(self, path: str, conditions: list[str], *, after: int | None) -> None:
        self._conditions = conditions
        self._last = after
        self._by_offset = OverlapPaginator(path, self._listed(*conditions), key="OrderID")
        self._more_expected = False
        super().__init__(path, self._from_last())

    def _from_last(self) -> Query:
        start = [] if self._last is None else [odata.ge("OrderID", self._last + 1)]
        return self._listed(*self._conditions, *start)

    def _listed(self, *conditions: str) -> Query:
        filters = {"$filter": odata.all_of(*conditions)} if conditions else {}
        return {**filters, "$orderby": "OrderID asc"}

    @override
    def query_without(self, features: Features) -> Query:
        if features & BY_OFFSET:
            return self._by_offset.query_without(features)
        return super().query_without(features)

    @override
    def advance(self, rows: list[Row], listed: list[Row], *, more: bool) -> None:
        if self.refused & BY_OFFSET:
            self._by_offset.refused = self.refused
            self._by_offset.advance(rows, listed, more=more)
            rows[:] = dropwhile(self._is_written, rows)
            more = self._by_offset.query is not None
        else:
            self._check_progress(rows)
            # What an empty page contradicts is asked again, once.
            more, self._more_expected = more or (self._more_expected and not rows), more
        for row in rows:
            self._check_order(row)
        self.query = self._from_last() if more else None

    def _is_written(self, row: Row) -> bool:
        return self._last is not None and _order_id(row.get("OrderID")) <= self._last

    def _check_order(self, row: Row) -> None:
        said = row.get("OrderID")
        order = _order_id(said)
        if self._last is not None and order <= self._last:
            raise AnswerError(
                f"Billit listed order {order} after order {self._last}, {self._why()}: going "
                "on could miss orders."
            )
        if order is not said:
            row["OrderID"] = order  # a number from then on
        self._last = order

    def _why(self) -> str:
        if Feature.BY_ID not in self.refused:
            return "although it was asked for OrderID order"
        return (
            "as it refuses `$orderby=OrderID` and has another order of its own, an open question "
            "about its API (please report this)"
        )


def pages(
    client: BillitClient,
    paginator: Paginator,
    *,
    company: int | None,
    usable: Callable[[list[Row]], list[Row]] = lambda rows: rows,
    read: Read = read_strictly,
) -> Iterator[list[Row]]:
    """The `usable` rows of each page of a list that are new; pages without one are passed."""
    while paginator.query is not None:
        path = paginator.path
        body = client.ask(
            path,
            paginator.query_without,
            company=company,
            may_be_empty=paginator.may_be_empty,
            read=read,
        ).body
        listed, link = page_of(body, path)
        rows = [*usable(listed)]
        paginator.refused = client.fallbacks.refused(path)
        paginator.advance(rows, listed, more=bool(link))
        if rows:
            yield rows


def _order_id(said: Any) -> int:
    order = whole_number(said)
    if order is None:
        raise AnswerError(f"Billit listed an order whose OrderID is {said!r}.")
    return order


def page_of(body: Any, path: str) -> tuple[list[Row], str | None]:
    """The rows of a page and its link, from the JSON that Billit answered.

    `Items` that are null are an empty list, unless the page says otherwise.

    Raises:
        AnswerError: it is neither an object with a list of `Items` nor a bare list, or an empty
            one that counts rows.
    """
    rows, link = body, None
    if isinstance(body, dict):
        rows, link = body.get("Items"), body.get("NextPageLink")
        if rows is None and "Items" in body and not link and not body.get("Count"):
            rows = []
    if not isinstance(rows, list) or (rows and not any(map(_is_row, rows))):
        raise AnswerError(f"Billit answered {path} with JSON that is not a list of Items.")
    if not rows and not link and isinstance(body, dict) and whole_number(body.get("Count")):
        raise AnswerError(f"Billit says that {path} has {body['Count']} rows, and lists none.")
    if not isinstance(link, str | None):
        raise AnswerError(f"Billit answered {path} with a NextPageLink that is {link!r}.")
    return [row if _is_row(row) else {} for row in rows], link


def _is_row(value: Any) -> bool:
    return isinstance(value, _ROWS)
