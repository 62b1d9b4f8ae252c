"""What the tables should hold: the account's data by stream and key, told without the tap."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tests.kit.run import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulation.world import World

Key = tuple[Any, ...]
Row = dict[str, Any]

ROWS = {
    "sales_invoices": ("Income", "Invoice"),
    "sales_credit_notes": ("Income", "CreditNote"),
    "supplier_invoices": ("Cost", "Invoice"),
    "supplier_credit_notes": ("Cost", "CreditNote"),
}
DETAILS = {
    "sales_invoice_details": ("Income", "Invoice"),
    "sales_credit_note_details": ("Income", "CreditNote"),
    "supplier_invoice_details": ("Cost", "Invoice"),
    "supplier_credit_note_details": ("Cost", "CreditNote"),
}
KIND = ROWS | DETAILS
"""Direction and type of the orders of a stream."""
INDEX = "orders"
INDEXED = ("OrderID", "CompanyID", "OrderDirection", "OrderType", "OrderStatus", "LastModified")

CHANGED_LISTS = ("parties", "products")
DATED_LISTS = ("financial_transactions", "documents")
WHOLE_LISTS = ("deleted_orders", *DATED_LISTS)
LISTS = {
    "deleted_orders": "OrderID",
    "parties": "PartyID",
    "products": "ProductID",
    "financial_transactions": "BankAccountTransactionID",
    "documents": "DocumentID",
}
ALL = ("companies", *ROWS, INDEX, *LISTS, *DETAILS, "invoice_files")


def table(world: World, stream: str, company: int) -> dict[Key, Row]:
    """What the table of a stream should hold of a company, as JSON, by its primary key."""
    return {key: as_json(row) for key, row in _pairs(world, stream, company)}


def _pairs(world: World, stream: str, company: int) -> Iterator[tuple[Key, Row]]:
    if stream in KIND:
        return _orders(world, stream, company)
    if stream in LISTS:
        return _list(world, stream, company)
    others = {"companies": _company, INDEX: _index, "invoice_files": _files}
    return others[stream](world, company)


def _orders(world: World, stream: str, company: int) -> Iterator[tuple[Key, Row]]:
    for row in world.account.rows(company):
        if (row["OrderDirection"], row["OrderType"]) == KIND[stream]:
            order = row["OrderID"]
            yield (order,), row if stream in ROWS else world.account.document(order)


def _index(world: World, company: int) -> Iterator[tuple[Key, Row]]:
    for row in world.account.rows(company):
        yield (row["OrderID"],), {name: row[name] for name in INDEXED}


def _list(world: World, stream: str, company: int) -> Iterator[tuple[Key, Row]]:
    account = world.account
    rows: dict[str, Callable[[int], Any]] = {
        "deleted_orders": account.deleted,
        "parties": account.parties,
        "products": account.products,
        "financial_transactions": account.transactions,
        "documents": account.documents,
    }
    by_company = stream not in {"deleted_orders", "documents"}
    for row in rows[stream](company):
        key = row[LISTS[stream]]
        yield ((company, key) if by_company else (key,)), {"CompanyID": company, **row}


def _company(world: World, company: int) -> Iterator[tuple[Key, Row]]:
    return (((company,), each) for each in world.account.companies if each["PartyID"] == company)


def _files(world: World, company: int) -> Iterator[tuple[Key, Row]]:
    for row in world.account.rows(company):
        if row["OrderType"] in {"Invoice", "CreditNote"}:
            document = world.account.document(row["OrderID"])
            for file in (document["OrderPDF"], *document["Attachments"]):
                yield (row["OrderID"], file["FileID"]), _file(world, document, file)


def _file(world: World, document: Row, file: Row) -> Row:
    return {
        "OrderID": document["OrderID"],
        "CompanyID": document["CompanyID"],
        "FileID": file["FileID"],
        "FileName": file["FileName"],
        "LastModified": document["LastModified"],
        "Size": len(world.account.content(file["FileID"])),
        "SHA256": sha256(world.account.content(file["FileID"])).hexdigest(),
    }
