"""Orders: Billit's word for any commercial document, here invoices and credit notes.

Direction `Income` is a sale, `Cost` a purchase. Rows are the summaries that the list gives, 120 a
request; details are the whole order, a request each.
"""

from __future__ import annotations

import logging
from itertools import dropwhile
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_billit.api import odata
from tap_billit.api.pagination import KeysetPaginator
from tap_billit.errors import AnswerError
from tap_billit.schemas.order import ORDER_ROW
from tap_billit.shared_lists import OPEN
from tap_billit.state import forget
from tap_billit.streams.base import IncrementalStream, is_key
from tap_billit.streams.left_open import open_in, rows_that_left

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from singer_sdk.helpers.types import Record

    from tap_billit.api.paginator import Row
    from tap_billit.state import CompanyState, Watermark
    from tap_billit.walk import Walk


class OrderStream(IncrementalStream):
    """Orders of one direction and type, crawled in OrderID order."""

    path = "/v1/orders"
    primary_keys: tuple[str, ...] = ("OrderID",)
    resumable = True

    direction: ClassVar[str]
    order_type: ClassVar[str]

    def paginator(self, state: Walk) -> KeysetPaginator:
        """The list of what the walk has left."""
        conditions = self.kinds()
        if state.since is not None:
            changed = odata.ge("LastModified", state.since)
            also = (OPEN,) if state.lists_open else ()
            conditions.append(odata.any_of(changed, *also))
        return KeysetPaginator(self.path, conditions, after=state.last_order_id)

    def listed(self, state: Walk, company: int) -> Iterator[list[Row]]:
        """The pages of what the walk has left; a crawl may find them in a list that is shared."""
        shared = None
        if state.key == "crawl" and state.since is not None and state.last_order_id is None:
            changed = odata.ge("LastModified", state.since)
            shared = self._shared(state, company, changed)
        if shared is None:
            return self.pages(self.paginator(state), company)
        rows = self.usable(company, shared)
        return iter([rows] if rows else [])

    def _shared(self, state: Walk, company: int, changed: str) -> list[Row] | None:
        """The rows of this stream in a list that it shares; None: in none."""
        later = [*dropwhile(lambda each: each is not self, self._order_streams())][1:]
        return self.account.shared_lists.changed(
            [self, *later], company, changed, since=state.since
        )

    def _order_streams(self) -> list[OrderStream]:
        """All streams of orders that are selected, in the order in which they are read."""
        streams = self._tap.streams.values()
        return [each for each in streams if isinstance(each, OrderStream) and each.selected]

    @property
    @override
    def expected(self) -> Mapping[str, str]:
        return {"OrderDirection": self.direction, "OrderType": self.order_type}

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


def is_or_absent(value: Any, *wanted: str) -> bool:
    """Whether a property says one of these, or nothing."""
    return value is None or (
        isinstance(value, str) and value.casefold() in map(str.casefold, wanted)
    )


class ListedOrders(OrderStream):
    """Orders as the list gives them, 120 a request."""

    @override
    def changed_records(self, state: CompanyState, company: int) -> Iterator[Record]:
        rows, said = 0, -inf
        for page in self.listed(state, company):
            last = page[-1]["OrderID"]
            self.write_state(coming=len(page))
            yield from self.records_of(page, state)
            state.written(last)
            self.note_written(len(page))
            rows += len(page)
            # A line for each page would cost as much as to write it.
            if monotonic() - said >= 1:
                said = monotonic()
                self.say(company, f"{rows} rows so far")

    def records_of(self, page: list[Row], state: CompanyState) -> Iterator[Record]:  # noqa: ARG002
        """The records of a page."""
        yield from page


class OrderRows(ListedOrders):
    """Summary rows.

    What is open is read again, and what was: no source says that a payment moves LastModified, and
    Billit computes `Overdue` and `DaysOverdue` when asked.
    """

    schema = ORDER_ROW
    rereads = True
    cost = "1 for 120 rows that changed or are open; 1 for 30 that were open and are not listed now"

    @override
    def company_state(self, company: int, partition: dict[str, Any]) -> CompanyState:
        """The state; where it does not say what is open, all is read once again."""
        state = super().company_state(company, partition)
        if damage := state.open.damage:
            said = f"`open` in the state is not understood ({damage}), and left out"
            self.say(company, said, level=logging.WARNING)
        begun = state.bookmark is not None or state.interrupted
        if state.open.known or not begun or not self.account.settings.refresh_unpaid:
            return state
        self.say(company, "the state does not say which orders are open: all rows are read once")
        forget(partition)
        return super().company_state(company, partition)

    @override
    def is_refresh_due(self, state: CompanyState, watermark: Watermark) -> bool:
        settings = self.account.settings
        return settings.refresh_unpaid and state.open.is_due(
            watermark.asked_at, every=settings.refresh_every
        )

    @override
    def begin(self, state: CompanyState, watermark: Watermark) -> None:
        super().begin(state, watermark)
        if state.bookmark is None and not state.open.known:
            state.open.start()
        state.open.begin(watermark.asked_at, refresh=self.is_refresh_due(state, watermark))

    @override
    def changed_records(self, state: CompanyState, company: int) -> Iterator[Record]:
        yield from super().changed_records(state, company)
        state.open.list_ends(after=state.last_order_id)
        yield from rows_that_left(self, state, company)
        state.open.end()

    @override
    def _shared(self, state: Walk, company: int, changed: str) -> list[Row] | None:
        if not state.lists_open:
            return super()._shared(state, company, changed)
        rows = [each for each in self._order_streams() if isinstance(each, OrderRows)]
        others = [each for each in rows if each is not self]
        return self.account.shared_lists.refreshed(
            [self, *others], company, changed, since=state.since
        )

    @override
    def records_of(self, page: list[Row], state: CompanyState) -> Iterator[Record]:
        open_ = open_in(page)
        self._note_reopened(page, open_, state)
        yield from self.write_raw(page)
        state.open.listed(open_, after=state.last_order_id)

    def _note_reopened(
        self, page: list[Row], open_: Mapping[int, bool], state: CompanyState
    ) -> None:
        """Have the state say at once what is open again, although its row was not changed.

        Were it written, the run cut short, and the order paid as silently as before: nothing would
        have it read again.
        """
        since = state.since
        if not state.lists_open or since is None:
            return
        reopened = [
            row["OrderID"]
            for row in page
            if open_[row["OrderID"]]
            and row["OrderID"] not in state.open
            and not self._changed_since(row, since)
        ]
        if reopened:
            state.open.written(dict.fromkeys(reopened, True))
            self.write_state(at_once=True)

    def _changed_since(self, row: Row, since: datetime) -> bool:
        try:
            return self.account.settings.clock.read(row["LastModified"]) >= since
        except (KeyError, TypeError, ValueError):
            return False


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
