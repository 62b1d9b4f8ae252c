"""The companies that the login reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_billit.schemas.company import COMPANY
from tap_billit.streams.base import BillitStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.helpers.types import Context, Record


class Companies(BillitStream):
    """The companies to sync; the tap needs them anyway, so they cost no request of their own."""

    name = "companies"
    path = "/v1/account/accountInformation"
    cost = "1 a run, whatever is selected"
    primary_keys = ("PartyID",)
    schema = COMPANY

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        yield from (dict(company) for company in self.account.companies)
        self.activate_version()
