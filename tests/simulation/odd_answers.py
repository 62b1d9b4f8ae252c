"""The catalogue of odd answers: what others have seen APIs, proxies and networks answer.

A new kind is one more line in one of the tables; `odd.py` makes answers of them:

    STATUSES, ERROR_BODIES    the answer is a refusal, or a failure
    BODIES                    status 200, and something else than what was asked
    PAGES                     lists of another shape
    VALUES                    at any path of the JSON, a value of another kind
    WRITTEN                   the same data in other bytes: nothing is missing from these
    GARBLED                   bytes that cannot be read, or only in part
    HEADERS                   headers that are missing, wrong, or lie
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]

STATUSES = (
    *(201, 202, 203, 204, 205, 206, 207, 226),
    *(300, 301, 302, 303, 304, 307, 308, 399),
    *(400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417),
    *(418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 444, 451, 499),
    *(500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 520, 521, 522, 524, 525, 530, 598),
)

ERROR_BODIES: dict[str, Any] = {
    "as Billit documents": {
        "errors": [{"Code": "GenericError", "Description": "Er ging iets mis"}]
    },
    "as for a bad filter": {"Code": "GenericError", "Description": "Er ging iets mis"},
    "as ASP.NET writes": {"Message": "An error has occurred."},
    "as OAuth writes": {"error": "server_error", "error_description": "try again"},
    "a problem (RFC 9457)": {"type": "about:blank", "title": "Not possible", "status": 500},
    "no errors": {"errors": []},
    "errors null": {"errors": None},
    "errors of nothing": {"errors": [None]},
    "errors that are text": {"errors": "no", "Code": 7, "Description": ["a", "b"]},
    "an object for a code": {"errors": [{"Code": {"a": 1}, "Description": None}]},
    "half an emoji": b'{"Message": "\\ud83d"}',
    "HTML": b"<!DOCTYPE html><html><head><title>502</title></head><body>nginx</body></html>",
    "text": b"upstream connect error or disconnect/reset before headers",
    "not UTF-8": b"\xff\xfe\x00Fout: \xe9\xe9n",
    "a list": [],
    "null": b"null",
    "a number": b"42",
    "nothing": b"",
    "much": b'{"Message": "' + b"x" * 200_000 + b'"}',
    "what looks like success": {"Items": []},
}

BODIES: dict[str, Any] = {
    "an error with status 200": ERROR_BODIES["as Billit documents"],
    "a message with status 200": {"Message": "An error has occurred."},
    "another object": {"Email": "demo@tap-billit.example", "Companies": "none"},
    "a list of null": [None],
    "a list of lists": [[]],
    "a list of objects": [{}],
    "true": b"true",
    "a number": b"0",
    "a text": b'"ok"',
    "NaN": b"NaN",
    "deep": b"[" * 3000 + b"]" * 3000,
}
NOTHINGS: dict[str, Any] = {"an empty object": {}, "null": b"null"}
EMPTY_LISTS: dict[str, Any] = {
    "an empty list": [],
    "Items null": {"Items": None},
    "no Items": {"Count": 0},
    "Items empty": {"Items": []},
}
NO_JSON: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \r\n ",
    "a page of a proxy": ERROR_BODIES["HTML"],
    "half an object": b'{"Items": [{"OrderID": 1',
    "XML": b'<?xml version="1.0"?><ArrayOfOrder xmlns:i="http://www.w3.org/2001/XMLSchema"/>',
    "two objects": b'{"Items": []}{"Items": []}',
    "a callback": b'callback({"Items": []});',
    "zeros": b"\0" * 64,
}


def _first(page: Json, **changed: Any) -> Json:
    """The page, its first row changed in properties that it has."""
    rows = page["Items"]
    first = [row | {k: changed[k] for k in changed if k in row} for row in rows[:1]]
    return {**page, "Items": [*first, *rows[1:]]}


def _without_keys(page: Json) -> Json:
    rows = [{k: v for k, v in row.items() if not k.endswith("ID")} for row in page["Items"]]
    return {**page, "Items": rows}


PAGES: dict[str, Callable[[Json], Any]] = {
    "Items an object": lambda page: {
        **page,
        "Items": {str(i): r for i, r in enumerate(page["Items"])},
    },
    "Items a text": lambda page: {**page, "Items": "none"},
    "Items of lists": lambda page: {**page, "Items": [[row] for row in page["Items"]]},
    "a null among the rows": lambda page: {**page, "Items": [*page["Items"], None]},
    "a text among the rows": lambda page: {**page, "Items": ["?", *page["Items"]]},
    "an empty row": lambda page: {**page, "Items": [*page["Items"], {}]},
    "names in camel case": lambda page: {
        **page,
        "Items": [{k[0].lower() + k[1:]: v for k, v in row.items()} for row in page["Items"]],
    },
    "rows without keys": _without_keys,
    "rows backwards": lambda page: {**page, "Items": page["Items"][::-1]},
    "each row twice": lambda page: {**page, "Items": [r for r in page["Items"] for _ in (0, 1)]},
    "a sale among purchases": lambda page: _first(page, OrderDirection="Income"),
    "a purchase among sales": lambda page: _first(page, OrderDirection="Cost"),
    "an offer": lambda page: _first(page, OrderType="Offer"),
    "another company's": lambda page: _first(page, CompanyID=1),
    "a link to itself": lambda page: {**page, "NextPageLink": "?$skip=0"},
    "a link to elsewhere": lambda page: {**page, "NextPageLink": "https://evil.example/v1/x?a=1"},
    "a link that is none": lambda page: {**page, "NextPageLink": "http://[::1"},
    "a link that is a number": lambda page: {**page, "NextPageLink": 7},
    "a link that is true": lambda page: {**page, "NextPageLink": True},
    "a link that is an object": lambda page: {**page, "NextPageLink": {"href": "?$skip=3"}},
}
SAME_PAGES: dict[str, Callable[[Json], Any]] = {
    "a bare list of the last page": lambda page: page if "NextPageLink" in page else page["Items"],
    "more properties": lambda page: {
        **page,
        "Total": None,
        "@odata.context": "x",
        "@odata.count": "7",
    },
}

VALUES = (
    *("null", "true", "false", "0", "-1", "1.5", "1.0", "1e2", "1E400", "-0.0"),
    *(str(2**31), str(2**63), str(2**70), "9" * 400),
    *("NaN", "Infinity", "-Infinity"),
    *('""', '" "', '"\\t\\n"', '"0"', '" 7 "', '"12.50"', '"1,5"', '"1.234,56"', '"1e3"'),
    *('"null"', '"None"', '"true"', '"Ja"', '"-"', '"N/A"', '"NaN"', '"²"', '"٣"'),
    *('"\\u0000"', '"a\\u0000b"', '"\\ud83d"', '"\\udc00\\ud83d"', '"\\uFFFE"', '"\\u2028"'),
    *('"\x01"', '"👩‍👩‍👧"', '"شركة"', '"' + "é" * 5000 + '"'),
    *('"0001-01-01T00:00:00"', '"9999-12-31T23:59:59.9999999"', '"9999-12-31T23:59:59Z"'),
    *('"0001-01-01T00:00:00+14:00"', '"2026-02-30T00:00:00"', '"2026-10-25T02:30:00"'),
    *('"24:00"', '"2026-06-10"', '"2026-06-10T24:00:00"', '"2026-06-10T09:30:60"'),
    *('"10/06/2026"', '"/Date(1781078400000)/"', '"2026-06-10T09:30:00.123456789012"'),
    *('"2026-06-10 09:30:00 +0200"', '"0000-00-00T00:00:00"', '"1781078400"'),
    *("[]", "{}", "[null]", "[[]]", '[""]', '{"": null}', '{"a": {"b": [1, "2"]}}', "[1, 2]"),
    *('["2026-06-10"]', '{"$type": "System.Decimal", "$value": 1}', "[" * 40 + "]" * 40),
)
"""JSON, as text: some of it no strict reader takes."""


def _bom(content: bytes) -> bytes:
    return b"\xef\xbb\xbf" + content


def _escaped(content: bytes) -> bytes:
    return "".join(c if ord(c) < 128 else f"\\u{ord(c):04x}" for c in content.decode()).encode()


WRITTEN: dict[str, tuple[Callable[[bytes], bytes], dict[str, str]]] = {
    "a byte order mark": (_bom, {}),
    "two byte order marks": (lambda content: _bom(_bom(content)), {}),
    "blanks around it": (lambda content: b"\r\n\t " + content + b"\r\n\0"[:2], {}),
    "only ASCII": (_escaped, {}),
    "gzip": (gzip.compress, {"Content-Encoding": "gzip"}),
    "UTF-16, declared": (
        lambda content: content.decode().encode("utf-16"),
        {"Content-Type": "application/json; charset=utf-16"},
    ),
    "Latin-1, declared": (
        lambda content: content.decode().encode("latin-1", "backslashreplace"),
        {"Content-Type": "application/json; charset=iso-8859-1"},
    ),
    "no Content-Type": (bytes, {"Content-Type": ""}),
    "text/plain": (bytes, {"Content-Type": "text/plain"}),
    "text/html": (bytes, {"Content-Type": "text/html; charset=utf-8"}),
    "an unknown charset": (bytes, {"Content-Type": "application/json; charset=klingon"}),
    "a charset in quotes": (bytes, {"Content-Type": 'application/json; charset="utf-8"'}),
}

GARBLED: dict[str, tuple[Callable[[bytes], bytes], dict[str, str]]] = {
    "a byte that is no UTF-8": (lambda content: content.replace(b"e", b"\xe9", 1), {}),
    "cut off": (lambda content: content[: len(content) // 2], {}),
    "cut off after one byte": (lambda content: content[:1], {}),
    "more behind it": (lambda content: content + b"}", {}),
    "gzip that is none": (bytes, {"Content-Encoding": "gzip"}),
    "half a gzip": (
        lambda content: gzip.compress(content)[: len(content) // 8],
        {"Content-Encoding": "gzip"},
    ),
    "an encoding that is unknown": (gzip.compress, {"Content-Encoding": "x-zip"}),
}

HEADERS: dict[str, dict[str, str]] = {
    "no Date": {"Date": ""},
    "a Date that is none": {"Date": "yesterday"},
    "a Date that is a number": {"Date": "1781078400"},
    "a Date without a zone": {"Date": "Wed, 10 Jun 2026 10:00:00"},
    "a Date at the beginning": {"Date": "Mon, 01 Jan 0001 00:00:00 GMT"},
    "Retry-After with success": {"Retry-After": "86400"},
    "a cookie": {"Set-Cookie": "ARRAffinity=1; Secure; HttpOnly; SameSite=None"},
    "a Location": {"Location": "https://evil.example/"},
    "a challenge": {"WWW-Authenticate": 'Bearer error="invalid_token"'},
    "a long header": {"X-Trace": "x" * 30_000},
    "no Server": {"Server": ""},
}
RETRY_AFTER = (
    "0",
    "1",
    "-5",
    "",
    "soon",
    "1.5",
    "86400",
    "99999999999999999999",
    "Fri, 31 Dec 9999 23:59:59 GMT",
)
