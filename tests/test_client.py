"""One request to Billit: what goes over the wire, what is tried again, what ends the run."""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.api.client import BillitClient
from tap_billit.api.rate_limit import rate_limited_session
from tap_billit.auth.api_key import ApiKeyAuth
from tap_billit.auth.oauth import OAuth
from tap_billit.auth.token_store import open_store
from tap_billit.demo.messages import Reply
from tap_billit.errors import ApiError, BillitError, TransientError
from tests.kit.demo import ACCOUNT, ORDERS
from tests.kit.sockets import listening

if TYPE_CHECKING:
    from collections.abc import Generator

    from tap_billit.auth.base import Auth
    from tap_billit.demo.account import Account
    from tap_billit.demo.messages import Request
    from tap_billit.demo.server import DemoServer
    from tests.kit.demo import Clock, Waits


@contextmanager
def client_of(
    demo: DemoServer | str, login: Auth | None = None, **options: Any
) -> Generator[BillitClient, None, None]:
    url = demo if isinstance(demo, str) else demo.url
    key = "no-key" if isinstance(demo, str) else demo.api_key
    client = BillitClient(
        base_url=url,
        auth=login or ApiKeyAuth(key),
        session=rate_limited_session(requests_per_minute=100_000, user_agent="tests"),
        **{"timeout": 5, **options},
    )
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def client(demo: DemoServer) -> Generator[BillitClient, None, None]:
    with client_of(demo) as client:
        yield client


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


PASSING = {
    "429": Reply.error(429, "TooManyRequests", "Te veel aanvragen"),
    "500": Reply(500, b"<html>oops</html>", {"Content-Type": "text/html"}),
    "502": Reply(502, b""),
    "503": Reply.error(503, "Maintenance"),
    "408": Reply(408, b""),
    "reset": Reply(cut="reset"),
    "closed": Reply(cut="close"),
    "truncated": Reply(cut="short"),
    "HTML": Reply(200, b"<html>Maintenance</html>", {"Content-Type": "text/html"}),
    "half of JSON": Reply(200, b'{"Companies": ['),
    "no text": Reply(200, b"\xff\xfe\x00"),
    "nothing": Reply(200, b""),
}


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING)
def test_what_may_pass_is_tried_again(
    reply: Reply, client: BillitClient, demo: DemoServer, waits: Waits
) -> None:
    demo.fail(reply, times=4)
    assert client.get(ACCOUNT).body["Companies"]
    assert len(demo.requests) == 5
    for wait, longest in zip(waits.seconds, (2, 4, 8, 16), strict=True):
        assert longest / 2 <= wait <= longest


def test_the_waits_grow_to_a_minute_and_no_further(
    client: BillitClient, demo: DemoServer, waits: Waits
) -> None:
    demo.fail(Reply(503), times=12)
    client.get(ACCOUNT)
    assert all(30 <= wait <= 60 for wait in waits.seconds[6:])
    assert len(set(waits.seconds)) == 12


@pytest.mark.parametrize(
    ("header", "wait"),
    [("17", 17), ("0", 1), ("Thu, 01 Oct 2026 12:00:25 GMT", 25), ("in 2020", None)],
)
def test_billit_says_how_long_to_wait(
    header: str, wait: float | None, client: BillitClient, demo: DemoServer, waits: Waits
) -> None:
    demo.fail(Reply(429, b"", {"Retry-After": header}))
    client.get(ACCOUNT)
    assert waits.seconds == [pytest.approx(wait if wait is not None else waits.seconds[0])]
    assert wait is not None or 1 <= waits.seconds[0] <= 2


def test_a_date_to_wait_for_counts_from_billits_clock(
    client: BillitClient, demo: DemoServer, waits: Waits, clock: Clock
) -> None:
    """This machine's clock may be wrong; the demo's is not now in any case."""
    until = format_datetime(clock.now + timedelta(seconds=40), usegmt=True)
    demo.fail(Reply(503, b"", {"Retry-After": until}))
    client.get(ACCOUNT)
    assert waits.seconds == [40]


def test_a_server_that_stays_down_ends_the_run(
    demo: DemoServer, caplog: pytest.LogCaptureFixture
) -> None:
    demo.fail(Reply.error(503, "Maintenance", "Even geduld"), times=9)
    with (
        client_of(demo, patience=0) as client,
        pytest.raises(
            TransientError,
            match=r"503 to /v1/account/accountInformation: Maintenance - Even geduld",
        ),
    ):
        client.get(ACCOUNT)
    assert len(demo.requests) == 1
    assert "retry_minutes" in caplog.text


def test_a_server_that_is_not_there_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with (
        client_of(f"http://127.0.0.1:{port}", patience=0) as client,
        pytest.raises(TransientError, match=rf"http://127.0.0.1:{port}/v1/orders: .*refused"),
    ):
        client.get(ORDERS, {"$filter": "OrderID ge 1"})
    assert caplog.text


@pytest.mark.parametrize("address", ["api.billit.be", "ftp://api.billit.be", "http://"])
def test_an_address_that_cannot_be_asked_is_not_tried_again(address: str, waits: Waits) -> None:
    with client_of(address) as client, pytest.raises(BillitError, match="check `api_url`"):
        client.get(ACCOUNT)
    assert not waits.seconds


def test_an_answer_that_does_not_come_is_given_up(demo: DemoServer) -> None:
    demo.fail(Reply(delay=3))
    with (
        client_of(demo, timeout=0.1, patience=0) as client,
        pytest.raises(TransientError, match=r"could not be reached.*timed? ?out"),
    ):
        client.get(ACCOUNT)


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
        token_url=f"{demo.url}/OAuth2/token",
        client_id=demo.client_id,
        client_secret=demo.client_secret,
        refresh_token=first,
        store=open_store(str(tmp_path / "t.json"), environment="sandbox", client_id=demo.client_id),
        session=rate_limited_session(requests_per_minute=1000, user_agent="tests"),
        timeout=5,
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
    login._endpoint._session.close()
    assert "urllib3" in caplog.text
    for secret in {*seen, first, demo.client_secret}:
        assert secret not in caplog.text


def test_after_the_end_nothing_is_asked(client: BillitClient, demo: DemoServer) -> None:
    client.close()
    with pytest.raises(BillitError, match="nothing is asked any more"):
        client.get(ACCOUNT)
    assert not demo.requests


def test_tries_count_for_the_limit_too(demo: DemoServer, waits: Waits) -> None:
    """More than the limit would have to wait a minute: the end of the run ends that waiting."""
    demo.fail(Reply(503), times=9)
    session = rate_limited_session(requests_per_minute=4, user_agent="tests")
    client = BillitClient(
        base_url=demo.url, auth=ApiKeyAuth(demo.api_key), session=session, timeout=5
    )
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            client.get(ACCOUNT)
        except BillitError as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(0.3)
    assert thread.is_alive()
    client.close()
    thread.join(5)
    assert not thread.is_alive()
    assert len(demo.requests) == len(waits.seconds) == 4
    assert "over" in str(failures[0])
