"""The demo's server, over real sockets: log in, list, page, fail."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
import requests

from tap_billit.demo import Account, DemoServer, Reply, Request
from tap_billit.demo.server import main

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 10, 1, 8, tzinfo=timezone.utc)
CALLBACK = "http://localhost:8888/callback"


class Client:
    """A session that has logged in."""

    def __init__(self, server: DemoServer) -> None:
        self.server, self.session = server, requests.Session()
        self.session.headers["Authorization"] = f"Bearer {server.issue_access_token()}"

    def get(self, path: str, *, party: int | str | None = None, **query: Any) -> requests.Response:
        headers = {} if party is None else {"partyID": str(party)}
        params = {key.replace("_", "$", 1): value for key, value in query.items()}
        url = path if path.startswith("http") else self.server.url + path
        return self.session.get(url, params=params, headers=headers, timeout=10)


@pytest.fixture
def clock() -> list[datetime]:
    return [NOW]


@pytest.fixture
def server(clock: list[datetime]) -> Iterator[DemoServer]:
    with DemoServer(Account(clock=lambda: clock[0])) as server:
        yield server


@pytest.fixture
def client(server: DemoServer) -> Iterator[Client]:
    client = Client(server)
    with client.session:
        yield client


def company_ids(server: DemoServer) -> list[int]:
    return [company["PartyID"] for company in server.account.companies]


def token(
    server: DemoServer, body: dict[str, str], *, basic: bool = False, both: bool = False
) -> requests.Response:
    client = {"client_id": server.client_id, "client_secret": server.client_secret}
    return requests.post(
        f"{server.url}/OAuth2/token",
        json={**({} if basic else client), **body},
        auth=(server.client_id, server.client_secret) if basic or both else None,
        timeout=10,
    )


def refresh(server: DemoServer, refresh_token: str, **how: bool) -> requests.Response:
    return token(server, {"grant_type": "refresh_token", "refresh_token": refresh_token}, **how)


def codes(response: requests.Response) -> tuple[int, list[str]]:
    return response.status_code, [error["Code"] for error in response.json()["errors"]]


# Logging in


def test_a_refresh_token_works_once(server: DemoServer) -> None:
    first = server.issue_refresh_token()
    answer = refresh(server, first, basic=True).json()
    assert answer.keys() == {"token_type", "expires_in", "access_token", "refresh_token"}
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
    assert refresh(server, first).status_code == 400
    assert (server.refreshes, server.spent_token_attempts) == (1, 1)
    assert server.live_refresh_tokens == 1
    assert refresh(server, answer["refresh_token"]).ok
    assert server.live_refresh_tokens == 1


def test_the_client_is_given_once(server: DemoServer) -> None:
    refresh_token = server.issue_refresh_token()
    answer = refresh(server, refresh_token, both=True)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert refresh(server, refresh_token).ok


def test_a_wrong_secret_spends_nothing(server: DemoServer) -> None:
    refresh_token = server.issue_refresh_token()
    for auth in ((server.client_id, "wrong"), None):
        answer = requests.post(
            f"{server.url}/OAuth2/token",
            json={"grant_type": "refresh_token", "refresh_token": refresh_token},
            auth=auth,
            timeout=10,
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert refresh(server, refresh_token).ok


@pytest.mark.parametrize("body", [b"grant_type=refresh_token", b"[]"])
def test_the_token_body_is_a_json_object(server: DemoServer, body: bytes) -> None:
    answer = requests.post(f"{server.url}/OAuth2/token", data=body, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_client_credentials_are_not_served(server: DemoServer) -> None:
    answer = token(server, {"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def logon(server: DemoServer, **query: str) -> requests.Response:
    query = {"client_id": server.client_id, "redirect_uri": CALLBACK} | query
    return requests.get(
        f"{server.url}/Account/Logon", params=query, allow_redirects=False, timeout=10
    )


def redirected(response: requests.Response) -> dict[str, str]:
    assert response.status_code == 302
    assert response.headers["Location"].startswith(f"{CALLBACK}?")
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))


def test_authorization_code(server: DemoServer, clock: list[datetime]) -> None:
    back = redirected(logon(server, approve="1", state="s 1"))
    assert back["state"] == "s 1"
    grant = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": CALLBACK}
    assert token(server, grant, basic=True).status_code == 400
    assert token(server, grant).ok
    assert token(server, grant).json()["error"] == "invalid_grant"
    late = redirected(logon(server, approve="1"))["code"]
    clock[0] += timedelta(minutes=10)
    assert token(server, grant | {"code": late}).status_code == 400
    other = redirected(logon(server, approve="1"))["code"]
    answer = token(server, grant | {"code": other, "redirect_uri": "https://example.com/x"})
    assert answer.status_code == 400


def test_the_login_page(server: DemoServer) -> None:
    page = logon(server, state='"&')
    action = re.search(r'action="([^"]+)"', page.text)
    assert page.ok
    assert action
    url = server.url + action[1].replace("&amp;", "&")
    for decision, key in (("approve", "code"), ("deny", "error")):
        answer = requests.post(url, data={"decision": decision}, allow_redirects=False, timeout=10)
        assert redirected(answer).keys() == {key, "state"}
        assert redirected(answer)["state"] == '"&'
    for wrong in ({"redirect_uri": "https://evil.example"}, {"response_type": "code"}):
        answer = logon(server, **wrong)
        assert (answer.status_code, answer.text) == (400, "Ongeldig OAuth2 request")


def test_access_tokens_end(client: Client, server: DemoServer, clock: list[datetime]) -> None:
    path = "/v1/account/accountInformation"
    assert client.get(path).ok
    clock[0] += timedelta(seconds=3600)
    assert client.get(path).json() == {"errors": [{"Code": "AccessTokenExpired"}]}
    fresh = Client(server)
    with fresh.session:
        assert fresh.get(path).ok
        server.expire_access_tokens()
        assert codes(fresh.get(path)) == (401, ["AccessTokenExpired"])
        server.revoke()
        assert codes(fresh.get(path)) == (401, ["AccessTokenRevoked"])
        assert server.live_refresh_tokens == 0
        fresh.session.headers["Authorization"] = "Bearer nonsense"
        assert codes(fresh.get(path)) == (401, ["InvalidAccessToken"])


def test_revoke(client: Client, server: DemoServer) -> None:
    assert client.session.post(f"{server.url}/OAuth2/revoke", timeout=10).json() is True
    assert codes(client.get("/v1/orders")) == (401, ["AccessTokenRevoked"])
    answer = client.session.post(f"{server.url}/OAuth2/revoke", timeout=10)
    assert codes(answer) == (401, ["AccessTokenRevoked"])


def test_api_key(server: DemoServer) -> None:
    url = f"{server.url}/v1/orders"
    assert requests.get(url, headers={"apikey": server.api_key}, timeout=10).ok
    wrong = requests.get(url, headers={"ApiKey": "wrong"}, timeout=10)
    assert codes(wrong) == (401, ["ApiKeyNotValid"])


# Companies


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


# Lists


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


# The machinery


def test_the_date_header_is_the_accounts_time(client: Client, clock: list[datetime]) -> None:
    assert parsedate_to_datetime(client.get("/v1/orders").headers["Date"]) == NOW
    clock[0] += timedelta(days=400)
    answer = client.get("/v1/nothing")
    assert parsedate_to_datetime(answer.headers["Date"]) == clock[0]


def test_rate_limit() -> None:
    moments = [100.0]
    account = Account(companies=1, orders=0)
    with DemoServer(account, requests_per_minute=2, monotonic=lambda: moments[0]) as server:
        client = Client(server)
        with client.session:
            assert client.get("/v1/orders").ok
            moments[0] += 20.5
            assert client.get("/v1/orders").ok
            refused = client.get("/v1/orders")
            assert codes(refused) == (429, ["TooManyRequests"])
            assert refused.headers["Retry-After"] == "40"
            assert refresh(server, server.issue_refresh_token()).ok
            moments[0] += 40
            assert client.get("/v1/orders").ok
            assert client.get("/v1/orders").status_code == 429


def test_hooks_may_change_the_account(client: Client, server: DemoServer) -> None:
    seen = []

    def hook(request: Request) -> None:
        seen.append((request.method, request.path, request.header("authorization")[:6]))
        server.account.create(company_ids(server)[0], TotalIncl=Decimal("7.07"))

    server.hooks.append(hook)
    newest = client.get("/v1/orders", _orderby="OrderID desc", _top=1).json()["Items"][0]
    assert newest["TotalIncl"] == 7.07
    assert seen == [("GET", "/v1/orders", "Bearer")]


def test_hooks_may_answer(client: Client, server: DemoServer) -> None:
    server.hooks.append(
        lambda request: (
            Reply(503, b"<html>", {"Retry-After": "7"}) if "$top" in request.query else None
        )
    )
    answer = client.get("/v1/orders", _top=1)
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (503, "<html>", "7")
    assert client.get("/v1/orders").ok


def test_fail_counts_and_looks_at_the_path(client: Client, server: DemoServer) -> None:
    server.fail(Reply.error(500, "GenericError"), times=2, path="/v1/orders")
    statuses = [
        client.get(path).status_code
        for path in ("/v1/parties", "/v1/orders", "/v1/orders", "/v1/orders")
    ]
    assert statuses == [200, 500, 500, 200]


@pytest.mark.parametrize("cut", ["close", "reset", "short"])
def test_broken_answers(client: Client, server: DemoServer, cut: Any) -> None:
    server.fail(Reply(cut=cut))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.get("/v1/orders")
    assert client.get("/v1/orders").ok


def test_delay() -> None:
    with DemoServer(Account(companies=1, orders=0)) as server:
        server.fail(Reply(delay=30))
        client = Client(server)
        with client.session, pytest.raises(requests.ReadTimeout):
            client.session.get(f"{server.url}/v1/orders", timeout=0.05)


def test_requests_are_recorded_without_secrets(client: Client, server: DemoServer) -> None:
    client.get("/v1/orders", party=company_ids(server)[1], _top=1)
    client.get("/v1/nothing")
    refresh_token = server.issue_refresh_token()
    refresh(server, refresh_token, basic=True)
    requests.get(f"{server.url}/v1/orders", headers={"ApiKey": server.api_key}, timeout=10)
    assert [(r.method, r.path, r.query, r.party_id, r.status) for r in server.requests] == [
        ("GET", "/v1/orders", {"$top": "1"}, str(company_ids(server)[1]), 200),
        ("GET", "/v1/nothing", {}, None, 404),
        ("POST", "/OAuth2/token", {}, None, 200),
        ("GET", "/v1/orders", {}, None, 200),
    ]
    assert [r.header("Authorization") for r in server.requests[:3]] == ["Bearer", "Bearer", "Basic"]
    told = repr([vars(record) for record in server.requests])
    bearer = str(client.session.headers["Authorization"]).removeprefix("Bearer ")
    for secret in (refresh_token, bearer, server.client_secret, server.api_key):
        assert secret not in told


def test_credentials_follow_from_the_seed() -> None:
    one, same, other = (DemoServer(Account(seed=seed, orders=0)) for seed in (1, 1, 2))
    for server in (one, same, other):
        server.stop()
    assert (one.client_id, one.client_secret, one.api_key) == (
        same.client_id,
        same.client_secret,
        same.api_key,
    )
    assert one.client_id != other.client_id


def test_a_stopped_server_answers_no_more(server: DemoServer) -> None:
    client = Client(server)
    with client.session:
        assert client.get("/v1/orders").ok
        server.stop()
        with pytest.raises(requests.ConnectionError):
            client.get("/v1/orders")


def test_a_taken_port_is_told(server: DemoServer, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--port", server.url.rpartition(":")[2], "--orders", "0"])
    assert "--port 0" in capsys.readouterr().err


def test_a_hook_that_fails_is_told(
    client: Client, server: DemoServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.hooks.append(lambda _: 1 // 0)  # type: ignore[arg-type, return-value]
    with pytest.raises(requests.ConnectionError):
        client.get("/v1/orders")
    server.stop()
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    answered = []

    def wait(_seconds: float) -> bool:
        text = capsys.readouterr().out
        config = msgspec.json.decode(text[text.index("{") :])
        for _ in range(2):
            body = {"grant_type": "refresh_token", **config}
            url = body.pop("api_url")
            answered.append(requests.post(f"{url}/OAuth2/token", json=body, timeout=10).status_code)
        assert "PartyID 401117" in text
        return True

    class Stop:
        def set(self) -> None: ...

        def wait(self, seconds: float) -> bool:
            return wait(seconds)

    monkeypatch.setattr("tap_billit.demo.server.stop_signal", Stop)
    main(["--port", "0", "--orders", "30", "--days-ahead", "2"])
    assert answered == [200, 400]
