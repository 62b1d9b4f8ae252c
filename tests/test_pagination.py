"""Pages of orders, from the last OrderID on; and what is no page."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.api.overlap import OverlapPaginator
from tap_billit.api.pagination import KeysetPaginator, pages
from tap_billit.demo.messages import Reply
from tap_billit.errors import BillitError
from tests.kit.client import client_of
from tests.kit.run import ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_billit.api.paginator import Paginator
    from tap_billit.demo.account import Account
    from tap_billit.demo.messages import Request
    from tap_billit.demo.server import DemoServer
    from tests.kit.run import Json

ORDERS, PARTIES = "/v1/orders", "/v1/parties"


def read(demo: DemoServer, paginator: Paginator) -> list[list[Json]]:
    """The pages of a list of the first company."""
    company = demo.account.companies[0]["PartyID"]
    with client_of(demo) as client:
        return list(pages(client, paginator, company=company))


def answering(demo: DemoServer, path: str, answer: Callable[[Json], Any]) -> None:
    """From now on, what is asked of `path` is answered by a function of the query."""

    def hook(request: Request) -> Reply | None:
        return Reply(body=answer(request.query)) if request.path == path else None

    demo.hooks.append(hook)


def test_a_list_without_an_envelope_is_one_page(demo: DemoServer) -> None:
    answering(demo, PARTIES, lambda _: [{"PartyID": 1}])
    assert read(demo, OverlapPaginator(PARTIES, {}, key="PartyID")) == [[{"PartyID": 1}]]


@pytest.mark.parametrize(
    "body", [{"Items": None, "Count": 2}, {"Value": []}, {"Items": {}}, "text", 7, [1]]
)
def test_json_of_another_shape_is_no_empty_list(body: Any, demo: DemoServer) -> None:
    answering(demo, PARTIES, lambda _: body)
    with pytest.raises(BillitError, match="/v1/parties with JSON that is not a list of Items"):
        read(demo, OverlapPaginator(PARTIES, {}, key="PartyID"))


@pytest.mark.parametrize("key", ["7", 7.0, " 7 ", 7])
def test_the_key_of_an_order_is_a_number_from_then_on(key: Any, demo: DemoServer) -> None:
    answering(demo, ORDERS, lambda _: {"Items": [{"OrderID": key}]})
    [[row]] = read(demo, KeysetPaginator(ORDERS, [], after=None))
    assert row == {"OrderID": 7}
    assert type(row["OrderID"]) is int


def test_orders_are_asked_from_the_last_one_on(demo: DemoServer, account: Account) -> None:
    found = read(demo, KeysetPaginator(ORDERS, [], after=None))
    company = account.companies[0]["PartyID"]
    assert ids(row for page in found for row in page) == ids(account.rows(company))
    lasts = [page[-1]["OrderID"] for page in found[:-1]]
    assert [request.query.get("$filter") for request in demo.requests] == [
        None,
        *(f"OrderID ge {last + 1}" for last in lasts),
    ]
    assert not any("$skip" in r.query or "$top" in r.query for r in demo.requests)


def test_no_change_between_two_pages_hides_an_order(demo: DemoServer, account: Account) -> None:
    company = account.companies[0]["PartyID"]
    before = ids(account.rows(company))

    def change(request: Request) -> None:
        if "$filter" in request.query and before[0] in ids(account.rows(company)):
            account.delete(before[0])
            account.change(before[1], Reference="changed")
            account.create(company, OrderID=before[2] - 1)

    demo.hooks.append(change)
    found = read(demo, KeysetPaginator(ORDERS, [], after=None))
    assert ids(row for page in found for row in page) == before


def test_orders_out_of_order_are_an_error(demo: DemoServer) -> None:
    answering(demo, ORDERS, lambda _: {"Items": [{"OrderID": 5}, {"OrderID": 4}]})
    with pytest.raises(BillitError, match="order 4 after order 5"):
        read(demo, KeysetPaginator(ORDERS, [], after=None))


def test_orders_from_before_the_start_are_an_error(demo: DemoServer) -> None:
    answering(demo, ORDERS, lambda _: {"Items": [{"OrderID": 5}]})
    with pytest.raises(BillitError, match="order 5 after order 5"):
        read(demo, KeysetPaginator(ORDERS, [], after=5))


@pytest.mark.parametrize("order", [None, "A1", 1.5, {}])
def test_an_order_without_a_key_is_an_error(order: Any, demo: DemoServer) -> None:
    answering(demo, ORDERS, lambda _: {"Items": [{"OrderID": order}]})
    with pytest.raises(BillitError, match="OrderID"):
        read(demo, KeysetPaginator(ORDERS, [], after=None))


@pytest.mark.parametrize("odd", [{"Items": []}, {"Items": [], "NextPageLink": ORDERS}])
def test_an_empty_page_where_there_should_be_more_is_asked_again(
    odd: Json, demo: DemoServer, account: Account
) -> None:
    demo.fail(Reply(body=odd), path=ORDERS, skip=1, times=1)
    found = read(demo, KeysetPaginator(ORDERS, [], after=None))
    company = account.companies[0]["PartyID"]
    assert ids(row for page in found for row in page) == ids(account.rows(company))


def test_an_empty_page_is_believed_the_second_time(demo: DemoServer) -> None:
    """All that was behind the first page may be gone."""
    demo.fail(Reply(body={"Items": []}), path=ORDERS, skip=1, times=9)
    assert len(read(demo, KeysetPaginator(ORDERS, [], after=None))) == 1
    assert len(demo.requests) == 3


@pytest.mark.parametrize("count", [7, "7", Decimal("7.0")])
def test_a_page_that_counts_rows_and_lists_none_is_no_end(count: Any, demo: DemoServer) -> None:
    answering(demo, PARTIES, lambda _: {"Items": [], "Count": count})
    with pytest.raises(BillitError, match=r"Billit says that /v1/parties has 7.* rows, and lists"):
        read(demo, OverlapPaginator(PARTIES, {}, key="PartyID"))


@pytest.mark.parametrize("count", [0, "0", None, "?"])
def test_an_empty_list_may_count_none(count: Any, demo: DemoServer) -> None:
    answering(demo, PARTIES, lambda _: {"Items": [], "Count": count})
    assert not read(demo, OverlapPaginator(PARTIES, {}, key="PartyID"))
