"""What surrounds the orders: plain lists of a company."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from requests import codes
from typing_extensions import override

from tap_billit.api import odata
from tap_billit.api.dialect import Feature
from tap_billit.api.paging import NextPageLinkPaginator
from tap_billit.crawl import Mark
from tap_billit.errors import ApiError
from tap_billit.schemas import DOCUMENT, ORDER, PARTY_ROW, PRODUCT, TRANSACTION
from tap_billit.streams.base import CompanyStream, CrawledStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Record

    from tap_billit.crawl import Crawl


class WholeList(CompanyStream):
    """A list without a documented filter: read as a whole, each time."""

    cost = "1 for 120 rows, each time"

    @override
    def company_records(self, company: int, state: dict[str, Any]) -> Iterable[Record]:
        for page in self.pages(NextPageLinkPaginator(self.path, {}), company):
            yield from page


class ChangedList(CrawledStream):
    """A list that can be filtered by LastModified, but by no key that is documented.

    It is read newest change first, where a change meanwhile makes a duplicate and not a gap. An
    interrupted crawl starts again. Where Billit refuses that order, a change meanwhile can make a
    gap: then no bookmark moves, and the next sync reads the same again.
    """

    resumable = False
    cost = "1, and 1 for 120 rows that changed"

    @override
    def mark(self, company: int) -> Mark | None:
        mark = super().mark(company)
        if mark and Feature.NEWEST_FIRST in self.account.client.dialect.refused(self.path):
            return Mark(None, None)
        return mark

    @override
    def crawl_records(self, crawl: Crawl, company: int) -> Iterator[Record]:
        query = {"$orderby": "LastModified desc"}
        if crawl.since is not None:
            query["$filter"] = odata.ge("LastModified", crawl.since)
        for page in self.pages(NextPageLinkPaginator(self.path, query), company):
            yield from page


class DeletedOrders(WholeList):
    """Orders that were deleted; how long Billit lists them is not documented."""

    name = "deleted_orders"
    path = "/v1/orders/deleted"
    primary_keys = ("OrderID",)
    schema = ORDER

    @override
    def company_records(self, company: int, state: dict[str, Any]) -> Iterable[Record]:
        paginator = NextPageLinkPaginator(self.path, {})
        paginator.may_be_empty = True
        try:
            for page in self.pages(paginator, company):
                yield from page
        except ApiError as error:
            if error.status != codes.not_found:
                raise
            self.say(company, "Billit has no such list (404)", level=logging.WARNING)


class Documents(WholeList):
    """Files in Billit's document store, such as contracts; not their content."""

    name = "documents"
    path = "/v1/documents"
    primary_keys = ("DocumentID",)
    schema = DOCUMENT


class FinancialTransactions(WholeList):
    """Bank transactions, with the orders that they pay."""

    name = "financial_transactions"
    path = "/v1/financialTransactions"
    primary_keys = ("CompanyID", "BankAccountTransactionID")
    schema = TRANSACTION


class Parties(ChangedList):
    """Customers and suppliers."""

    name = "parties"
    path = "/v1/parties"
    primary_keys = ("CompanyID", "PartyID")
    schema = PARTY_ROW


class Products(ChangedList):
    """Products and services that a company sells."""

    name = "products"
    path = "/v1/products"
    primary_keys = ("CompanyID", "ProductID")
    schema = PRODUCT
