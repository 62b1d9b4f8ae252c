"""One request to Billit: what goes over the wire, and what ends the run."""

from __future__ import annotations

import logging
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.api.session import rate_limited_session, rate_limiter
from tap_billit.auth.oauth import OAuth
from tap_billit.auth.token_endpoint import TokenEndpoint
from tap_billit.demo.messages import Reply
from tap_billit.errors import ApiError, BillitError
from tap_billit.tokens.store import open_store
from tests.kit.client import client_of
from tests.kit.demo import ACCOUNT, ORDERS
from tests.kit.sockets import listening

if TYPE_CHECKING:
    from tap_billit.api.client import BillitClient
    from tap_billit.demo.account import Account
    from tap_billit.demo.messages import Request
    from tap_billit.demo.server import DemoServer
    from tests.kit.demo import Clock, Waits


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


def test_a_query_goes_out_as_billit_writes_its_own() -> None:
    query = {
        "$filter": "Reference eq 'Café d''été & co + 1%' and LastModified ge "
        "DateTime'2026-03-01T09:30:00'",
        "$orderby": "CounterParty/PartyID asc,OrderID desc",
    }
    with listening([OK]) as (url, got), client_of(url) as client:
        client.get(ORDERS, query, company=401117)
    request, _, headers = got[0].partition(b"\r\n")
    assert request.decode() == (
        "GET /v1/orders?$filter=Reference%20eq%20'Caf%C3%A9%20d''%C3%A9t%C3%A9%20%26%20co%20%2B"
        "%201%25'%20and%20LastModified%20ge%20DateTime'2026-03-01T09:30:00'"
        "&$orderby=CounterParty/PartyID%20asc,OrderID%20desc HTTP/1.1"
    )
    assert b"PartyID: 401117\r\n" in headers
    assert b"ApiKey: no-key\r\n" in headers


def test_a_request_says_who_asks_and_brings_back_a_cookie() -> None:
    first = OK.replace(b"OK\r\n", b"OK\r\nSet-Cookie: ARRAffinity=1\r\n")
    with listening([first, OK]) as (url, got), client_of(url) as client:
        client.get(ORDERS)
        client.get(ORDERS)
    assert all(b"User-Agent: tests\r\n" in request for request in got)
    assert [b"Cookie: ARRAffinity=1\r\n" in request for request in got] == [False, True]


def test_quotes_reach_billit_as_one_literal(
    client: BillitClient, demo: DemoServer, account: Account
) -> None:
    company = account.companies[0]["PartyID"]
    order = account.create(company, Reference="Café d'été & co + 1%")
    query = {"$filter": "Reference eq 'Café d''été & co + 1%'"}
    (row,) = client.get(ORDERS, query, company=company).body["Items"]
    assert row["OrderID"] == order
    assert demo.requests[0].query == query


def test_numbers_with_a_fraction_are_exact(client: BillitClient, demo: DemoServer) -> None:
    demo.fail(Reply(body=b'{"a": 0.10, "b": 12345678901234567890.10, "c": 1e-7, "d": 3}'))
    body = client.get(ACCOUNT).body
    assert body == {
        "a": Decimal("0.10"),
        "b": Decimal("12345678901234567890.10"),
        "c": Decimal("1e-7"),
        "d": 3,
    }
    assert str(body["a"]) == "0.10"


def test_the_answer_tells_billits_own_time(client: BillitClient, clock: Clock) -> None:
    date = client.get(ACCOUNT).date
    assert date is not None
    assert timedelta(0) <= clock.now - date < timedelta(seconds=5)


REFUSALS = {
    "Billit's envelope": (
        Reply.error(400, "GenericError", "Could not find a property named 'X'"),
        "400 to /v1/orders: GenericError - Could not find a property named 'X'",
    ),
    "a code alone": (Reply.error(401, "ApiKeyNotValid"), r"401 to /v1/orders: ApiKeyNotValid \("),
    "no envelope": (
        Reply(400, {"Code": "GenericError", "Description": "D"}),
        "400 to /v1/orders: GenericError - D",
    ),
    "the framework's message": (
        Reply(404, {"Message": "No HTTP resource was found"}),
        r"404 to /v1/orders: No HTTP resource was found \(check `environment` and `api_url`\)",
    ),
    "HTML": (Reply(403, b"<html>"), r"403 to /v1/orders: Forbidden \(.*licence"),
    "a list": (Reply(409, [1, 2]), "409 to /v1/orders: Conflict"),
    "odd errors": (Reply(400, {"errors": ["x"]}), "400 to /v1/orders: Bad Request"),
    "no text": (Reply(400, b"\xff"), "400 to /v1/orders: Bad Request"),
}


@pytest.mark.parametrize(("reply", "message"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_ends_the_run_with_billits_words(
    reply: Reply, message: str, client: BillitClient, demo: DemoServer, waits: Waits
) -> None:
    demo.fail(reply, times=9)
    with pytest.raises(ApiError, match=message) as caught:
        client.get(ORDERS, {"$filter": "X eq 1"})
    assert caught.value.status == reply.status
    assert len(demo.requests) == 1
    assert not waits.seconds


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(
    status: int, client: BillitClient, demo: DemoServer, account: Account
) -> None:
    with listening([]) as (url, got):
        demo.fail(Reply(status, b"", {"Location": f"{url}/v1/orders"}))
        with pytest.raises(ApiError, match=rf"{status} to /v1/orders.*redirects are not followed"):
            client.get(ORDERS, company=account.companies[0]["PartyID"])
    assert not got
    assert len(demo.requests) == 1


def test_an_answer_that_never_ends_is_not_read_into_memory(
    client: BillitClient, demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_billit.api.client.LARGEST", 1000)
    demo.fail(Reply(body=b" " * 100_000))
    with pytest.raises(BillitError, match="is larger than"):
        client.get(ACCOUNT)


def test_a_token_that_expires_early_is_renewed_in_passing(
    demo: DemoServer, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    first = demo.issue_refresh_token()
    login = OAuth(
        endpoint=TokenEndpoint(
            f"{demo.url}/OAuth2/token",
            client_id=demo.client_id,
            client_secret=demo.client_secret,
            session=rate_limited_session(rate_limiter(1000), user_agent="tests"),
            timeout=5,
        ),
        refresh_token=first,
        store=open_store(str(tmp_path / "t.json"), environment="sandbox", client_id=demo.client_id),
    )
    seen: set[str] = set()

    def note(request: Request) -> None:
        seen.add(request.header("Authorization").removeprefix("Bearer "))

    demo.hooks.append(note)
    with client_of(demo, login) as client:
        assert client.get(ACCOUNT).body["Companies"]
        demo.expire_access_tokens()
        assert client.get(ACCOUNT).body["Companies"]
    assert (demo.refreshes, demo.spent_token_attempts) == (2, 0)
    login.endpoint.session.close()
    assert "urllib3" in caplog.text
    for secret in {*seen, first, demo.client_secret}:
        assert secret not in caplog.text
