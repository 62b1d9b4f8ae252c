"""How Billit's lists are read page by page, so that no change meanwhile can hide a row."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from typing_extensions import override

from tap_billit.api import odata
from tap_billit.api.query_fallbacks import BY_OFFSET, Feature, Features, Query, without
from tap_billit.errors import AnswerError
from tap_billit.value_types import whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_billit.api.client import BillitClient

Row = dict[str, Any]

EMPTY_PAGES = 100
"""How many pages without a row are passed, one after another, before it is called endless."""

STEP_BACK = 100
"""Rows to step back where orders were deleted before an offset: nearly a page."""

SAME_PAGE = 2
"""How often a page is listed at most: as many rows as it has may come in before it meanwhile."""

SAME_PLACE = 10
"""How often an offset is asked without finding anything new; orders may be deleted meanwhile."""


class NextPageLinkPaginator:
    """Follows `NextPageLink`: its whole query, on the URL that we asked.

    Servers behind proxies print links with odd hosts and schemes, so nothing else of the link is
    used. Billit's link is an offset: on a list that changes meanwhile it skips rows. That is why
    lists that follow it are ordered newest change first, where a change makes a duplicate.
    """

    may_be_empty = False
    """Whether an empty body stands for an empty list."""

    def __init__(self, path: str, query: Mapping[str, str]) -> None:
        self.path = path
        self.query: Query | None = dict(query)
        self._asked: list[Query] = []
        self._seen: Counter[int] = Counter()
        self._empty = 0

    def query_without(self, features: Features) -> Query:
        """`query` without features that Billit refuses."""
        return without(self.query or {}, features)

    def note_refused(self, features: Features) -> None:
        """The page to come was asked without these features."""

    def advance(self, rows: list[Row], link: str | None) -> None:
        """Set `query` to the next page's, or to None after a page without a link."""
        self._check_progress(rows)
        if self.query is not None:
            self._asked.append(self.query)
        self.query = self._next(rows, link) if link else None

    def _check_progress(self, rows: list[Row]) -> None:
        """Stop where links would lead round in circles, each of them new."""
        if not rows:
            self._empty += 1
            if self._empty > EMPTY_PAGES:
                raise AnswerError(
                    f"Billit links from one empty page of {self.path} to the next, without end."
                )
            return
        self._empty = 0
        page = hash(repr((rows[0], rows[-1])))
        self._seen[page] += 1
        if self._seen[page] > SAME_PAGE:
            raise AnswerError(f"Billit lists the same page of {self.path} again and again.")

    def _next(self, rows: list[Row], link: str) -> dict[str, str]:  # noqa: ARG002
        try:
            parts = urlsplit(urljoin(self.path, link))
        except (TypeError, ValueError):
            raise AnswerError(
                f"Billit's NextPageLink for {self.path} is no address: it is not followed."
            ) from None
        if not parts.path.lower().endswith(self.path.lower()):
            raise AnswerError(
                f"Billit's NextPageLink leads from {self.path} to {parts.path}: it is not followed."
            )
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if query in self._asked:
            raise AnswerError(f"Billit's NextPageLink for {self.path} repeats: {parts.query}.")
        return query


class KeysetPaginator(NextPageLinkPaginator):
    """Lists orders by OrderID and asks each next page from the last OrderID on.

    Billit's link only says that there is more; the page after order 120 is the same query with
    `OrderID ge 121`, whatever was changed, added or deleted before it in the meantime.

    Where Billit refuses that, pages go by offset, and each begins with the last row of the one
    before: if it does not, orders were deleted meanwhile, and the offset steps back.
    """

    def __init__(self, path: str, conditions: list[str], *, after: int | None) -> None:
        self._conditions = conditions
        self._last = after
        self._refused: Features = frozenset()
        self._skip = 0
        self._places: Counter[tuple[int, int | None]] = Counter()
        super().__init__(path, self._from_last())

    def _from_last(self) -> Query:
        start = [] if self._last is None else [odata.ge("OrderID", self._last + 1)]
        return self._listed(*self._conditions, *start)

    def _listed(self, *conditions: str) -> Query:
        filters = {"$filter": odata.all_of(*conditions)} if conditions else {}
        return {**filters, "$orderby": "OrderID asc"}

    @override
    def query_without(self, features: Features) -> Query:
        if not features & BY_OFFSET:
            return super().query_without(features)
        offset = {"$skip": str(self._skip)} if self._skip else {}
        return without(self._listed(*self._conditions), features) | offset

    @override
    def note_refused(self, features: Features) -> None:
        self._refused = features

    @override
    def advance(self, rows: list[Row], link: str | None) -> None:
        """Set `query` to the next page's; of `rows`, only those that are new are left."""
        by_offset = bool(self._refused & BY_OFFSET)
        if by_offset:
            link = self._overlap(rows, link)
        for row in rows:
            order = _order_id(row)
            if self._last is not None and order <= self._last:
                raise AnswerError(
                    f"Billit listed order {order} after order {self._last}, {self._why()}: going "
                    "on could miss orders."
                )
            self._last = row["OrderID"] = order
        if by_offset:
            self.query = self._from_last() if link else None
        else:
            super().advance(rows, link)

    def _why(self) -> str:
        if Feature.BY_ID not in self._refused:
            return "although it was asked for OrderID order"
        return (
            "as it refuses `$orderby=OrderID` and has another order of its own, an open question "
            "about its API (please report this)"
        )

    def _overlap(self, rows: list[Row], link: str | None) -> str | None:
        """Drop the rows known already; the link that there is more, after a step back always."""
        place = (self._skip, self._last)
        self._places[place] += 1
        if self._places[place] > SAME_PLACE:
            raise AnswerError(f"Billit lists the same page of {self.path} again and again.")
        last = -1 if self._last is None else self._last
        if self._skip and not (rows and _order_id(rows[0]) <= last):
            rows.clear()
            self._skip = max(0, self._skip - STEP_BACK)
            return self.path
        self._skip += max(1, len(rows) - 1)
        known = 0
        while known < len(rows) and _order_id(rows[known]) <= last:
            known += 1
        del rows[:known]
        return link

    @override
    def _next(self, rows: list[Row], link: str) -> dict[str, str]:
        return self._from_last() if rows else super()._next(rows, link)


def pages(
    client: BillitClient,
    paginator: NextPageLinkPaginator,
    *,
    company: int | None,
    usable: Callable[[list[Row]], list[Row]] = lambda rows: rows,
) -> Iterator[list[Row]]:
    """The `usable` rows of each page of a list; an empty page that has a link is passed."""
    while paginator.query is not None:
        path = paginator.path
        body = client.ask(
            path, paginator.query_without, company=company, may_be_empty=paginator.may_be_empty
        ).body
        rows, link = page_of(body, path)
        rows = usable(rows)
        paginator.note_refused(client.fallbacks.refused(path))
        paginator.advance(rows, link)
        if rows:
            yield rows


def _order_id(row: Row) -> int:
    order = whole_number(row.get("OrderID"))
    if order is None:
        raise AnswerError(f"Billit listed an order whose OrderID is {row.get('OrderID')!r}.")
    return order


def page_of(body: Any, path: str) -> tuple[list[Row], str | None]:
    """The rows of a page and its link, from the JSON that Billit answered.

    `Items` that are null are an empty list, unless the page says otherwise.

    Raises:
        AnswerError: it is neither an object with a list of `Items` nor a bare list.
    """
    rows, link = body, None
    if isinstance(body, dict):
        rows, link = body.get("Items"), body.get("NextPageLink")
        if rows is None and "Items" in body and not link and not body.get("Count"):
            rows = []
    if not isinstance(rows, list) or (rows and not any(isinstance(row, dict) for row in rows)):
        raise AnswerError(f"Billit answered {path} with JSON that is not a list of Items.")
    if not isinstance(link, str | None):
        raise AnswerError(f"Billit answered {path} with a NextPageLink that is {link!r}.")
    return [row if isinstance(row, dict) else {} for row in rows], link
