"""What passes by itself is tried again and costs nothing but time, in whole runs."""

from __future__ import annotations

import gzip
import re
from contextlib import ExitStack
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import Mock

import pytest

from tap_billit.api.retry import Patience, retrying
from tap_billit.demo import DemoServer, Reply
from tap_billit.errors import TransientError
from tests.kit.comparison import DETAILS, ROWS, check_resumed, retries, run_without_faults
from tests.kit.demo import ALWAYS, NOW, ORDERS, TOKEN, account, error, oauth
from tests.kit.run import sync

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.demo import Waits


PATIENCE = 15 * 60


class Stumble(NamedTuple):
    """A reply that is tried again: what the log says, and the waits that it asks for, if any."""

    reply: Reply
    says: str
    asks: float | None = None


def at(seconds: float) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


LATER = "Te veel aanvragen"

GZIP = {"Content-Encoding": "gzip"}

STUMBLES = {
    "408": Stumble(error(408, "Timeout"), "answered 408 to /v1/orders: Timeout"),
    "429": Stumble(error(429, "Busy", LATER), f"answered 429 to /v1/orders: Busy - {LATER}"),
    "429 seconds": Stumble(error(429, "Busy", Retry_After="7"), "429", asks=7),
    "429 date": Stumble(error(429, "Busy", Retry_After=at(42)), "429", asks=42),
    "429 date gone by": Stumble(error(429, "Busy", Retry_After=at(-9)), "429", asks=1),
    "429 zero": Stumble(error(429, "Busy", Retry_After="0"), "429", asks=1),
    "429 nonsense": Stumble(error(429, "Busy", Retry_After="soon"), "429"),
    "429 negative": Stumble(error(429, "Busy", Retry_After="-5"), "429"),
    "500": Stumble(error(500, "GenericError", "Fout"), "500 to /v1/orders: GenericError - Fout"),
    "501": Stumble(Reply(501, b""), "answered 501 to /v1/orders: Not Implemented"),
    "502": Stumble(Reply(502, b"<html>Bad gateway</html>"), "502 to /v1/orders: Bad Gateway"),
    "503": Stumble(error(503, "Maintenance", Retry_After="30"), "503", asks=30),
    "504": Stumble(Reply(504, b""), "answered 504 to /v1/orders: Gateway Timeout"),
    "no answer": Stumble(Reply(cut="close"), "could not be reached at http://127"),
    "reset": Stumble(Reply(cut="reset"), "could not be reached at http://127"),
    "timeout": Stumble(Reply(delay=0.6), "timed out"),
    "truncated": Stumble(Reply(cut="short"), "IncompleteRead"),
    "gzip broken": Stumble(Reply(200, b"no gzip", GZIP), "incorrect header check"),
    "gzip truncated": Stumble(Reply(200, gzip.compress(b'{"Items": []}' * 99)[:40], GZIP), "JSON"),
    "HTML": Stumble(
        Reply(200, b"<html>Onderhoud</html>", {"Content-Type": "text/html; charset=utf-8"}),
        "answered /v1/orders with text/html that is not JSON .* check `environment` and `api_url`",
    ),
    "JSON cut off": Stumble(Reply(200, b'{"Items": [{"Order'), "application/json that is not JSON"),
}


@pytest.mark.parametrize("name", STUMBLES)
def test_a_stumble_costs_time_and_nothing_else(name: str, server: DemoServer, waits: Waits) -> None:
    reply, says, asks = STUMBLES[name]
    plain = run_without_faults(ROWS)
    server.fail(reply, path=ORDERS, skip=2, times=2)
    run = sync(server, ROWS, request_timeout=0.3 if name == "timeout" else 60)
    assert not run.error
    assert run.records[ROWS] == plain.records[ROWS]
    assert run.state == plain.state
    assert [bool(re.search(says, line)) for line in retries(run)] == [True, True]
    first, second = waits.seconds
    if asks is None:
        assert 1 <= first <= 2 <= second <= 4
    else:
        assert waits.seconds == [asks, asks]


@pytest.mark.parametrize("name", ["500", "reset", "429 seconds", "HTML"])
def test_a_document_stumbles(name: str, server: DemoServer, waits: Waits) -> None:
    plain = run_without_faults(DETAILS)
    orders = [row["OrderID"] for row in plain.records[DETAILS]]
    for order in orders[3:6]:
        server.fail(STUMBLES[name].reply, path=f"{ORDERS}/{order}", times=1)
    run = sync(server, DETAILS)
    assert not run.error
    assert run.records[DETAILS] == plain.records[DETAILS]
    assert len(waits.seconds) == len(retries(run)) == 3


def test_refused_until_billit_is_back(waits: Waits) -> None:
    with DemoServer(account()) as gone:
        plain = run_without_faults(ROWS)
    with ExitStack() as stack:

        def come_back() -> None:
            if len(waits.seconds) == 3:
                port = int(gone.url.rpartition(":")[2])
                stack.enter_context(DemoServer(gone.account, port=port))

        waits.then = come_back
        run = sync(gone, ROWS)
    assert not run.error
    assert run.records[ROWS] == plain.records[ROWS]
    assert len(retries(run)) == 3
    assert all("refused" in line for line in retries(run))


def test_waits_double_up_to_a_minute_until_patience_ends(server: DemoServer, waits: Waits) -> None:
    plain = run_without_faults(ROWS)
    server.fail(error(503, "Maintenance", "Onderhoud"), skip=3, times=ALWAYS)
    run = sync(server, ROWS)
    assert sum(waits.seconds) == pytest.approx(PATIENCE)
    for tries, wait in enumerate(waits.seconds[:-1], start=1):
        assert min(2**tries, 60) / 2 <= wait <= min(2**tries, 60)
    assert len(set(waits.seconds)) == len(waits.seconds) == len(retries(run))
    assert "Gave up after" in run.said
    assert "503 to /v1/orders: Maintenance - Onderhoud (Billit has a problem" in str(run.error)
    check_resumed(server, run, plain)


@pytest.mark.parametrize("asked", ["99999", "9" * 400, at(10**7)])
def test_an_absurd_wait_is_cut_to_the_patience(
    asked: str, server: DemoServer, waits: Waits
) -> None:
    plain = run_without_faults(ROWS)
    server.fail(error(429, "Busy", Retry_After=asked), path=ORDERS, skip=2, times=ALWAYS)
    run = sync(server, ROWS)
    assert waits.seconds == [PATIENCE]
    assert "answered 429" in str(run.error)
    check_resumed(server, run, plain)


@pytest.mark.parametrize("minutes", [0, 0.5])
def test_patience_is_a_setting(minutes: float, server: DemoServer, waits: Waits) -> None:
    server.fail(error(503, "Maintenance"), skip=3, times=ALWAYS)
    run = sync(server, ROWS, retry_minutes=minutes)
    assert sum(waits.seconds) == pytest.approx(minutes * 60)
    assert "answered 503" in str(run.error)


@pytest.mark.parametrize("reply", [error(429, "Busy"), error(503, "Maintenance")])
def test_the_token_endpoint_stumbles(
    reply: Reply, server: DemoServer, waits: Waits, tmp_path: Path
) -> None:
    server.fail(reply, path=TOKEN, times=2)
    run = sync(server, ROWS, **oauth(server, tmp_path))
    assert not run.error
    assert len(waits.seconds) == len(retries(run)) == 2


def test_patience_holds_for_the_token_endpoint(
    server: DemoServer, waits: Waits, tmp_path: Path
) -> None:
    server.fail(error(503, "Maintenance"), path=TOKEN, times=ALWAYS)
    run = sync(server, ROWS, retry_minutes=2, **oauth(server, tmp_path))
    assert sum(waits.seconds) == pytest.approx(120)
    assert "token endpoint answered 503" in str(run.error)


@pytest.mark.parametrize(("asked", "held"), [(300.0, 300.0), (1e9, 900.0), (0.0, 1.0)])
def test_who_gives_up_has_the_others_wait(asked: float, held: float) -> None:
    seconds: list[float] = []
    patience = Patience(0)
    patience.hold = seconds.append
    busy = TransientError("Too many requests.", retry_after=asked, status=429)
    with pytest.raises(TransientError):
        retrying(Mock(side_effect=busy), patience=patience)()
    assert seconds == [held]
