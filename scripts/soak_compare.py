"""What tables hold otherwise than the demo account that was loaded into them: for the soak."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from tap_billit.streams import STREAMS
from tap_billit.streams.order_details import OrderDetails
from tap_billit.streams.orders import OrderRows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_billit.demo import Account


COMPUTED = {"overdue", "daysoverdue"}

Row = dict[str, Any]


class Store(Protocol):
    """Where a loader put the rows."""

    def rows(self, table: str) -> list[Row]:
        """The rows of a table."""


def differences(account: Account, store: Store) -> Iterator[str]:
    """What the tables have otherwise than Billit."""
    live = {
        row["OrderID"]: row
        for company in account.companies
        for row in account.rows(company["PartyID"])
    }
    deleted = {int(row["orderid"]) for row in _plain(store.rows("deleted_orders"))}
    for stream in STREAMS:
        if not issubclass(stream, (OrderRows, OrderDetails)) or not hasattr(stream, "direction"):
            continue
        name = stream.name
        rows = _plain(store.rows(name))
        have = {int(row["orderid"]): row for row in rows}
        if len(have) < len(rows):
            yield f"{name}: {len(rows)} rows of {len(have)} orders"
        wanted = {
            order
            for order, row in live.items()
            if (row["OrderDirection"], row["OrderType"]) == (stream.direction, stream.order_type)
        }
        for order in sorted(wanted - have.keys()):
            yield f"{name}: {order} is lost, changed {live[order]['LastModified']}"
        for order in sorted(have.keys() - live.keys() - deleted):
            yield f"{name}: {order} is neither in Billit nor deleted there"
        for order in sorted(wanted & have.keys()):
            rowwise = issubclass(stream, OrderRows)
            want = live[order] if rowwise else account.document(order)
            left_out = set() if rowwise else COMPUTED
            if columns := _unlike(have[order], want, left_out):
                yield f"{name}: {order} is stale: {columns}"
        print(f"  {name}: {len(wanted)} orders, {len(have)} rows")


def _plain(rows: list[Row]) -> list[Row]:
    """Rows whose columns are named as in any loader: lower case, no underscores."""
    return [{name.replace("_", "").lower(): row[name] for name in row} for row in rows]


def _unlike(have: Row, want: Row, left_out: set[str]) -> dict[str, tuple[Any, Any]]:
    pairs = {name.lower(): (have.get(name.lower()), value) for name, value in want.items()}
    return {name: pair for name, pair in pairs.items() if name not in left_out and not _same(*pair)}


def _same(have: Any, want: Any) -> bool:
    """Whether a column says `want`, whatever types the loader has for it."""
    if isinstance(want, (dict, list)) and isinstance(have, str):
        have = json.loads(have)
    if isinstance(want, list) and isinstance(have, list):
        return len(have) == len(want) and all(map(_same, have, want))
    if isinstance(want, dict) and isinstance(have, dict):
        return have.keys() >= want.keys() and all(_same(have[key], want[key]) for key in want)
    if isinstance(want, (int, Decimal)) and isinstance(have, str):
        return Decimal(have) == want
    if isinstance(want, Decimal) and have is not None:
        return float(have) == float(want)  # DuckDB's loader stores doubles
    if isinstance(want, str) and have != want:
        with suppress(ValueError):
            return _moment(str(have)) == _moment(want)
    return bool(have == want)


def _moment(text: str) -> datetime:
    whole, _, fraction = text.replace(" ", "T").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6].ljust(6, '0')}")
