"""Logging in to the demo: tokens, the login page, the API key."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.kit.browser import CALLBACK, Client, codes, refresh, token

if TYPE_CHECKING:
    from tap_billit.demo import DemoServer


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
