"""The demo's companies and lists: who may read what, links, filters, files."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.kit.browser import Client, codes, company_ids

if TYPE_CHECKING:
    from tap_billit.demo import DemoServer


def test_account_information(client: Client, server: DemoServer) -> None:
    answer = client.get("/v1/account/accountInformation").json()
    assert [company["PartyID"] for company in answer["Companies"]] == company_ids(server)
    assert answer["UserCompanyRoles"]


def test_the_header_selects_the_company(client: Client, server: DemoServer) -> None:
    first, second, _ = company_ids(server)
    for party, expected in ((None, first), (first, first), (second, second)):
        items = client.get("/v1/orders", party=party).json()["Items"]
        assert {row["CompanyID"] for row in items} == {expected}


def test_foreign_records_are_401(client: Client, server: DemoServer) -> None:
    first, second, _ = company_ids(server)
    order = server.account.rows(second)[0]
    assert client.get(f"/v1/orders/{order['OrderID']}", party=second).ok
    for path, party in (
        ("/v1/orders", 1),
        ("/v1/orders", "x"),
        (f"/v1/orders/{order['OrderID']}", first),
        (f"/v1/files/{order['OrderPDF']['FileID']}", first),
    ):
        answer = client.get(path, party=party)
        assert codes(answer) == (401, ["NotAuthorized"])
        assert answer.json()["errors"][0]["Description"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders/1",
        "/v1/orders/x",
        "/v1/parties/1",
        "/v1/files/x",
        "/v1/files/57eade47-0000-4000-8000-000000000000",
        "/v1/nothing",
        "/nothing",
    ],
)
def test_unknown_is_404(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_nothing_is_written(client: Client, server: DemoServer) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = client.session.request(method, f"{server.url}/v1/orders", timeout=10)
        assert answer.status_code == 405


def test_links_lead_through_all_rows(client: Client, server: DemoServer) -> None:
    first = company_ids(server)[0]
    url, found, pages = "/v1/orders", [], 0
    while url:
        answer = client.get(url).json()
        assert answer.keys() <= {"Items", "NextPageLink"}
        assert len(answer["Items"]) <= 120
        found += [row["OrderID"] for row in answer["Items"]]
        url, pages = answer.get("NextPageLink"), pages + 1
    assert found == [row["OrderID"] for row in server.account.rows(first)]
    assert pages == -(-len(found) // 120) > 2


def test_the_link_keeps_the_query(client: Client, server: DemoServer) -> None:
    text = "LastModified ge DateTime'2023-01-01T10:00:00.5' and OrderNumber ne 'a&b+c'"
    answer = client.get("/v1/orders", _filter=text, x="1", _skip=5, _orderby="OrderID asc").json()
    link = urlsplit(answer["NextPageLink"])
    assert f"{link.scheme}://{link.netloc}" == server.url
    assert "+" not in link.query
    assert parse_qsl(link.query) == [
        ("$filter", text),
        ("x", "1"),
        ("$orderby", "OrderID asc"),
        ("$skip", "125"),
    ]


def test_top_and_the_link(client: Client) -> None:
    for top, expected in ((5, 5), (120, 120), (500, 120)):
        answer = client.get("/v1/orders", _top=top).json()
        assert len(answer["Items"]) == expected
        assert ("NextPageLink" in answer) == (top > 120)
    assert "$top=380" in answer["NextPageLink"]


def test_count_only_when_asked_for(client: Client, server: DemoServer) -> None:
    answer = client.get("/v1/orders", _inlinecount="allpages").json()
    assert answer["Count"] == len(server.account.rows(company_ids(server)[0]))


def test_an_unfilterable_property_is_400(client: Client) -> None:
    answer = client.get("/v1/orders", _filter="VATNumber eq 'x'")
    assert answer.status_code == 400
    assert answer.json() == {
        "errors": [
            {
                "Code": "GenericError",
                "Description": "Could not find a property named 'VATNumber' on type "
                "'Domain.Order.OrderPartyPerformanceSafeColumns'.",
            }
        ]
    }


def test_amounts_keep_their_digits(client: Client) -> None:
    row = client.get("/v1/orders", _top=1)
    assert re.search(r'"FXRateToForeign":\d\.\d{5}[,}]', row.text)
    assert re.search(r'"TotalIncl":\d+\.\d\d[,}]', row.text)
    order_id = row.json()["Items"][0]["OrderID"]
    answer = client.get(f"/v1/orders/{order_id}")
    assert re.search(r'"Quantity":\d+\.\d{5}[,}]', answer.text)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_deleted_orders(client: Client, server: DemoServer) -> None:
    first = company_ids(server)[0]
    deleted = client.get("/v1/orders/deleted").json()["Items"]
    live = {row["OrderID"] for row in server.account.rows(first)}
    assert deleted
    assert not live & {row["OrderID"] for row in deleted}
    assert client.get(f"/v1/orders/{deleted[0]['OrderID']}").status_code == 404


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("parties", "PartyID"),
        ("products", "ProductID"),
        ("documents", "DocumentID"),
        ("financialTransactions", "BankAccountTransactionID"),
    ],
)
def test_other_lists(client: Client, path: str, key: str) -> None:
    item = client.get(f"/v1/{path}").json()["Items"][0]
    assert client.get(f"/v1/{path}/{item[key]}").json() == item


def test_parties_and_products_by_last_modified(client: Client) -> None:
    for path in ("parties", "products"):
        items = client.get(f"/v1/{path}", _orderby="LastModified desc").json()["Items"]
        stamps = [row["LastModified"] for row in items]
        assert stamps == sorted(stamps, reverse=True)
        middle = stamps[len(stamps) // 2]
        answer = client.get(f"/v1/{path}", _filter=f"LastModified ge DateTime'{middle}'")
        assert 0 < len(answer.json()["Items"]) < len(items)
    answer = client.get("/v1/parties", _filter="PartyType eq 'Supplier'").json()
    assert {row["PartyType"] for row in answer["Items"]} == {"Supplier"}


def test_files(client: Client) -> None:
    rows = client.get("/v1/orders", _filter="OrderDirection eq 'Cost' and OrderType eq 'Invoice'")
    order = client.get(f"/v1/orders/{rows.json()['Items'][0]['OrderID']}").json()
    document = client.get("/v1/documents").json()["Items"][0]
    for head, mime_type, magic in (
        (order["OrderPDF"], "application/pdf", b"%PDF-"),
        (order["Attachments"][0], "application/xml", b"<?xml"),
        (document["File"], "application/pdf", b"%PDF-"),
    ):
        file = client.get(f"/v1/files/{head['FileID']}").json()
        assert {key: file[key] for key in head} == head
        assert file["MimeType"] == mime_type
        assert base64.b64decode(file["FileContent"], validate=True).startswith(magic)
