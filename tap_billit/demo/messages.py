"""A request as the demo sees it, and the reply it gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import parse_qsl

import msgspec

Json = dict[str, Any]

_encode = msgspec.json.Encoder(decimal_format="number").encode
_SECRET_HEADERS = ("apikey", "cookie")


@dataclass
class Request:
    """One request; `headers` have lower-case names, `status` is what was answered.

    `address` is where it came from.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    status: int | None = None
    address: str = ""

    @property
    def party_id(self) -> str | None:
        """The PartyID header."""
        return self.headers.get("partyid")

    def header(self, name: str, /) -> str:
        """A header's value, empty if it was not sent."""
        return self.headers.get(name.lower(), "")

    def json(self) -> Json | None:
        """The body as a JSON object."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except msgspec.DecodeError:
            return None

    def form(self) -> dict[str, str]:
        """The body as a submitted form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace")))

    def record(self) -> Request:
        """The request without its secrets: of Authorization only the scheme, no body."""
        headers = {key: self.headers[key] for key in self.headers if key not in _SECRET_HEADERS}
        if "authorization" in headers:
            headers["authorization"] = headers["authorization"].partition(" ")[0]
        return replace(self, headers=headers, body=b"")


@dataclass
class Reply:
    """What is answered: `body` is bytes, or data that becomes JSON; an empty header is not sent.

    Without status or body it is the normal answer, only later (`delay`, seconds) or cut: `close`
    ends the connection without an answer, `reset` with a RST, `short` halfway through the body.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: Literal["close", "reset", "short"] | None = None

    @property
    def keeps_answer(self) -> bool:
        """Whether it only delays or cuts the normal answer."""
        plain = self.status == HTTPStatus.OK and self.body is None
        return plain and self.cut in {None, "short"}

    @classmethod
    def error(cls, status: int, code: str, description: str | None = None) -> Reply:
        """Billit's error envelope."""
        error = {"Code": code} | ({} if description is None else {"Description": description})
        return cls(status, {"errors": [error]})

    def content(self) -> bytes:
        """The body's bytes."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else _encode(self.body)
