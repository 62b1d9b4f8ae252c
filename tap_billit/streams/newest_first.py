"""Parties and products: lists that Billit filters by LastModified, read newest change first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_billit.api import odata
from tap_billit.api.overlap import OverlapPaginator
from tap_billit.schemas.party import PARTY_ROW
from tap_billit.schemas.product import PRODUCT
from tap_billit.streams.base import IncrementalStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

    from tap_billit.state import CompanyState


class NewestFirstStream(IncrementalStream):
    """A list that can be filtered by LastModified, but by no key that is documented.

    It is read newest change first, so that an incremental run reads little, in pages that overlap.
    An interrupted crawl starts again.
    """

    resumable = False
    cost = "1, and 1 for 120 rows that changed"

    @override
    def changed_records(self, state: CompanyState, company: int) -> Iterator[Record]:
        query = {"$orderby": "LastModified desc"}
        if state.since is not None:
            query["$filter"] = odata.ge("LastModified", state.since)
        paginator = OverlapPaginator(self.path, query, key=self.primary_keys[-1])
        for page in self.pages(paginator, company):
            yield from self.write_raw(page)
            self.note_written(len(page))


class Parties(NewestFirstStream):
    """Customers and suppliers."""

    name = "parties"
    path = "/v1/parties"
    primary_keys = ("CompanyID", "PartyID")
    schema = PARTY_ROW


class Products(NewestFirstStream):
    """Products and services that a company sells."""

    name = "products"
    path = "/v1/products"
    primary_keys = ("CompanyID", "ProductID")
    schema = PRODUCT
