"""The routes under `/v1`: what Billit's standard API answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tap_billit.demo.dialect import Dialect
from tap_billit.demo.messages import Reply
from tap_billit.demo.oauth import TokenRefusedError
from tap_billit.demo.odata import Entity, Query
from tap_billit.demo.odata_filter import ODataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_billit.demo.account import Account
    from tap_billit.demo.messages import Request
    from tap_billit.demo.oauth import OAuth
    from tap_billit.demo.odata import Page

Json = dict[str, Any]

ORDER = Entity(
    "Domain.Order.OrderPartyPerformanceSafeColumns",
    "OrderID",
    {
        **dict.fromkeys(("OrderID", "CounterParty/PartyID", "CompanyID"), "number"),
        **dict.fromkeys(("TotalExcl", "TotalVAT", "TotalIncl", "FXRateToForeign"), "number"),
        "RemindersSent": "number",
        **dict.fromkeys(("OrderDate", "ExpiryDate", "PaidDate"), "datetime"),
        **dict.fromkeys(("LastModified", "Created"), "datetime"),
        **dict.fromkeys(("ExportedToConnector", "AccountantVerificationNeeded"), "boolean"),
        **dict.fromkeys(("Paid", "IsSent"), "boolean"),
        **dict.fromkeys(("OrderDirection", "OrderType", "OrderNumber", "OrderStatus"), "string"),
        **dict.fromkeys(("ExternalProviderID", "ExternalProvider", "Currency"), "string"),
        **dict.fromkeys(("PaymentReference", "ApprovalStatus", "PaymentMethod"), "string"),
        "Reference": "string",
    },
)
PARTY = Entity("Domain.Party.Party", "PartyID", {"PartyType": "string", "LastModified": "datetime"})
PRODUCT = Entity(
    "Domain.Product.Product", "ProductID", {"GroupName": "string", "LastModified": "datetime"}
)
DOCUMENT = Entity("Domain.Document.DocumentAPIView", "DocumentID", {})
TRANSACTION = Entity("Domain.Bank.Transaction", "BankAccountTransactionID", {})

_ROUTE = re.compile(
    r"/v1/(account/accountInformation|[A-Za-z]+(?:/deleted)?)(?:/([\w-]+))?", re.IGNORECASE
)


class ForeignError(Exception):
    """The record, or the company, is not one that the request may see."""


class Api:
    """Answers the requests of one account."""

    def __init__(self, *, account: Account, oauth: OAuth, page_size: int) -> None:
        self._account, self._oauth, self._page_size = account, oauth, page_size
        self.dialect = Dialect()
        self._lists: dict[str, tuple[Entity, Callable[[int], Sequence[Json]]]] = {
            "orders": (ORDER, account.listing),
            "orders/deleted": (ORDER, lambda party: account.listing(party, deleted=True)),
            "parties": (PARTY, account.parties),
            "products": (PRODUCT, account.products),
            "documents": (DOCUMENT, account.documents),
            "financialtransactions": (TRANSACTION, account.transactions),
        }

    def answer(self, request: Request, *, url: str) -> Reply:
        """The normal answer; `url` is the server's own address."""
        if request.method != "GET":
            return Reply.error(405, "GenericError", "Het demoaccount is alleen-lezen.")
        try:
            self._oauth.check(request)
            with self._account.lock:
                return Reply(body=self._read(request, url=url))
        except TokenRefusedError as refusal:
            return Reply.error(401, str(refusal))
        except ForeignError:
            status = int(self.dialect.foreign)
            return Reply.error(status, "NotAuthorized", "U hebt geen toegang tot deze gegevens.")
        except ODataError as error:
            return Reply.error(400, "GenericError", str(error))
        except LookupError:
            return Reply.error(404, "NotFound", "Niet gevonden.")

    def _read(self, request: Request, *, url: str) -> Json:
        match = _ROUTE.fullmatch(request.path)
        if match is None:
            raise LookupError(request.path)
        resource, key = match[1].lower(), match[2]
        if resource == "account/accountinformation":
            return self._account_information()
        company_id = self._company(request)
        if key is None:
            return self._list(request, resource, company_id=company_id, url=url)
        return self._one(resource, key, company_id=company_id)

    def _company(self, request: Request) -> int:
        """The PartyID of the company asked for, the oldest if none is."""
        ids = [int(company["PartyID"]) for company in self._account.companies]
        asked = request.party_id
        if asked is not None and asked not in map(str, ids):
            raise ForeignError
        return ids[0] if asked is None else int(asked)

    def _account_information(self) -> Json:
        companies = self._account.companies
        roles = [{"PartyID": each["PartyID"], "UserRoleTypes": ["Admin"]} for each in companies]
        return {
            "Email": "demo@tap-billit.example",
            "Companies": companies,
            "UserCompanyRoles": roles,
            "FirstName": "Nele",
            "LastName": "D'Hondt",
        }

    def _list(self, request: Request, resource: str, *, company_id: int, url: str) -> Json:
        entity, rows = self._lists[resource]
        self.dialect.check(request.query)
        options = self.dialect.heeded(request.query)
        if entity is ORDER and self.dialect.own_order:
            options = {"$orderby": self.dialect.own_order, **options}
        query = Query(options, entity=entity, page_size=self._page_size)
        page = query.page(rows(company_id))
        answer: Json = {"Items": page.items}
        link = _next_page_link(request, query, page, url=url)
        if link:
            answer["NextPageLink"] = self.dialect.link_to(link)
        if page.total is not None:
            answer["Count"] = page.total
        return answer

    def _one(self, resource: str, key: str, *, company_id: int) -> Json:
        account = self._account
        if resource == "files":
            owner, item = account.file(key.lower())
        elif not key.isdecimal():
            raise LookupError(key)
        elif resource == "orders":
            owner, item = account.company_of(int(key)), account.document(int(key))
        else:
            entity, rows = self._lists[resource]
            owner = company_id
            item = {str(row[entity.key]): row for row in rows(company_id)}[key]
        if owner != company_id:
            raise ForeignError
        return item


def _next_page_link(request: Request, query: Query, page: Page, *, url: str) -> str | None:
    """As ASP.NET Web API does it: all parameters kept, `$skip` up and `$top` down by a page."""
    size = query.page_size
    if not page.more or (query.top is not None and query.top <= size):
        return None
    parameters = {key: value for key, value in request.query.items() if key != "$skip"}
    if query.top is not None:
        parameters["$top"] = str(query.top - size)
    parameters["$skip"] = str(query.skip + size)
    text = "&".join(f"{_escape(key)}={_escape(value)}" for key, value in parameters.items())
    return f"{url}{request.path}?{text}"


def _escape(text: str) -> str:
    """.NET's Uri.EscapeDataString, which leaves the `$` before an option's name."""
    return f"${quote(text[1:], safe='')}" if text.startswith("$") else quote(text, safe="")
