"""What depends on an odd answer: whose it was, and which of its values was odd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_billit.value_types import whole_number
from tests.kit.demo import ACCOUNT, ORDERS
from tests.simulation.tables import ALL, DETAILS, INDEX, KIND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_billit.demo.messages import Request
    from tests.simulation.odd import Odd
    from tests.simulation.odd_world import Event
    from tests.simulation.tables import Key
    from tests.simulation.world import World

FILES = "invoice_files"
OF_COMPANY = frozenset(ALL) - {"companies"}
OF_PATH = {
    "/v1/orders/deleted": "deleted_orders",
    "/v1/parties": "parties",
    "/v1/products": "products",
    "/v1/financialTransactions": "financial_transactions",
    "/v1/documents": "documents",
}
KEYS = {"OrderID", "PartyID", "ProductID", "DocumentID", "BankAccountTransactionID"}
"""Where one of these is another number, it is another record."""

IDENTITY = KEYS | {"CompanyID", "OrderDirection", "OrderType"}
"""Where one of these is odd, it is not the record that was asked."""

OF_ANOTHER_KIND = {"page: a sale among purchases", "page: a purchase among sales", "page: an offer"}

COMPANY_REFUSED = {401, 403}
NO_SUCH_LIST = 404


@dataclass(frozen=True)
class Reach:
    """Records that depend on an odd answer; None is any.

    They may be missing, or where `names` are given those properties alone may differ. `believed`:
    a true answer could be the same, so that nobody can know what is missing.
    """

    streams: frozenset[str]
    company: int | None = None
    key: Any = None
    names: frozenset[str] | None = None
    believed: bool = False

    def has(self, stream: str, company: int, key: Key) -> bool:
        """Whether a record is among them."""
        of_key = self.key is None or self.key in key
        return stream in self.streams and self.company in {None, company} and of_key

    def excuses(self, differing: set[str] | None) -> bool:
        """Whether these properties may differ."""
        return differing is not None and self.names is not None and differing <= self.names


def reaches_of(world: World, event: Event) -> Iterator[Reach]:
    """What depends on an odd answer that was given."""
    request, odd = event
    company = int(request.party_id or 0)
    if odd.whole:
        return
    if request.path == ACCOUNT:
        yield from _of_account(world, odd)
    elif request.path.startswith("/v1/files/"):
        yield from _of_file(request.path.rpartition("/")[2], company, odd)
    elif (order := request.path.removeprefix(f"{ORDERS}/")).isdecimal():
        yield from _of_details(int(order), company, odd)
    else:
        yield _of_list(request, company, odd)
        yield from _of_joints(request, company, odd)
        yield from _of_index(company, odd)


def _of_account(world: World, odd: Odd) -> Iterator[Reach]:
    match odd.at:
        case None | ("Companies",):
            yield Reach(frozenset(ALL))
        case ("Companies", int(at)) | ("Companies", int(at), "PartyID", *_):
            yield Reach(frozenset(ALL), world.companies[at])
        case ("Companies", int(at), name, *_):
            yield Reach(frozenset({"companies"}), world.companies[at], names=frozenset({name}))


def _of_file(file_id: str, company: int, odd: Odd) -> Iterator[Reach]:
    """A text that is Base64 by accident is a file like any other."""
    yield Reach(frozenset({FILES}), company, file_id)
    if odd.at == ("FileContent",) and odd.value.startswith(('"', "[")):
        yield Reach(frozenset({FILES}), company, file_id, names=frozenset({"Size", "SHA256"}))


def _of_details(order: int, company: int, odd: Odd) -> Iterator[Reach]:
    """An order that names no file has none."""
    details, files = frozenset(DETAILS), frozenset({FILES})
    if odd.at is None or odd.at[0] in IDENTITY:
        yield Reach(details | files, company, order)
        return
    yield Reach(details, company, order, names=frozenset({odd.at[0]}))
    yield Reach(files, company, order, believed=odd.at[0] in {"OrderPDF", "Attachments"})
    yield Reach(files, company, order, names=frozenset({"LastModified", "FileName"}))


def _of_list(request: Request, company: int, odd: Odd) -> Reach:
    streams = _streams_of(request)
    match odd.at:
        case ("Items", int(), str(name), *_) if name not in IDENTITY:
            return Reach(streams, company, names=frozenset({name}))
        case ("Items", int(), str(name)) if name in KEYS and _is_number(odd.value):
            return Reach(streams, company, believed=True)
    if odd.status in COMPANY_REFUSED:
        return Reach(OF_COMPANY, company)
    gone = request.path == "/v1/orders/deleted" and odd.status in {200, NO_SUCH_LIST}
    ends = odd.at == ("NextPageLink",)
    return Reach(streams, company, believed=odd.empty or gone or ends)


def _of_joints(request: Request, company: int, odd: Odd) -> Iterator[Reach]:
    """Two pages of a list by date share a row; with another date it is another row on each."""
    by_date = "LastModified" in request.query.get("$orderby", "")
    if by_date and odd.at and odd.at[0] == "Items" and "LastModified" in odd.at:
        yield Reach(_streams_of(request), company)


def _is_number(value: str) -> bool:
    return whole_number(value.strip('"')) is not None


def _of_index(company: int, odd: Odd) -> Iterator[Reach]:
    """The index asks for any kind, and believes what kind an order is said to be."""
    kinds = frozenset({"OrderDirection", "OrderType"})
    if odd.name in OF_ANOTHER_KIND or kinds.intersection(odd.at or ()):
        yield Reach(frozenset({INDEX}), company, names=kinds)


def _streams_of(request: Request) -> frozenset[str]:
    """The streams that ask for such a list: by what it was filtered."""
    if request.path in OF_PATH:
        return frozenset({OF_PATH[request.path]})
    asked = request.query.get("$filter", "")
    by_kind = {
        stream
        for stream, (direction, kind) in KIND.items()
        if f"'{direction}'" in asked and f"'{kind}'" in asked
    }
    if by_kind:
        return frozenset(by_kind)
    if "OrderType" in asked:
        return frozenset({*KIND} if "Paid eq" in asked else {FILES})
    return frozenset({*DETAILS, INDEX, FILES} if "OrderID" in asked else {*KIND, INDEX, FILES})
