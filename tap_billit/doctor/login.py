"""Questions about the login, and the companies that it reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_billit.auth.oauth import OAuth
from tap_billit.doctor.examination import ORDERS, Finding
from tap_billit.value_types import whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_billit.doctor.examination import Examination, Question

NOBODY = 2_147_483_647
"""A PartyID that no company of this login has."""


def _login(examination: Examination) -> Iterator[Finding]:
    login = examination.client.auth
    way = login.endpoint.way if isinstance(login, OAuth) else None
    if not isinstance(login, OAuth):
        yield Finding("login", "API key")
    elif way is None:
        yield Finding("login", "OAuth", "no refresh was due")
    else:
        yield Finding("login", "OAuth, refreshed")
        yield Finding("client", way.client)
        yield Finding("grant_body", way.body)


def _companies(examination: Examination) -> Iterator[Finding]:
    companies = examination.companies
    allowed = sum(company.get("APIAllowed") is not False for company in companies)
    yield Finding("companies", f"{len(companies)} reached", f"{allowed} may use the API")


def _reach(examination: Examination) -> Iterator[Finding]:
    refused = [str(reply.status) for reply in examination.counts if not reply.ok]
    yield Finding("reach", "refused" if refused else "each answers", ", ".join(refused))


def _foreign(examination: Examination) -> Iterator[Finding]:
    yield Finding("foreign", str(examination.orders(NOBODY, top="1").status))


def _anothers_order(examination: Examination) -> Iterator[Finding]:
    """Ask for an order of one company as another: Billit documents 401, so that it knows it."""
    own = whole_number(examination.first.rows[0].get("OrderID")) if examination.first.rows else None
    others = [
        company["PartyID"]
        for company in examination.companies
        if company["PartyID"] != examination.company
    ]
    if own is None or not others:
        yield Finding("another's order", "not seen", "it takes two companies and an order")
    else:
        reply = examination.ask(f"{ORDERS}/{own}", company=others[0])
        yield Finding("another's order", "given" if reply.ok else str(reply.status))


def _no_company(examination: Examination) -> Iterator[Finding]:
    reply = examination.ask(ORDERS, {"$top": "1"}, company=None)
    company = whole_number(reply.rows[0].get("CompanyID")) if reply.rows else None
    known = [each["PartyID"] for each in examination.companies]
    yield Finding("no PartyID", "a company of the login" if company in known else reply.taken)


LOGIN: dict[str, Question] = {"login": _login, "companies": _companies, "reach": _reach}

OTHERS: dict[str, Question] = {
    "foreign": _foreign,
    "another's order": _anothers_order,
    "no PartyID": _no_company,
}
