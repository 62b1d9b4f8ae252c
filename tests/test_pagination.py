"""Following Billit's NextPageLink, and doing without its offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.api.pagination import KeysetPaginator, NextPageLinkPaginator, pages
from tap_billit.demo.messages import Reply
from tap_billit.errors import BillitError
from tests.kit.client import client_of
from tests.kit.run import ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_billit.demo.account import Account
    from tap_billit.demo.messages import Request
    from tap_billit.demo.server import DemoServer
    from tests.kit.run import Json, Runner

ORDERS, PARTIES = "/v1/orders", "/v1/parties"


def read(demo: DemoServer, paginator: NextPageLinkPaginator) -> list[list[Json]]:
    """The pages of a list of the first company."""
    company = demo.account.companies[0]["PartyID"]
    with client_of(demo) as client:
        return list(pages(client, paginator, company=company))


def answering(demo: DemoServer, path: str, answer: Callable[[Json], Any]) -> None:
    """From now on, what is asked of `path` is answered by a function of the query."""

    def hook(request: Request) -> Reply | None:
        return Reply(body=answer(request.query)) if request.path == path else None

    demo.hooks.append(hook)


LINKS = {
    "absolute": "{url}/v1/parties?$skip=1&$orderby=LastModified%20desc",
    "relative": "/v1/parties?%24skip=1&%24orderby=LastModified+desc",
    "another host and scheme": "https://evil.example/v1/parties?$skip=1&$orderby=LastModified desc",
    "another port": "http://billit.internal:8080/v1/parties?%24orderby=LastModified%20desc&$skip=1",
    "another case": "{url}/V1/Parties?$skip=1&$orderby=LastModified%20desc",
    "a prefix of a proxy": "http://proxy.example/billit/v1/parties?$skip=1"
    "&$orderby=LastModified%20desc",
}


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_a_link_gives_its_query_to_our_own_address(link: str, demo: DemoServer) -> None:
    def answer(query: Json) -> Json:
        if "$skip" in query:
            return {"Items": [{"PartyID": 2}]}
        return {"Items": [{"PartyID": 1}], "NextPageLink": link.format(url=demo.url)}

    answering(demo, PARTIES, answer)
    paginator = NextPageLinkPaginator(PARTIES, {"$orderby": "LastModified desc"})
    assert read(demo, paginator) == [[{"PartyID": 1}], [{"PartyID": 2}]]
    assert [request.path for request in demo.requests] == [PARTIES, PARTIES]
    assert demo.requests[1].query == {"$skip": "1", "$orderby": "LastModified desc"}


def test_the_whole_query_of_the_link_takes_the_place_of_ours(demo: DemoServer) -> None:
    def answer(query: Json) -> Json:
        link = "/v1/parties?$skiptoken=a%2Bb%26c&empty="
        return {"Items": [{"PartyID": len(query)}]} | (
            {} if "$skiptoken" in query else {"NextPageLink": link}
        )

    answering(demo, PARTIES, answer)
    read(demo, NextPageLinkPaginator(PARTIES, {"$filter": "PartyType eq 'Customer'"}))
    assert demo.requests[1].query == {"$skiptoken": "a+b&c", "empty": ""}


@pytest.mark.parametrize(
    "link", ["{url}/v1/orders?$skip=1", "https://evil.example/steal", "javascript:alert(1)"]
)
def test_a_link_to_another_path_is_not_followed(link: str, demo: DemoServer) -> None:
    page = {"Items": [{"PartyID": 1}], "NextPageLink": link.format(url=demo.url)}
    answering(demo, PARTIES, lambda _: page)
    with pytest.raises(BillitError, match=r"leads from /v1/parties to .*: it is not followed"):
        read(demo, NextPageLinkPaginator(PARTIES, {}))
    assert [request.path for request in demo.requests] == [PARTIES]


def test_a_link_that_repeats_is_an_error_and_no_endless_loop(demo: DemoServer) -> None:
    """Even where the rows are new each time."""

    def answer(query: Json) -> Json:
        step = {"": "1", "1": "2", "2": "1"}[query.get("$skip", "")]
        row = {"PartyID": len(demo.requests)}
        return {"Items": [row], "NextPageLink": f"/v1/parties?$skip={step}"}

    answering(demo, PARTIES, answer)
    with pytest.raises(BillitError, match=r"NextPageLink for /v1/parties repeats: \$skip=1"):
        read(demo, NextPageLinkPaginator(PARTIES, {}))
    assert len(demo.requests) == 3


def test_links_that_are_new_but_lead_to_the_same_rows_are_an_error(demo: DemoServer) -> None:
    def answer(query: Json) -> Json:
        step = int(query.get("$skip", "0")) + 1
        return {"Items": [{"PartyID": 7}], "NextPageLink": f"/v1/parties?$skip={step}"}

    answering(demo, PARTIES, answer)
    with pytest.raises(BillitError, match="same page"):
        read(demo, NextPageLinkPaginator(PARTIES, {}))


def test_an_empty_page_with_a_link_is_passed(demo: DemoServer) -> None:
    def answer(query: Json) -> Json:
        place = int(query.get("$skip", "0"))
        more = {"NextPageLink": f"/v1/parties?$skip={place + 1}"} if place < 3 else {}
        return {"Items": [] if place in {0, 2} else [{"PartyID": place}]} | more

    answering(demo, PARTIES, answer)
    found = read(demo, NextPageLinkPaginator(PARTIES, {}))
    assert found == [[{"PartyID": 1}], [{"PartyID": 3}]]


def test_a_list_without_an_envelope_is_one_page(demo: DemoServer) -> None:
    answering(demo, PARTIES, lambda _: [{"PartyID": 1}])
    assert read(demo, NextPageLinkPaginator(PARTIES, {})) == [[{"PartyID": 1}]]


@pytest.mark.parametrize(
    "body", [{"Items": None, "Count": 2}, {"Value": []}, {"Items": {}}, "text", 7, [1]]
)
def test_json_of_another_shape_is_no_empty_list(body: Any, demo: DemoServer) -> None:
    answering(demo, PARTIES, lambda _: body)
    with pytest.raises(BillitError, match="/v1/parties with JSON that is not a list of Items"):
        read(demo, NextPageLinkPaginator(PARTIES, {}))


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


def test_an_empty_page_of_orders_with_a_link_is_passed(demo: DemoServer) -> None:
    def answer(query: Json) -> Json:
        if "$skip" in query:
            return {"Items": [{"OrderID": 9}]}
        link = "/v1/orders?$orderby=OrderID asc&$skip=120"
        return {"Items": [], "NextPageLink": link}

    answering(demo, ORDERS, answer)
    assert read(demo, KeysetPaginator(ORDERS, [], after=None)) == [[{"OrderID": 9}]]


def test_lists_without_a_filter_follow_the_link(run: Runner, account: Account) -> None:
    result = run("parties", "documents")
    company = account.companies[0]["PartyID"]
    for stream in ("parties", "documents"):
        queries = result.queries(f"/v1/{stream}", company)
        assert [query["$skip"] for query in queries if "$skip" in query] == [
            str(10 * page) for page in range(1, len(queries) - (stream == "parties"))
        ]
    assert result.queries("/v1/parties", company)[1] == {"$orderby": "LastModified desc"}
