"""Whole orders: lines, VAT groups, both parties, attachments, delivery. A request each."""

from __future__ import annotations

from array import array
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from requests import codes
from typing_extensions import override

from tap_billit.api.prefetch import map_in_order, prefetch
from tap_billit.errors import ApiError, BillitError
from tap_billit.schemas.order import ORDER
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

    from tap_billit.state import CompanyState

STATE_EVERY = 60.0
"""Seconds between two STATE messages, at most."""

PAGE = 120
"""Documents between two STATE messages, at most."""


@dataclass
class Listing:
    """How many documents there are to read: so many are `known`, and are they all?"""

    known: int = 0
    complete: bool = False


class OrderDetails(OrderStream):
    """The documents of an order stream, read while the list is still going on."""

    schema = ORDER
    cost = "1 for 120 orders that changed, and 1 for each of them"

    at_once: ClassVar[int] = 5
    """Documents read at the same time: enough to hold a request a second at 4 seconds each."""

    @override
    def changed_records(self, state: CompanyState, company: int) -> Iterator[Record]:
        def read(order: int) -> tuple[int, list[Record] | None]:
            return order, self.read(order, company)

        listing = Listing()
        deleted = 0
        last_state = monotonic()
        with closing(prefetch(self._ids(state, company, listing))) as pages:
            answers = map_in_order(read, chain.from_iterable(pages), at_once=self.at_once)
            for count, (order, records) in enumerate(answers, start=1):
                if records is None:
                    deleted += 1
                else:
                    yield from records
                state.written(order)
                if count % PAGE == 0 or monotonic() - last_state >= STATE_EVERY:
                    last_state = monotonic()
                    self.write_state()
                    self._say_how_far(company, count, listing)
        if deleted:
            self.say(company, f"{deleted} orders were deleted meanwhile, and skipped")

    def _ids(self, state: CompanyState, company: int, listing: Listing) -> Iterator[array[int]]:
        """The OrderIDs to read, a page at a time."""
        for page in self.pages(self.paginator(state), company):
            listing.known += len(page)
            yield array("q", (row["OrderID"] for row in page))
        listing.complete = True
        self.say(company, f"{listing.known} documents to read")

    def _say_how_far(self, company: int, count: int, listing: Listing) -> None:
        if listing.complete:
            minutes = (listing.known - count) / self.config["requests_per_minute"]
            left = f"of {listing.known} documents, at least {minutes:.0f} minutes to go"
        else:
            left = f"documents, {listing.known} are listed so far"
        self.say(company, f"{count} {left}")

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


class SalesInvoiceDetails(OrderDetails):
    """Invoices sent to customers, whole."""

    name = "sales_invoice_details"
    direction = SalesInvoices.direction
    order_type = SalesInvoices.order_type


class SalesCreditNoteDetails(OrderDetails):
    """Credit notes sent to customers, whole."""

    name = "sales_credit_note_details"
    direction = SalesCreditNotes.direction
    order_type = SalesCreditNotes.order_type


class SupplierInvoiceDetails(OrderDetails):
    """Invoices received from suppliers, whole."""

    name = "supplier_invoice_details"
    direction = SupplierInvoices.direction
    order_type = SupplierInvoices.order_type


class SupplierCreditNoteDetails(OrderDetails):
    """Credit notes received from suppliers, whole."""

    name = "supplier_credit_note_details"
    direction = SupplierCreditNotes.direction
    order_type = SupplierCreditNotes.order_type
