"""One list for all order streams of a company that go on from the same bookmark, if it is short.

What changed since then is asked once for all kinds, and what is open once for all streams of rows,
where each stream would ask for its own. The one that is read first asks; the others find their rows
here. A list that is not all on one page is not kept: each stream asks for its own then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from requests import codes

from tap_billit.api import odata
from tap_billit.api.pagination import KeysetPaginator, pages
from tap_billit.errors import ApiError
from tap_billit.open_orders import OpenOrders
from tap_billit.value_types import is_of
from tap_billit.walk import BOOKMARK, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_billit.api.paginator import Row
    from tap_billit.streams.orders import OrderStream

OPEN = odata.eq("Paid", False)  # noqa: FBT003

FEW = 100
"""Open orders of all kinds that fit on a page, with what changed."""

INVOICES = ("Invoice", "CreditNote")
"""The types that streams of rows have, of both directions."""

ROW_STREAMS = 4


class _Short(NamedTuple):
    """The rows of a list, and the streams that are still to take theirs."""

    rows: list[Row]
    awaited: set[str]


class SharedLists:
    """The lists of a run that streams share; None: that one is too long, or odd."""

    def __init__(self) -> None:
        self._lists: dict[tuple[int, str], _Short | None] = {}

    def changed(
        self, streams: Sequence[OrderStream], company: int, changed: str, *, since: Any
    ) -> list[Row] | None:
        """What the first of `streams` has in the list of what changed; None: it asks for it."""
        place = (company, changed)
        if place not in self._lists and len(streams) > 1 and _agree(streams, company, since):
            newest = _newest(streams[0], company)
            self._lists[place] = _ask(streams, company, [changed], newest=newest)
        return self._own(streams[0], place)

    def refreshed(
        self, streams: Sequence[OrderStream], company: int, changed: str, *, since: Any
    ) -> list[Row] | None:
        """The same of the list of what changed or is open; `streams` are all that have rows."""
        condition = odata.any_of(changed, OPEN)
        place = (company, condition)
        if place not in self._lists and _agree(streams, company, since):
            few = len(streams) == ROW_STREAMS and _open_in(streams, company) <= FEW
            kinds = odata.any_of(*(odata.eq("OrderType", kind) for kind in INVOICES))
            self._lists[place] = (
                _ask(streams, company, [kinds, condition], types=INVOICES) if few else None
            )
        return self._own(streams[0], place)

    def _own(self, stream: OrderStream, place: tuple[int, str]) -> list[Row] | None:
        short = self._lists.get(place)
        if short is None or stream.name not in short.awaited:
            return None
        short.awaited.remove(stream.name)
        own = [{**row} for row in short.rows if stream.is_of_kind(row)]
        if not short.awaited:
            short.rows.clear()
        return own


def _partition(stream: OrderStream, company: int) -> dict[str, Any]:
    partitions: Sequence[dict[str, Any]] = stream.stream_state.get("partitions", ())
    own = [each for each in partitions if each["context"]["CompanyID"] == company]
    return {**own[0]} if own else {}


def _agree(streams: Sequence[OrderStream], company: int, since: Any) -> bool:
    """Whether all go on from the same bookmark."""
    return {_partition(each, company).get(BOOKMARK) for each in streams} == {text(since)}


def _open_in(streams: Sequence[OrderStream], company: int) -> int:
    """How many orders are known to be open; too many where that is not known."""
    clock = streams[0].account.settings.clock
    known = [OpenOrders(_partition(each, company), clock=clock) for each in streams]
    return sum(map(len, known)) if all(each.known for each in known) else FEW + 1


def _newest(stream: OrderStream, company: int) -> str | None:
    watermark = stream.account.watermark(stream.path, company)
    return watermark and watermark.newest


def _ask(
    streams: Sequence[OrderStream],
    company: int,
    conditions: list[str],
    *,
    types: Sequence[str] = (),
    newest: str | None = None,
) -> _Short | None:
    """The list, if it is on one page and nothing in it is odd, or speaks against it.

    A row without a key, of another company, or that does not say which of `types` it is, would be
    noticed by one stream alone; where `newest` is not there, Billit contradicts itself.
    """
    stream = streams[0]
    paginator = KeysetPaginator(stream.path, conditions, after=None)
    are_all = True

    def usable(rows: list[Row]) -> list[Row]:
        nonlocal are_all
        found = stream.with_key(rows)
        are_all = are_all and len(found) == len(rows)
        return found

    try:
        page = next(pages(stream.account.client, paginator, company=company, usable=usable), [])
    except ApiError as error:
        if error.status != codes.bad_request:
            raise
        return None
    is_believed = (
        are_all
        and paginator.query is None
        and all(_says_its_kind(row, types) and is_of(company, row) for row in page)
        and (not newest or any(str(row.get("LastModified")) >= newest for row in page))
    )
    return _Short(page, {each.name for each in streams}) if is_believed else None


def _says_its_kind(row: Row, types: Sequence[str]) -> bool:
    direction, kind = row.get("OrderDirection"), row.get("OrderType")
    if not isinstance(kind, str) or direction not in ("Income", "Cost"):
        return False
    return not types or kind in types
