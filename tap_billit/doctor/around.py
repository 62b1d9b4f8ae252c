"""Questions about what surrounds the list of orders: other lists, errors, limits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from requests import codes

from tap_billit.doctor.examination import ORDERS, Finding
from tap_billit.doctor.shapes import Shape
from tap_billit.errors import date_in
from tap_billit.schemas.document import DOCUMENT
from tap_billit.schemas.order import ORDER
from tap_billit.schemas.party import PARTY_ROW
from tap_billit.schemas.product import PRODUCT
from tap_billit.schemas.transaction import TRANSACTION
from tap_billit.value_types import whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_billit.doctor.examination import Examination, Json, Question, Reply

DELETED = "/v1/orders/deleted"

NEWEST_FIRST = {"$orderby": "LastModified desc"}

_LIMITS = re.compile(
    r"(^|-)(rate-?limits?|limits?|retry-after|quotas?|throttl(e|ed|ing))(-|$)", re.IGNORECASE
)
"""Whole words of a header's name: `X-Generated-For` and `X-Corporate-Id` are something else."""

_SMALL_NUMBER = re.compile(r"-?[0-9]{1,7}(\.[0-9]{1,3})?")
"""A limit, not somebody's VAT number."""


def _deleted(examination: Examination) -> Iterator[Finding]:
    reply = examination.ask(DELETED, company=examination.company)
    examination.shapes["deleted orders"] = Shape(ORDER).add(reply.rows)
    yield Finding("deleted", _kind_of_list(reply), f"{len(reply.rows)} rows")


def _details(examination: Examination) -> Iterator[Finding]:
    ids = (whole_number(row.get("OrderID")) for row in examination.first.rows)
    order = next(filter(None, ids), None)
    if order is None:
        return
    reply = examination.ask(f"{ORDERS}/{order}", company=examination.company)
    if isinstance(reply.body, dict) and reply.ok:
        examination.shapes["order details"] = shape = Shape(ORDER).add([reply.body])
        entries = "array" in shape.types.get("BookingEntries", ())
        yield Finding("BookingEntries", "sent" if entries else "not seen")


def _list(name: str, path: str, schema: Json, query: Mapping[str, str] | None = None) -> Question:
    def ask(examination: Examination) -> Iterator[Finding]:
        reply = examination.ask(path, query, company=examination.company)
        examination.shapes[name] = Shape(schema).add(reply.rows)
        yield Finding(name, reply.taken, f"{len(reply.rows)} rows on the page")

    return ask


def _newest_key(examination: Examination) -> Iterator[Finding]:
    query = {"$orderby": "DocumentID desc"}
    reply = examination.ask("/v1/documents", query, company=examination.company)
    ids = [each for row in reply.rows if (each := whole_number(row.get("DocumentID"))) is not None]
    if reply.ok and not ids[1:]:
        yield Finding("newest_key", "not seen")
    else:
        is_ignored = reply.ok and ids != sorted(ids, reverse=True)
        yield Finding("newest_key", "ignored" if is_ignored else reply.taken)


def _errors(examination: Examination) -> Iterator[Finding]:
    mistaken = examination.orders(filter="NoSuchProperty eq 1")
    yield Finding("errors", _kind_of_error(mistaken), f"status {mistaken.status}")


def _limit_headers(examination: Examination) -> Iterator[Finding]:
    seen = {
        name: f"{name}: {_shown(value)}"
        for reply in examination.replies
        for name, value in reply.response.headers.items()
        if _LIMITS.search(name)
    }
    yield Finding("limit headers", ", ".join(seen.values()) or "none seen")


def _too_many(examination: Examination) -> Iterator[Finding]:
    busy = [each for each in examination.replies if each.status == codes.too_many_requests]
    if not busy:
        yield Finding("too_many", "not seen", f"{len(examination.replies)} requests")
    else:
        yield Finding("too_many", "explained" if busy[0].response.content else "bare")


AROUND: dict[str, Question] = {
    "deleted": _deleted,
    "BookingEntries": _details,
    "parties": _list("parties", "/v1/parties", PARTY_ROW, NEWEST_FIRST),
    "products": _list("products", "/v1/products", PRODUCT, NEWEST_FIRST),
    "documents": _list("documents", "/v1/documents", DOCUMENT),
    "newest_key": _newest_key,
    "transactions": _list("transactions", "/v1/financialTransactions", TRANSACTION),
    "errors": _errors,
}

LIMITS: dict[str, Question] = {"limit headers": _limit_headers, "too_many": _too_many}


def _shown(value: str) -> str:
    """A small number or a date; of anything else, which may be about somebody, its form alone."""
    value = value.strip()
    if _SMALL_NUMBER.fullmatch(value):
        return value
    if date := date_in(value):
        return f"{date:%Y-%m-%d %H:%M:%S%z}"
    return f"{'digits' if value.isdecimal() else 'text'}, {len(value)} characters"


def _kind_of_list(reply: Reply) -> str:
    if reply.status == codes.not_found:
        return "missing"
    if not reply.ok:
        return reply.taken
    if not reply.response.content.strip():
        return "blank"
    if isinstance(reply.body, list):
        return "array" if reply.body else "empty"
    return "page" if isinstance(reply.body, dict) and "Items" in reply.body else "something else"


def _kind_of_error(reply: Reply) -> str:
    if reply.ok:
        return "none"
    if not reply.response.content.strip():
        return "empty"
    names = {name.lower() for name in reply.body} if isinstance(reply.body, dict) else set()
    if "errors" in names:
        return "list"
    if names & {"code", "message", "description"}:
        return "top"
    return "oauth" if "error" in names else "html"
