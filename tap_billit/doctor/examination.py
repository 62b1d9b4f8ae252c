"""Asks one Billit the open questions about its API, each on its own: about thirty requests.

The questions are in `login.py`, `orders.py`, `times.py` and `around.py`; here is what all of them
need.
"""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from requests import codes

from tap_billit.api.body import SUCCESS
from tap_billit.api.json_text import NOT_JSON
from tap_billit.doctor.shapes import Shape
from tap_billit.errors import LoginError, TransientError, retry_after
from tap_billit.schemas.company import COMPANY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeAlias

    import requests

    from tap_billit.account import BillitAccount
    from tap_billit.api.client import BillitClient

    Question: TypeAlias = Callable[["Examination"], Iterator["Finding"]]

Json = dict[str, Any]
Row = dict[str, Any]

ORDERS = "/v1/orders"

LONGEST_WAIT = 120.0

OUTAGE = 3
"""Questions that get no answer, one after another, before none of the rest is asked."""


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
        self.account = account
        self.replies: list[Reply] = []
        self.shapes: dict[str, Shape] = {}
        self._unanswered = 0

    def findings(self, questions: Mapping[str, Question]) -> Iterator[Finding]:
        """All findings, one after the other; a question that fails is one of them.

        Raises:
            BillitError: there is no way in, or no answer to anything.
        """
        self.shapes["companies"] = Shape(COMPANY).add(self.companies)
        for name, question in questions.items():
            yield from self._found(name, question)

    def _found(self, name: str, question: Question) -> Iterator[Finding]:
        try:
            yield from question(self)
            self._unanswered = 0
        except Exception as error:
            self._unanswered += isinstance(error, TransientError)
            if self._unanswered == OUTAGE or isinstance(error, LoginError):
                raise
            # Its type alone: the text may quote what Billit answered.
            yield Finding(name, f"could not be asked: {type(error).__name__}")

    @property
    def client(self) -> BillitClient:
        """Billit's API."""
        return self.account.client

    @property
    def companies(self) -> list[Json]:
        """The companies that the login reaches."""
        return self.account.companies

    @cached_property
    def counts(self) -> list[Reply]:
        """An order of each of the first companies."""
        return [self.orders(company["PartyID"], top="1") for company in self.companies[:3]]

    @cached_property
    def company(self) -> int:
        """The PartyID that the questions are about: it has orders, if any has."""
        found = zip(self.companies, self.counts, strict=False)
        full = [company["PartyID"] for company, reply in found if reply.rows]
        return int((full or [self.companies[0]["PartyID"]])[0])

    @cached_property
    def first(self) -> Reply:
        """The first page of orders, as Billit itself orders them."""
        return self.orders()

    @cached_property
    def newest(self) -> Reply:
        """The orders changed last."""
        return self.orders(orderby="LastModified desc")

    def orders(self, company: int | None = None, **query: str) -> Reply:
        """A page of orders; `query` has the OData options without their `$`."""
        said = {f"${name}": value for name, value in query.items()}
        return self.ask(ORDERS, said, company=company or self.company)

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
        response = self.client.probe(path, query, company=company)
        try:
            body = self.client.decode(response.content)
        except NOT_JSON:
            body = None
        reply = Reply(response, body)
        self.replies.append(reply)
        return reply
