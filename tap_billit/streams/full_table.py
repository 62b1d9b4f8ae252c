"""FULL_TABLE streams: lists that Billit does not filter, read as a whole."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from requests import codes
from typing_extensions import override

from tap_billit.api.overlap import OverlapPaginator
from tap_billit.errors import ApiError
from tap_billit.schemas.document import DOCUMENT
from tap_billit.schemas.order import ORDER
from tap_billit.schemas.transaction import TRANSACTION
from tap_billit.streams.base import CompanyStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.helpers.types import Record


class FullTableStream(CompanyStream):
    """A list without a documented filter: read as a whole, each time."""

    cost = "1 for 120 rows, each time"

    @override
    def company_records(self, company: int, partition: dict[str, Any]) -> Iterable[Record]:
        for page in self.pages(OverlapPaginator(self.path, {}, key=self.primary_keys[-1]), company):
            yield from page


class DeletedOrders(FullTableStream):
    """Orders that were deleted; how long Billit lists them is not documented."""

    name = "deleted_orders"
    path = "/v1/orders/deleted"
    primary_keys = ("OrderID",)
    schema = ORDER

    @override
    def company_records(self, company: int, partition: dict[str, Any]) -> Iterable[Record]:
        paginator = OverlapPaginator(self.path, {}, key=self.primary_keys[-1])
        paginator.may_be_empty = True
        try:
            for page in self.pages(paginator, company):
                yield from page
        except ApiError as error:
            if error.status != codes.not_found:
                raise
            self.say(company, "Billit has no such list (404)", level=logging.WARNING)


class Documents(FullTableStream):
    """Files in Billit's document store, such as contracts; not their content."""

    name = "documents"
    path = "/v1/documents"
    primary_keys = ("DocumentID",)
    schema = DOCUMENT


class FinancialTransactions(FullTableStream):
    """Bank transactions, with the orders that they pay."""

    name = "financial_transactions"
    path = "/v1/financialTransactions"
    primary_keys = ("CompanyID", "BankAccountTransactionID")
    schema = TRANSACTION
