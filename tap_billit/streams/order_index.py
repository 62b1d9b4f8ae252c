"""The index of all orders, whatever their kind: it tells which have become another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_billit.schemas.order import ORDER_INDEX
from tap_billit.streams.orders import ListedOrders

if TYPE_CHECKING:
    from singer_sdk.helpers.types import Context, Record

    from tap_billit.api.paginator import Row


class Orders(ListedOrders):
    """All orders of every kind, in short: which of them became another kind."""

    name = "orders"
    schema = ORDER_INDEX
    lists_records = False
    cost = "1 for 120 orders that changed, of any kind"

    @override
    def kinds(self) -> list[str]:
        """None: offers, order forms and delivery notes are orders, too."""
        return []

    @override
    def is_of_kind(self, order: Row) -> bool:
        return True

    @override
    def post_process(self, row: Record, context: Context | None = None) -> Record:
        """The columns alone: the streams of rows have the rest."""
        columns = self.schema["properties"]
        short = {name: value for name, value in row.items() if name in columns}
        return super().post_process(short, context)
