"""What one Billit answers to the open questions about its API: about thirty requests, all reads."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
from requests import codes

from tap_billit.api.body import SUCCESS
from tap_billit.auth.oauth import OAuth
from tap_billit.doctor.shapes import Shape
from tap_billit.errors import date_in, retry_after
from tap_billit.schema_drift import whole_number
from tap_billit.schemas.company import COMPANY
from tap_billit.schemas.document import DOCUMENT
from tap_billit.schemas.order import ORDER, ORDER_ROW
from tap_billit.schemas.party import PARTY_ROW
from tap_billit.schemas.product import PRODUCT
from tap_billit.schemas.transaction import TRANSACTION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import requests

    from tap_billit.account import BillitAccount

Json = dict[str, Any]
Row = dict[str, Any]

ORDERS, DELETED = "/v1/orders", "/v1/orders/deleted"
NOBODY = 2_147_483_647
"""A PartyID that no company of this login has."""

LONGEST_WAIT = 120.0

ALWAYS = frozenset(
    {"OrderID", "CompanyID", "CounterParty", "OrderDate", "OrderType", "LastModified", "Created"}
    | {"OrderDirection", "TotalExcl", "TotalIncl", "TotalVAT", "Currency", "OrderStatus", "ToPay"}
)
"""Properties of rows in Billit's own example."""

PERHAPS = (
    *("PaidDate", "PaymentMethod", "Reference", "OrderTitle", "ApprovalStatus"),
    *("ExternalProviderID", "AboutInvoiceNumber"),
)

_LIMITS = re.compile(r"rate|limit|quota|throttl|retry-after", re.IGNORECASE)
_OFFSET = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?P<offset>Z|[+-]\d\d:\d\d)?")


class Finding(NamedTuple):
    """What one question turned out to be; `answer` is short, `detail` says more."""

    question: str
    answer: str
    detail: str = ""


class Reply(NamedTuple):
    """An answer: its status, its JSON (None: it is none) and its rows, if it is a list."""

    response: requests.Response
    body: Any

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def ok(self) -> bool:
        """Whether Billit did what it was asked."""
        return self.status in SUCCESS

    @property
    def rows(self) -> list[Row]:
        """The rows, whether on a page or bare."""
        rows = self.body.get("Items") if isinstance(self.body, dict) else self.body
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    @property
    def link(self) -> str | None:
        """The NextPageLink."""
        link = self.body.get("NextPageLink") if isinstance(self.body, dict) else None
        return str(link) if link else None

    @property
    def taken(self) -> str:
        """Whether the query was taken."""
        if self.ok:
            return "taken"
        return "refused" if self.status == codes.bad_request else f"answered {self.status}"


class Examination:
    """Asks, and keeps what was found; no identifier or value leaves it but in memory."""

    def __init__(self, account: BillitAccount) -> None:
        self._account = account
        self._client = account.client
        self.replies: list[Reply] = []
        self.shapes: dict[str, Shape] = {}

    def findings(self) -> Iterator[Finding]:
        """All findings, one after the other.

        Raises:
            BillitError: there is no way in, or no answer.
        """
        yield from self._login()
        yield from self._listing()
        yield from self._queries()
        yield from self._times()
        yield from self._around()
        yield from self._others()
        yield from self._limits()

    def ask(
        self, path: str, query: Mapping[str, str] | None = None, *, company: int | None
    ) -> Reply:
        """One request; where Billit is busy, the same once more after what it says."""
        reply = self._ask(path, query, company)
        if reply.status == codes.too_many_requests:
            wait = retry_after(reply.response)
            time.sleep(min(LONGEST_WAIT, 60.0 if wait is None else wait))
            reply = self._ask(path, query, company)
        return reply

    def _ask(self, path: str, query: Mapping[str, str] | None, company: int | None) -> Reply:
        response = self._client.probe(path, query, company=company)
        try:
            body = self._client.decode(response.content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            body = None
        reply = Reply(response, body)
        self.replies.append(reply)
        return reply

    def _orders(self, company: int | None = None, **query: str) -> Reply:
        said = {f"${name}": value for name, value in query.items()}
        return self.ask(ORDERS, said, company=company or self._company)

    def _login(self) -> Iterator[Finding]:
        companies = self._account.companies
        self.shapes["companies"] = Shape(COMPANY).add(companies)
        login = self._client.auth
        way = login.endpoint.way if isinstance(login, OAuth) else None
        if not isinstance(login, OAuth):
            yield Finding("login", "API key")
        elif way is None:
            yield Finding("login", "OAuth", "no refresh was due")
        else:
            yield Finding("login", "OAuth, refreshed")
            yield Finding("client", way.client)
            yield Finding("grant_body", way.body)
        allowed = sum(company.get("APIAllowed") is not False for company in companies)
        yield Finding("companies", f"{len(companies)} reached", f"{allowed} may use the API")
        counts = [self._orders(company["PartyID"], top="1") for company in companies[:3]]
        refused = [reply.status for reply in counts if not reply.ok]
        yield Finding("reach", "refused" if refused else "each answers", _joined(refused))
        full = [c["PartyID"] for c, reply in zip(companies, counts, strict=False) if reply.rows]
        self._company: int = (full or [companies[0]["PartyID"]])[0]

    def _listing(self) -> Iterator[Finding]:
        first = self._first
        self.shapes["order rows"] = shape = Shape(ORDER_ROW).add(first.rows)
        kind = _kind_of_link(first.link, self._client.base_url)
        yield Finding("link", kind, f"{len(first.rows)} rows on the page")
        if first.rows:
            yield Finding("rows", _completeness(shape))
            seen = [name for name in PERHAPS if shape.types.get(name, {"null"}) != {"null"}]
            yield Finding("perhaps", _joined(seen) or "none seen")
            odd = shape.wrong
            ids = any(path.endswith("ID") and "string" in odd[path] for path in odd)
            amounts = any(path.startswith("Total") and "string" in odd[path] for path in odd)
            yield Finding("ids", "text" if ids else "numbers")
            yield Finding("amounts", "text" if amounts else "numbers")
            yield Finding("nulls", "sent" if _has_null(first.body) else "left out")

    @cached_property
    def _first(self) -> Reply:
        return self._orders()

    def _queries(self) -> Iterator[Finding]:
        own = _order_ids(self._first)
        by_id = self._orders(orderby="OrderID asc")
        ids = _order_ids(by_id)
        if by_id.ok:
            yield Finding("by_id", "taken" if ids == sorted(ids) else "ignored")
        else:
            other = "" if own == sorted(own) else ", another order"
            yield Finding("by_id", by_id.taken + other)
        middle = sorted(own)[len(own) // 2] if own else 0
        for word in ("ge", "gt", "lt", "ne"):
            reply = self._orders(filter=f"OrderID {word} {middle}")
            right = all(_holds(word, order, middle) for order in _order_ids(reply))
            answer = reply.taken if right or not reply.ok else "ignored"
            yield Finding("from_id" if word == "ge" else f"operator {word}", answer)
        newest = self._newest
        stamps = [str(row["LastModified"]) for row in newest.rows if row.get("LastModified")]
        ordered = stamps == sorted(stamps, reverse=True)
        answer = newest.taken if ordered or not newest.ok else "ignored"
        yield Finding("newest_first", answer)
        yield Finding("two keys", self._orders(orderby="LastModified desc,OrderID asc").taken)
        yield Finding("$top", "ends paging" if not self._orders(top="1").link else "has a link")
        counted = self._orders(inlinecount="allpages", top="1")
        count = isinstance(counted.body, dict) and counted.body.get("Count") is not None
        yield Finding("$inlinecount", "counts" if count else "does not count", counted.taken)
        yield Finding("$select", self._orders(select="OrderID", top="1").taken)
        yield Finding("$expand", self._orders(expand="OrderLines", top="1").taken)

    @cached_property
    def _newest(self) -> Reply:
        return self._orders(orderby="LastModified desc")

    def _times(self) -> Iterator[Finding]:
        for question, literal in (
            ("times", "2024-02-29T23:59:58"),
            ("fractions", "2024-02-29T23:59:58.123"),
            ("whole days", "2024-02-29"),
        ):
            reply = self._orders(filter=f"LastModified ge DateTime'{literal}'", top="1")
            yield Finding(question, reply.taken)
        row = next(iter(self._newest.rows or self._first.rows), {})
        written = str(row.get("LastModified") or row.get("OrderDate") or "")
        if not (found := _OFFSET.fullmatch(written)):
            yield Finding("dates", "none seen")
        else:
            offset = found["offset"]
            kind = "naive" if not offset else "utc" if offset == "Z" else "offset"
            yield Finding("dates", kind)
            if "LastModified" in row:
                yield from self._zone(written, naive=kind == "naive")
        date = date_in(self._first.response.headers.get("Date", ""))
        yield Finding("date_header", "sent" if date else "left out")
        if date:
            ahead = (datetime.now(tz=timezone.utc) - date).total_seconds()
            yield Finding("clock", f"{ahead:+.0f} s", "this machine's, against Billit's")

    def _zone(self, written: str, *, naive: bool) -> Iterator[Finding]:
        """Whether a filter's naive literal is compared in the clock that LastModified shows."""
        asked_at = date_in(self._newest.response.headers.get("Date", ""))
        clock = self._account.clock
        newest = clock.read(written)
        if asked_at and naive:
            future = clock.earliest(newest) > asked_at + timedelta(minutes=1)
            zone = clock.zone.key
            yield Finding("zone", f"not {zone}" if future else f"{zone} is possible")
        shown = datetime.fromisoformat(written[:19])
        at, after = (
            self._orders(filter=f"LastModified ge DateTime'{moment.isoformat()}'", top="1")
            for moment in (shown, shown + timedelta(seconds=1))
        )
        if at.ok and after.ok:
            same = bool(at.rows) and not after.rows
            yield Finding("comparison", "as written" if same else "in another clock")

    def _around(self) -> Iterator[Finding]:
        deleted = self.ask(DELETED, company=self._company)
        self.shapes["deleted orders"] = Shape(ORDER).add(deleted.rows)
        yield Finding("deleted", _kind_of_list(deleted), f"{len(deleted.rows)} rows")
        if self._first.rows:
            order = self._first.rows[0].get("OrderID")
            document = self.ask(f"{ORDERS}/{order}", company=self._company)
            if isinstance(document.body, dict) and document.ok:
                shape = Shape(ORDER).add([document.body])
                self.shapes["order documents"] = shape
                entries = "array" in shape.types.get("BookingEntries", ())
                yield Finding("BookingEntries", "sent" if entries else "not seen")
        for name, path, schema, query in (
            ("parties", "/v1/parties", PARTY_ROW, {"$orderby": "LastModified desc"}),
            ("products", "/v1/products", PRODUCT, {"$orderby": "LastModified desc"}),
            ("documents", "/v1/documents", DOCUMENT, {}),
            ("transactions", "/v1/financialTransactions", TRANSACTION, {}),
        ):
            reply = self.ask(path, query, company=self._company)
            self.shapes[name] = Shape(schema).add(reply.rows)
            yield Finding(name, reply.taken, f"{len(reply.rows)} rows on the page")

    def _others(self) -> Iterator[Finding]:
        mistaken = self._orders(filter="NoSuchProperty eq 1")
        yield Finding("errors", _kind_of_error(mistaken), f"status {mistaken.status}")
        nobody = self._orders(NOBODY, top="1")
        yield Finding("foreign", str(nobody.status))
        without = self.ask(ORDERS, {"$top": "1"}, company=None)
        company = whole_number(without.rows[0].get("CompanyID")) if without.rows else None
        known = [each["PartyID"] for each in self._account.companies]
        answer = "a company of the login" if company in known else without.taken
        yield Finding("no PartyID", answer)

    def _limits(self) -> Iterator[Finding]:
        seen = {
            name: f"{name}: {value}"
            for reply in self.replies
            for name, value in reply.response.headers.items()
            if _LIMITS.search(name)
        }
        yield Finding("limit headers", _joined(seen.values()) or "none seen")
        busy = [each for each in self.replies if each.status == codes.too_many_requests]
        if not busy:
            yield Finding("too_many", "not seen", f"{len(self.replies)} requests")
        else:
            yield Finding("too_many", "explained" if busy[0].response.content else "bare")


def _joined(parts: Iterable[object]) -> str:
    return ", ".join(map(str, parts))


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
    if not parts.path.endswith(ORDERS):
        return "case" if parts.path.lower().endswith(ORDERS) else "another path"
    if "%24" in parts.query:
        return "encoded"
    if (parts.scheme, parts.netloc) == (asked.scheme, asked.netloc):
        return "absolute"
    billit = (parts.hostname or "").endswith("billit.be")
    return "internal" if not billit else "http" if parts.scheme == "http" else "absolute"


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
