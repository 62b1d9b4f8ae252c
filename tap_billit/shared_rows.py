"""One list for all row streams of a company where little changed and little is open.

Four lists of a few rows each are one request instead of four. The stream that is read first asks;
the others find their rows here. A list that is not all on one page is not kept: each stream asks
for its own then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_billit.api import odata
from tap_billit.api.pagination import KeysetPaginator, pages
from tap_billit.open_orders import OpenOrders
from tap_billit.state import BOOKMARK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tap_billit.api.pagination import Row
    from tap_billit.streams.orders import OrderRows

    Kind = tuple[str, str]

OPEN = odata.eq("Paid", False)  # noqa: FBT003

FEW = 100
"""Open orders of all kinds that fit on a page, with what changed."""

KINDS = [(way, kind) for way in ("Income", "Cost") for kind in ("Invoice", "CreditNote")]
INVOICES = odata.any_of(*(odata.eq("OrderType", kind) for kind in ("Invoice", "CreditNote")))
"""All the kinds that have rows: these types, of both directions."""


class SharedRows:
    """The rows of shared lists, until each stream has taken its own; None: not to be shared."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, str], dict[Kind, list[Row]] | None] = {}

    def take(
        self, streams: Sequence[OrderRows], stream: OrderRows, company: int, since: datetime
    ) -> list[Row] | None:
        """What `stream` has in the list; the first of `streams` asks for it."""
        condition = odata.any_of(odata.ge("LastModified", since), OPEN)
        place = (company, condition)
        if place not in self._rows and _is_short(streams, company, since):
            self._rows[place] = _by_kind(stream, company, condition)
        by_kind = self._rows.get(place)
        return by_kind.pop((stream.direction, stream.order_type), None) if by_kind else None


def _is_short(streams: Sequence[OrderRows], company: int, since: datetime) -> bool:
    """Whether all row streams go on from the same bookmark, with little that is open."""
    open_ = 0
    for stream in streams:
        partitions = stream.stream_state.get("partitions", ())
        own = [each for each in partitions if each["context"]["CompanyID"] == company]
        partition = {**own[0]} if own else {}
        known = OpenOrders(partition, clock=stream.account.settings.clock)
        if not known.known or partition.get(BOOKMARK) != since.isoformat(timespec="seconds"):
            return False
        open_ += len(known)
    return len(streams) == len(KINDS) and open_ <= FEW


def _by_kind(stream: OrderRows, company: int, condition: str) -> dict[Kind, list[Row]] | None:
    """The rows of the list, if it is all on one page, and each has a key and says what it is."""
    paginator = KeysetPaginator(stream.path, [INVOICES, condition], after=None)
    without_key: list[Row] = []

    def usable(rows: list[Row]) -> list[Row]:
        found = stream.with_key(rows)
        without_key.extend(row for row in rows if row not in found)
        return found

    page = next(pages(stream.account.client, paginator, company=company, usable=usable), [])
    found: dict[Kind, list[Row]] = {kind: [] for kind in KINDS}
    for row in page:
        kind = (str(row.get("OrderDirection")), str(row.get("OrderType")))
        found.setdefault(kind, []).append(row)
    is_whole = paginator.query is None and not without_key and len(found) == len(KINDS)
    return found if is_whole else None
