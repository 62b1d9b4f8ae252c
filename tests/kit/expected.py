"""What each stream should bring, from the catalog and the account itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_billit.streams import STREAMS
from tap_billit.streams.order_details import OrderDetails
from tap_billit.streams.order_index import Orders
from tap_billit.streams.orders import OrderRows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_billit.demo import Account
    from tap_billit.streams.orders import OrderStream
    from tests.kit.run import Json

Kind = tuple[str, str]
"""A direction and a type of orders."""

FILES = "invoice_files"
"""The one stream that is read only where the settings say so."""


def _kinds(read_as: type[OrderStream]) -> dict[str, Kind]:
    """The streams that are read like this, but the files of all kinds."""
    every: tuple[Any, ...] = STREAMS
    streams = [each for each in every if issubclass(each, read_as) and each.name != FILES]
    return {each.name: (each.direction, each.order_type) for each in streams}


ROWS = _kinds(OrderRows)
DETAILS = _kinds(OrderDetails)
KEYS = {stream.name: stream.primary_keys for stream in STREAMS if stream.name != FILES}


def companies_of(account: Account) -> list[int]:
    return [company["PartyID"] for company in account.companies]


def rows_of(account: Account, kind: Kind, company: int | None = None) -> list[Json]:
    """The account's rows of one direction and type."""
    return [
        row
        for party in companies_of(account)
        if company in {None, party}
        for row in account.rows(party)
        if (row["OrderDirection"], row["OrderType"]) == kind
    ]


def expected(account: Account, stream: str, company: int) -> Iterator[Json]:
    """The records of a company in a stream."""
    if stream == "companies":
        yield from (dict(each) for each in account.companies if each["PartyID"] == company)
    elif stream in ROWS:
        yield from rows_of(account, ROWS[stream], company)
    elif stream in DETAILS:
        rows = rows_of(account, DETAILS[stream], company)
        yield from (account.document(row["OrderID"]) for row in rows)
    elif stream == "orders":
        columns = Orders.schema["properties"]
        for row in account.rows(company):
            yield {name: value for name, value in row.items() if name in columns}
    else:
        lists = {
            "deleted_orders": account.deleted,
            "parties": account.parties,
            "products": account.products,
            "financial_transactions": account.transactions,
            "documents": account.documents,
        }
        yield from ({"CompanyID": company} | dict(row) for row in lists[stream](company))
