"""Whole orders: lines, VAT groups, both parties, attachments, delivery. A request each."""

from __future__ import annotations

from array import array
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from requests import codes
from typing_extensions import override

from tap_billit.api.ahead import in_order
from tap_billit.errors import ApiError, BillitError
from tap_billit.schemas import ORDER
from tap_billit.streams.orders import (
    OrderStream,
    SalesCreditNotes,
    SalesInvoices,
    SupplierCreditNotes,
    SupplierInvoices,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

    from tap_billit.crawl import Crawl

STATE_EVERY = 60.0
"""Seconds between two STATE messages, at most."""

PAGE = 120
"""Documents between two STATE messages, at most."""


class OrderDocuments(OrderStream):
    """The documents of an order stream, listed first, so that the log can say how many are left."""

    schema = ORDER
    cost = "1 for 120 orders that changed, and 1 for each of them"

    at_once: ClassVar[int] = 5
    """Documents read at the same time: enough to hold a request a second at 4 seconds each."""

    @override
    def crawl_records(self, crawl: Crawl, company: int) -> Iterator[Record]:
        orders = array("q")
        for page in self.pages(self.paginator(crawl), company):
            orders.extend(row["OrderID"] for row in page)
        self.say(company, f"{len(orders)} documents to read")
        deleted = 0
        last_state = monotonic()
        answers = in_order(lambda order: self.read(order, company), orders, at_once=self.at_once)
        for count, (order, records) in enumerate(zip(orders, answers, strict=True), start=1):
            if records is None:
                deleted += 1
            else:
                yield from records
            crawl.written(order)
            if count % PAGE == 0 or monotonic() - last_state >= STATE_EVERY:
                last_state = monotonic()
                self.write_state()
                minutes = (len(orders) - count) / self.config["requests_per_minute"]
                left = f"at least {minutes:.0f} minutes to go"
                self.say(company, f"{count} of {len(orders)} documents, {left}")
        if deleted:
            self.say(company, f"{deleted} orders were deleted meanwhile, and skipped")

    def read(self, order: int, company: int) -> list[Record] | None:
        """What an order's document gives, or None if it has been deleted since it was listed."""
        try:
            document = self.account.client.get(f"{self.path}/{order}", company=company).body
        except ApiError as error:
            if error.status == codes.not_found:
                return None
            raise
        if not isinstance(document, dict):
            raise BillitError(f"Billit answered {self.path}/{order} with JSON that is no order.")
        return [document]


class SalesInvoiceDetails(OrderDocuments):
    """Invoices sent to customers, whole."""

    name = "sales_invoice_details"
    direction = SalesInvoices.direction
    order_type = SalesInvoices.order_type


class SalesCreditNoteDetails(OrderDocuments):
    """Credit notes sent to customers, whole."""

    name = "sales_credit_note_details"
    direction = SalesCreditNotes.direction
    order_type = SalesCreditNotes.order_type


class SupplierInvoiceDetails(OrderDocuments):
    """Invoices received from suppliers, whole."""

    name = "supplier_invoice_details"
    direction = SupplierInvoices.direction
    order_type = SupplierInvoices.order_type


class SupplierCreditNoteDetails(OrderDocuments):
    """Credit notes received from suppliers, whole."""

    name = "supplier_credit_note_details"
    direction = SupplierCreditNotes.direction
    order_type = SupplierCreditNotes.order_type
