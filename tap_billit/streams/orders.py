"""Orders: Billit's word for any commercial document, here invoices and credit notes.

Direction `Income` is a sale, `Cost` a purchase. Rows are the summaries that the list gives, 120 a
request; details are the whole order, a request each.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_billit.api import odata
from tap_billit.api.pagination import KeysetPaginator
from tap_billit.clock import shifted
from tap_billit.errors import AnswerError
from tap_billit.schemas.order import ORDER_ROW
from tap_billit.streams.base import IncrementalStream, is_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from singer_sdk.helpers.types import Record

    from tap_billit.api.paginator import Row
    from tap_billit.state import CompanyState

LATELY_PAID = timedelta(days=31)
"""How long before the bookmark an order may have been paid and still be read again."""


class OrderStream(IncrementalStream):
    """Orders of one direction and type, crawled in OrderID order."""

    path = "/v1/orders"
    primary_keys: tuple[str, ...] = ("OrderID",)
    resumable = True

    direction: ClassVar[str]
    order_type: ClassVar[str]

    def paginator(self, state: CompanyState) -> KeysetPaginator:
        """The list of what the crawl has left."""
        conditions = self.kinds()
        if state.since is not None:
            changed = odata.ge("LastModified", state.since)
            conditions.append(odata.any_of(changed, *self.reread_conditions(state.since)))
        return KeysetPaginator(self.path, conditions, after=state.last_order_id)

    @override
    def with_key(self, rows: list[Row]) -> list[Row]:
        return [row for row in rows if is_key(row.get("OrderID"))]

    @override
    def check(self, row: Row, company: int) -> None:
        super().check(row, company)
        if not self.is_of_kind(row):
            raise AnswerError(
                f"Billit lists order {row['OrderID']} as {row.get('OrderDirection')} "
                f"{row.get('OrderType')}, which was not asked for: does something between here and "
                "Billit take the filter away?"
            )

    def is_of_kind(self, order: Row) -> bool:
        """Whether an order may be one of this stream, as far as it says."""
        return is_or_absent(order.get("OrderDirection"), self.direction) and is_or_absent(
            order.get("OrderType"), self.order_type
        )

    def kinds(self) -> list[str]:
        """Conditions for the orders of this stream."""
        return [
            odata.eq("OrderDirection", self.direction),
            odata.eq("OrderType", self.order_type),
        ]

    def reread_conditions(self, since: datetime) -> tuple[str, ...]:  # noqa: ARG002
        """What else is read, besides that which changed `since`."""
        return ()


def is_or_absent(value: Any, *wanted: str) -> bool:
    """Whether a property says one of these, or nothing."""
    return value is None or (
        isinstance(value, str) and value.casefold() in map(str.casefold, wanted)
    )


class OrderRows(OrderStream):
    """Summary rows.

    What is open or lately paid is read again: no source says that a payment moves LastModified,
    and Billit computes `Overdue` and `DaysOverdue` when asked.
    """

    schema = ORDER_ROW
    cost = "1 for 120 rows that changed, are open or were paid lately"

    @override
    def changed_records(self, state: CompanyState, company: int) -> Iterator[Record]:
        rows = 0
        for page in self.pages(self.paginator(state), company):
            last = page[-1]["OrderID"]
            self.write_state(coming=len(page))
            yield from page
            state.written(last)
            self.note_written(len(page))
            rows += len(page)
            self.say(company, f"{rows} rows so far")

    @property
    @override
    def rereads(self) -> bool:
        return self.account.settings.refresh_unpaid

    @override
    def reread_conditions(self, since: datetime) -> tuple[str, ...]:
        if not self.rereads:
            return ()
        return (
            odata.eq("Paid", False),  # noqa: FBT003
            odata.ge("PaidDate", shifted(since, -LATELY_PAID)),
        )


class SalesInvoices(OrderRows):
    """Invoices sent to customers, as rows."""

    name = "sales_invoices"
    direction = "Income"
    order_type = "Invoice"


class SalesCreditNotes(OrderRows):
    """Credit notes sent to customers, as rows."""

    name = "sales_credit_notes"
    direction = "Income"
    order_type = "CreditNote"


class SupplierInvoices(OrderRows):
    """Invoices received from suppliers, as rows."""

    name = "supplier_invoices"
    direction = "Cost"
    order_type = "Invoice"


class SupplierCreditNotes(OrderRows):
    """Credit notes received from suppliers, as rows."""

    name = "supplier_credit_notes"
    direction = "Cost"
    order_type = "CreditNote"
