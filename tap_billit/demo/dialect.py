"""Where Billit's documentation is unclear: which behaviour the demo imitates.

`Dialect` names the answers that each question can have; the first is the documented one, or the
likeliest where nothing is documented.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, get_args, get_type_hints
from urllib.parse import urlsplit

from tap_billit.demo.messages import Reply
from tap_billit.demo.odata_filter import ODataError
from tap_billit.demo.timestamps import BRUSSELS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Json = dict[str, Any]

GRACE = 10_000
"""Milliseconds in which a spent refresh token works again, where there is a grace."""

_NAIVE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?")
_TIME_OF_DAY = re.compile(r"datetime'[^']*T[^']*'", re.IGNORECASE)
_NEWEST_KEY = re.compile(r"\w+ID desc")
_FROM_ID = re.compile(r"\bOrderID ge\b")

_OFTEN_NULL = ("PaidDate", "PaymentMethod", "Reference", "AboutInvoiceNumber", "LastReminder")
_LEFT_OUT = ("LastModified", "CompanyID", "CounterParty", "OrderPDF", "Currency", "Created")


@dataclass(frozen=True)
class Dialect:
    """An answer to each question."""

    nulls: Literal["left out", "sent"] = "left out"
    link: Literal["absolute", "relative", "query", "http", "internal", "case", "encoded"] = (
        "absolute"
    )
    errors: Literal["list", "top", "oauth", "html", "empty"] = "list"
    client: Literal["either", "body", "header"] = "either"
    grant_body: Literal["json", "form"] = "json"
    grant_errors: Literal["oauth", "list", "top", "html", "empty"] = "oauth"
    spent: Literal["400", "401", "grace"] = "400"
    times: Literal["taken", "refused"] = "taken"
    newest_first: Literal["taken", "refused"] = "taken"
    newest_key: Literal["taken", "refused", "ignored"] = "taken"
    by_id: Literal["taken", "refused", "refused, another order"] = "taken"
    from_id: Literal["taken", "refused"] = "taken"
    skip: Literal["taken", "refused", "ignored"] = "taken"
    deleted: Literal["page", "array", "empty", "blank", "missing"] = "page"
    rows: Literal["documented", "more", "fewer"] = "documented"
    ids: Literal["numbers", "text"] = "numbers"
    amounts: Literal["numbers", "text"] = "numbers"
    dates: Literal["naive", "offset", "utc"] = "naive"
    too_many: Literal["explained", "bare"] = "explained"
    foreign: Literal["401", "400", "403"] = "401"
    date_header: Literal["sent", "left out"] = "sent"

    def __post_init__(self) -> None:
        for each in fields(self):
            if getattr(self, each.name) not in QUESTIONS[each.name]:
                raise ValueError(f"{getattr(self, each.name)!r} is no answer to {each.name}")

    def check(self, query: Mapping[str, str]) -> None:
        """Raise where the query uses what is refused."""
        filters, order = query.get("$filter", ""), query.get("$orderby", "")
        if self.times == "refused" and (found := _TIME_OF_DAY.search(filters)):
            raise ODataError(f"Unrecognized 'Edm.DateTime' literal '{found[0]}'.")
        if self.from_id == "refused" and _FROM_ID.search(filters):
            raise ODataError("The operator 'ge' is not allowed on 'OrderID'.")
        if self.skip == "refused" and "$skip" in query:
            raise ODataError("Query option 'Skip' is not allowed.")
        if self.newest_key == "refused" and _NEWEST_KEY.search(order):
            raise ODataError(f"Order by '{order}' is not allowed.")
        for answer, key in ((self.newest_first, "LastModified"), (self.by_id, "OrderID")):
            if answer != "taken" and key in order:
                raise ODataError(f"Order by '{key}' is not allowed.")

    def heeded(self, query: Mapping[str, str]) -> dict[str, str]:
        """What of a query has an effect."""
        ignored = {"$skip"} if self.skip == "ignored" else set()
        if self.newest_key == "ignored" and _NEWEST_KEY.search(query.get("$orderby", "")):
            ignored.add("$orderby")
        return {name: value for name, value in query.items() if name not in ignored}

    @property
    def own_order(self) -> str | None:
        """The order of a list of orders that none was asked for; None: by OrderID."""
        return "Created desc" if self.by_id == "refused, another order" else None

    def finish(self, request_path: str, reply: Reply) -> Reply:
        """The reply in this dialect."""
        path = request_path.lower()
        if path == "/v1/orders/deleted" and reply.status == HTTPStatus.OK:
            reply = _DELETED.get(self.deleted, reply)
        headers = {} if self._is_bare(reply) else reply.headers
        if self.date_header == "left out":
            headers = {**headers, "Date": ""}
        if self._is_bare(reply):
            reply = Reply(reply.status, b"")
        elif reply.status >= HTTPStatus.BAD_REQUEST:
            reply = self._error(path, reply)
        elif path.startswith("/v1/") and isinstance(reply.body, dict):
            body = self._nulls(self.written(self._rows(reply.body)))
            bare = path == "/v1/orders/deleted" and self.deleted == "array"
            reply = replace(reply, body=body["Items"] if bare else body)
        return replace(reply, headers=headers)

    def _error(self, path: str, reply: Reply) -> Reply:
        if path == "/oauth2/token":
            return _ERRORS[self.grant_errors](reply)
        return _ERRORS[self.errors](reply) if path.startswith("/v1/") else reply

    def _is_bare(self, reply: Reply) -> bool:
        return reply.status == HTTPStatus.TOO_MANY_REQUESTS and self.too_many == "bare"

    def link_to(self, url: str) -> str:
        """A NextPageLink, absolute and on our own host so far."""
        parts = urlsplit(url)
        tail = f"{parts.path}?{parts.query}"
        return {
            "absolute": url,
            "relative": tail,
            "query": f"?{parts.query}",
            "http": f"http://api.billit.be{tail}",
            "internal": f"https://vm-api-03.internal:8443{tail}",
            "case": f"HTTPS://API.Billit.BE/V1{tail[3:]}",
            "encoded": f"{parts.scheme}://{parts.netloc}{tail.replace('$', '%24')}",
        }[self.link]

    def written(self, value: Any, name: str = "") -> Any:
        """JSON data as this dialect writes it."""
        if isinstance(value, dict):
            return {key: self.written(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [self.written(part, name) for part in value]
        if isinstance(value, Decimal):
            return str(value) if self.amounts == "text" else value
        if type(value) is int and name.endswith("ID"):
            return str(value) if self.ids == "text" else value
        if self.dates != "naive" and isinstance(value, str) and _NAIVE.fullmatch(value):
            return self._moment(value)
        return value

    def row(self, row: Json) -> Json:
        """A listed row, with more or fewer properties than are documented."""
        if self.rows == "fewer":
            row = {key: value for key, value in row.items() if key not in _LEFT_OUT}
        if self.rows == "more":
            row = {**row, "Colour": "blue"}
            if "CounterParty" in row:
                row["CounterParty"] = {**row["CounterParty"], "Mood": {"Today": "fine"}}
        return row

    def _rows(self, body: Json) -> Json:
        return (
            {**body, "Items": [self.row(row) for row in body["Items"]]} if "Items" in body else body
        )

    def _nulls(self, body: Json) -> Json:
        if self.nulls == "left out":
            return body
        if "Items" not in body:
            return {**dict.fromkeys((*_OFTEN_NULL, "Signature", "BookingEntries")), **body}
        names = {name: None for row in body["Items"] for name in row}
        rows = [{**names, **dict.fromkeys(_OFTEN_NULL), **row} for row in body["Items"]]
        return {"NextPageLink": None, "Count": None, **body, "Items": rows}

    def _moment(self, text: str) -> str:
        whole, point, fraction = text.partition(".")
        local = datetime.fromisoformat(whole).replace(tzinfo=BRUSSELS)
        if self.dates == "offset":
            stamp = local.isoformat()
            return f"{stamp[:19]}{point}{fraction}{stamp[19:]}"
        moment = local.astimezone(timezone.utc).replace(tzinfo=None).isoformat()
        return f"{moment}{point}{fraction}Z"


QUESTIONS: dict[str, tuple[str, ...]] = {
    name: get_args(answers) for name, answers in get_type_hints(Dialect).items()
}


def _said(reply: Reply) -> tuple[str, str]:
    """Code and Description, of Billit's error envelope or of an OAuth error."""
    body = reply.body if isinstance(reply.body, dict) else {}
    first = body.get("errors", [{}])[0]
    code = first.get("Code") or body.get("error") or "GenericError"
    return code, first.get("Description") or body.get("error_description") or ""


def _list(reply: Reply) -> Reply:
    code, description = _said(reply)
    return Reply.error(reply.status, code, description or None)


def _top(reply: Reply) -> Reply:
    code, description = _said(reply)
    return Reply(reply.status, {"Code": code, "Message": description})


def _oauth(reply: Reply) -> Reply:
    code, description = _said(reply)
    return Reply(reply.status, {"error": code, "error_description": description})


def _html(reply: Reply) -> Reply:
    page = f"<!DOCTYPE html><html><head><title>{reply.status}</title></head></html>"
    return Reply(reply.status, page.encode())


def _empty(reply: Reply) -> Reply:
    return Reply(reply.status, b"")


_ERRORS: dict[str, Callable[[Reply], Reply]] = {
    "list": _list,
    "top": _top,
    "oauth": _oauth,
    "html": _html,
    "empty": _empty,
}
_DELETED = {
    "empty": Reply(body=[]),
    "blank": Reply(body=b""),
    "missing": Reply.error(404, "NotFound", "Niet gevonden."),
}
