"""The demo's server itself: its limit, hooks, failures, records, and the command."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
import pytest
import requests

from tap_billit.demo import Account, DemoServer, Reply, Request
from tap_billit.demo.command import main
from tests.kit.browser import NOW, Client, codes, company_ids, refresh


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

    monkeypatch.setattr("tap_billit.demo.command.stop_signal", Stop)
    main(["--port", "0", "--orders", "30", "--days-ahead", "2"])
    assert answered == [200, 400]
