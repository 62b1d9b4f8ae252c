"""How Billit's lists are read page by page, so that no change meanwhile can hide a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from typing_extensions import override

from tap_billit import odata
from tap_billit.errors import BillitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_billit.client import BillitClient

Row = dict[str, Any]


class NextPageLinkPaginator:
    """Follows `NextPageLink`: its whole query, on the URL that we asked.

    Servers behind proxies print links with odd hosts and schemes, so nothing else of the link is
    used. Billit's link is an offset: on a list that changes meanwhile it skips rows. That is why
    lists that follow it are ordered newest change first, where a change makes a duplicate.
    """

    def __init__(self, path: str, query: Mapping[str, str]) -> None:
        self.path = path
        self.query: dict[str, str] | None = dict(query)
        self._asked: list[dict[str, str]] = []
        self._rows: list[Row] = []

    def advance(self, rows: list[Row], link: str | None) -> None:
        """Set `query` to the next page's, or to None after a page without a link."""
        if rows and rows == self._rows:
            raise BillitError(f"Billit lists the same page of {self.path} again and again.")
        if self.query is not None:
            self._asked.append(self.query)
        self._rows = rows
        self.query = self._next(rows, link) if link else None

    def _next(self, rows: list[Row], link: str) -> dict[str, str]:  # noqa: ARG002
        parts = urlsplit(link)
        if not parts.path.lower().endswith(self.path.lower()):
            raise BillitError(
                f"Billit's NextPageLink leads from {self.path} to {parts.path}: it is not followed."
            )
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if query in self._asked:
            raise BillitError(f"Billit's NextPageLink for {self.path} repeats: {parts.query}.")
        return query


class KeysetPaginator(NextPageLinkPaginator):
    """Lists orders by OrderID and asks each next page from the last OrderID on.

    Billit's link only says that there is more; the page after order 120 is the same query with
    `OrderID ge 121`, whatever was changed, added or deleted before it in the meantime.
    """

    def __init__(self, path: str, conditions: list[str], *, after: int | None) -> None:
        self._conditions = conditions
        self._last = after
        super().__init__(path, self._from_last())

    def _from_last(self) -> dict[str, str]:
        start = [] if self._last is None else [odata.ge("OrderID", self._last + 1)]
        conditions = [*self._conditions, *start]
        filters = {"$filter": odata.all_of(*conditions)} if conditions else {}
        return {**filters, "$orderby": "OrderID asc"}

    @override
    def advance(self, rows: list[Row], link: str | None) -> None:
        for row in rows:
            order = row.get("OrderID")
            if not isinstance(order, int):
                raise BillitError(f"Billit listed an order whose OrderID is {order!r}, no number.")
            if self._last is not None and order <= self._last:
                raise BillitError(
                    f"Billit listed order {order} after order {self._last}, although it was "
                    "asked for OrderID order: going on could miss orders."
                )
            self._last = order
        super().advance(rows, link)

    @override
    def _next(self, rows: list[Row], link: str) -> dict[str, str]:
        return self._from_last() if rows else super()._next(rows, link)


def pages(
    client: BillitClient, paginator: NextPageLinkPaginator, *, company: int | None
) -> Iterator[list[Row]]:
    """The rows of each page of a list; an empty page that has a link is passed."""
    while paginator.query is not None:
        body = client.get(paginator.path, paginator.query, company=company).body
        rows, link = page_of(body, paginator.path)
        paginator.advance(rows, link)
        if rows:
            yield rows


def page_of(body: Any, path: str) -> tuple[list[Row], str | None]:
    """The rows of a page and its link, from the JSON that Billit answered.

    Raises:
        BillitError: it is neither an object with a list of `Items` nor a bare list.
    """
    rows, link = (
        (body.get("Items"), body.get("NextPageLink")) if isinstance(body, dict) else (body, None)
    )
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BillitError(f"Billit answered {path} with JSON that is not a list of Items.")
    return rows, link
