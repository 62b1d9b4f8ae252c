"""One request to Billit: what is tried again, how long after, and until when."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from tap_billit.api.client import BillitClient
from tap_billit.api.retry import Patience
from tap_billit.api.session import rate_limited_session, rate_limiter
from tap_billit.auth.api_key import ApiKeyAuth
from tap_billit.demo.messages import Reply
from tap_billit.errors import BillitError, TransientError
from tests.kit.client import client_of
from tests.kit.demo import ACCOUNT, ORDERS

if TYPE_CHECKING:
    from tap_billit.demo.server import DemoServer
    from tests.kit.demo import Clock, Waits


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
        client_of(demo, patience=Patience(0)) as client,
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
        client_of(f"http://127.0.0.1:{port}", patience=Patience(0)) as client,
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
        client_of(demo, timeout=0.1, patience=Patience(0)) as client,
        pytest.raises(TransientError, match=r"could not be reached.*timed? ?out"),
    ):
        client.get(ACCOUNT)


def test_after_the_end_nothing_is_asked(client: BillitClient, demo: DemoServer) -> None:
    client.close()
    with pytest.raises(BillitError, match="nothing is asked any more"):
        client.get(ACCOUNT)
    assert not demo.requests


def test_tries_count_for_the_limit_too(demo: DemoServer, waits: Waits) -> None:
    """More than the limit would have to wait a minute: the end of the run ends that waiting."""
    demo.fail(Reply(503), times=9)
    session = rate_limited_session(rate_limiter(4), user_agent="tests")
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
