"""Questions about the list of orders: its rows, its links, and the queries that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_billit.doctor.examination import ORDERS as PATH
from tap_billit.doctor.examination import Finding
from tap_billit.doctor.shapes import Shape
from tap_billit.schemas.order import ORDER_ROW
from tap_billit.value_types import whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_billit.doctor.examination import Examination, Question, Reply

ALWAYS = frozenset(
    {"OrderID", "CompanyID", "CounterParty", "OrderDate", "OrderType", "LastModified", "Created"}
    | {"OrderDirection", "TotalExcl", "TotalIncl", "TotalVAT", "Currency", "OrderStatus", "ToPay"}
)
"""Properties of rows in Billit's own example."""

PERHAPS = (
    *("PaidDate", "PaymentMethod", "Reference", "OrderTitle", "ApprovalStatus"),
    *("ExternalProviderID", "AboutInvoiceNumber"),
)


def _link(examination: Examination) -> Iterator[Finding]:
    first = examination.first
    kind = _kind_of_link(first.link, examination.client.base_url)
    yield Finding("link", kind, f"{len(first.rows)} rows on the page")


def _rows(examination: Examination) -> Iterator[Finding]:
    rows = examination.first.rows
    examination.shapes["order rows"] = shape = Shape(ORDER_ROW).add(rows)
    if not rows:
        return
    yield Finding("rows", _completeness(shape))
    seen = [name for name in PERHAPS if shape.types.get(name, {"null"}) != {"null"}]
    yield Finding("perhaps", ", ".join(seen) or "none seen")
    text = [path for path, kinds in shape.wrong.items() if "string" in kinds]
    yield Finding("ids", "text" if any(path.endswith("ID") for path in text) else "numbers")
    amounts = any(path.startswith("Total") for path in text)
    yield Finding("amounts", "text" if amounts else "numbers")


def _nulls(examination: Examination) -> Iterator[Finding]:
    if examination.first.rows:
        yield Finding("nulls", "sent" if _has_null(examination.first.body) else "left out")


def _by_id(examination: Examination) -> Iterator[Finding]:
    reply = examination.orders(orderby="OrderID asc")
    ids, own = _order_ids(reply), _order_ids(examination.first)
    if reply.ok:
        yield Finding("by_id", "taken" if ids == sorted(ids) else "ignored")
    else:
        yield Finding("by_id", reply.taken + ("" if own == sorted(own) else ", another order"))


def _operator(name: str, word: str) -> Question:
    def ask(examination: Examination) -> Iterator[Finding]:
        own = sorted(_order_ids(examination.first))
        middle = own[len(own) // 2] if own else 0
        reply = examination.orders(filter=f"OrderID {word} {middle}")
        right = all(_holds(word, order, middle) for order in _order_ids(reply))
        yield Finding(name, reply.taken if right or not reply.ok else "ignored")

    return ask


def _newest_first(examination: Examination) -> Iterator[Finding]:
    newest = examination.newest
    stamps = [str(row["LastModified"]) for row in newest.rows if row.get("LastModified")]
    ordered = stamps == sorted(stamps, reverse=True)
    yield Finding("newest_first", newest.taken if ordered or not newest.ok else "ignored")


def _skip(examination: Examination) -> Iterator[Finding]:
    own, reply = _order_ids(examination.first), examination.orders(skip="1")
    if reply.ok and not own[1:]:
        yield Finding("skip", "not seen")
    else:
        is_ignored = reply.ok and _order_ids(reply)[:1] == own[:1]
        yield Finding("skip", "ignored" if is_ignored else reply.taken)


def _top(examination: Examination) -> Iterator[Finding]:
    yield Finding("$top", "has a link" if examination.orders(top="1").link else "ends paging")


def _count(examination: Examination) -> Iterator[Finding]:
    counted = examination.orders(inlinecount="allpages", top="1")
    count = isinstance(counted.body, dict) and counted.body.get("Count") is not None
    yield Finding("$inlinecount", "counts" if count else "does not count", counted.taken)


def _query(name: str, **query: str) -> Question:
    def ask(examination: Examination) -> Iterator[Finding]:
        yield Finding(name, examination.orders(None, **query).taken)

    return ask


ORDERS: dict[str, Question] = {
    "link": _link,
    "rows": _rows,
    "nulls": _nulls,
    "by_id": _by_id,
    "from_id": _operator("from_id", "ge"),
    "operator gt": _operator("operator gt", "gt"),
    "operator lt": _operator("operator lt", "lt"),
    "operator ne": _operator("operator ne", "ne"),
    "newest_first": _newest_first,
    "two keys": _query("two keys", orderby="LastModified desc,OrderID asc"),
    "skip": _skip,
    "$top": _top,
    "$inlinecount": _count,
    "$select": _query("$select", select="OrderID", top="1"),
    "$expand": _query("$expand", expand="OrderLines", top="1"),
}


def _order_ids(reply: Reply) -> list[int]:
    ids = (whole_number(row.get("OrderID")) for row in reply.rows)
    return [order for order in ids if order is not None]


def _holds(word: str, order: int, middle: int) -> bool:
    return {
        "ge": order >= middle,
        "gt": order > middle,
        "lt": order < middle,
        "ne": order != middle,
    }[word]


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_null(part) for part in value.values())
    return value is None or (isinstance(value, list) and any(_has_null(part) for part in value))


def _completeness(shape: Shape) -> str:
    if shape.unknown:
        return "more"
    return "documented" if shape.types.keys() >= ALWAYS else "fewer"


def _kind_of_link(link: str | None, base_url: str) -> str:
    if link is None:
        return "none seen"
    parts, asked = urlsplit(link), urlsplit(base_url)
    if not parts.netloc:
        return "relative" if parts.path else "query"
    if not parts.path.endswith(PATH):
        return "case" if parts.path.lower().endswith(PATH) else "another path"
    if "%24" in parts.query:
        return "encoded"
    if (parts.scheme, parts.netloc) == (asked.scheme, asked.netloc):
        return "absolute"
    billit = (parts.hostname or "").endswith("billit.be")
    return "internal" if not billit else "http" if parts.scheme == "http" else "absolute"
