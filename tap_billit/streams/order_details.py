"""Whole orders: lines, VAT groups, both parties, attachments, delivery. A request each."""

from __future__ import annotations

from array import array
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_billit import state_messages
from tap_billit.api.pagination import KeysetPaginator, pages
from tap_billit.api.prefetch import map_in_order, prefetch
from tap_billit.errors import AnswerError, BillitError, Costs, MovedError
from tap_billit.schemas.order import ORDER
from tap_billit.streams.orders import (
    SalesCreditNotes,
    SalesInvoices,
    SupplierCreditNotes,
    SupplierInvoices,
)
from tap_billit.streams.recent_first import RecentFirstStream
from tap_billit.streams.settling import Attempt, Unsettled, still_listed
from tap_billit.value_types import is_of, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

    from tap_billit.state import CompanyState
    from tap_billit.walk import Walk


@dataclass
class Listing:
    """How many orders there are to read: so many are `known`, and are they all?"""

    known: int = 0
    complete: bool = False


class OrderDetails(RecentFirstStream):
    """The details of the orders of a stream, read while the list is still going on."""

    schema = ORDER
    sets_aside = True
    lists_records = False
    cost = "1 for 120 orders that changed, and 1 for each of them"

    at_once: ClassVar[int] = 5
    """Details read at the same time: enough to hold a request a second at 4 seconds each."""

    _to_read = 0

    @override
    def changed_records(self, state: Walk, company: int) -> Iterator[Record]:
        unsettled = Unsettled(state, partial(self._listed, company))
        listing = Listing()
        last_state = monotonic()
        attempt = partial(self._attempt, company)
        with closing(prefetch(self._ids(state, company, listing))) as ids:
            attempts = map_in_order(attempt, chain.from_iterable(ids), at_once=self.at_once)
            for count, each in enumerate(attempts, start=1):
                self.write_state(coming=len(each.records))
                yield from each.records
                unsettled.add(each)
                self.note_written(len(each.records))
                pause = monotonic() - last_state >= state_messages.STATE_EVERY
                if pause or count % state_messages.PAGE == 0:
                    last_state = monotonic()
                    unsettled.settle()
                    self._say_how_far(company, count, listing)
        unsettled.settle(everything=True)
        if unsettled.gone:
            self.say(company, f"{unsettled.gone} orders were deleted meanwhile, and skipped")

    @override
    def set_aside_records(self, state: CompanyState, company: int) -> Iterator[Record]:
        orders = state.set_aside.orders
        if not orders:
            return
        self.write_state()
        attempts = map_in_order(
            partial(self._attempt, company, again=True), orders, at_once=self.at_once
        )
        missing: list[Attempt] = []
        for each in attempts:
            yield from each.records
            if each.error is None:
                state.set_aside.remove(each.order)
            elif each.maybe_gone:
                missing.append(each)
            else:
                state.set_aside.add(each.order, each.error)
        listed = self._listed(company, [each.order for each in missing])
        for each in missing:
            if each.order not in listed:
                state.set_aside.remove(each.order)
        self.write_state()

    def _attempt(self, company: int, order: int, *, again: bool = False) -> Attempt:
        records: list[Record] = []
        try:
            records.extend(self.read(order, company, again=again))
        except BillitError as error:
            if error.costs is Costs.RUN:
                raise
            return Attempt(order, records, error)
        return Attempt(order, records)

    def _listed(self, company: int, orders: list[int]) -> set[int]:
        """Which of these orders Billit lists in this stream."""

        def page_from(order: int) -> tuple[list[int], bool]:
            paginator = KeysetPaginator(self.path, self.kinds(), after=order - 1)
            rows = next(
                pages(self.account.client, paginator, company=company, usable=self.with_key), []
            )
            return [row["OrderID"] for row in rows], paginator.query is not None

        return still_listed(orders, page_from)

    def _ids(self, state: Walk, company: int, listing: Listing) -> Iterator[array[int]]:
        """The OrderIDs to read, a page at a time."""
        for page in self.listed(state, company):
            ids = array("q", (row["OrderID"] for row in page if not state.passes_over(row)))
            listing.known += len(ids)
            yield ids
        listing.complete = True
        self.say(company, f"{listing.known} orders to read in detail")
        self._to_read += listing.known
        if self.is_last_list(company):
            self.estimate(self._to_read)

    def estimate(self, orders: int) -> None:
        """Say how many records there will be, now that all lists of the run are complete."""
        self.account.estimated(self.name, orders)

    def _say_how_far(self, company: int, count: int, listing: Listing) -> None:
        if listing.complete:
            minutes = (listing.known - count) / self.account.settings.requests_per_minute
            left = f"of {listing.known} orders, at least {minutes:.0f} minutes to go"
        else:
            left = f"orders, {listing.known} are listed so far"
        self.say(company, f"{count} {left}")

    def read(self, order: int, company: int, *, again: bool) -> Iterator[Record]:  # noqa: ARG002
        """The records of an order; `again` if an earlier run could not read all of them.

        Raises:
            BillitError: some of them cannot be had.
        """
        details = self.account.client.get(f"{self.path}/{order}", company=company).body
        self._hold_against(details, order, company)
        yield details

    def _hold_against(self, details: Any, order: int, company: int) -> None:
        """See that the details are those of this order.

        Raises:
            AnswerError: they are not.
        """
        asked = f"{self.path}/{order}"
        if not isinstance(details, dict) or "OrderID" not in details:
            raise AnswerError(f"Billit answered {asked} with JSON that is no order.")
        if whole_number(details["OrderID"]) != order:
            raise AnswerError(f"Billit answered {asked} with order {details['OrderID']!r}.")
        if not is_of(company, details):
            raise AnswerError(f"Billit answered {asked} with company {details['CompanyID']!r}.")
        if not self.is_of_kind(details):
            raise MovedError(f"Billit answered {asked} with an order of another kind.")


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
