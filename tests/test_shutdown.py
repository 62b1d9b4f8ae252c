"""How a run ends before its end: by a signal, by a target that died, by a failure among many reads.

Each test runs the command as an orchestrator does, and stops it in the middle of something.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from array import array
from threading import Event
from typing import IO, TYPE_CHECKING, Any

import filelock
import pytest

from tap_billit.demo import DemoServer, Reply
from tap_billit.shutdown import GRACE
from tap_billit.tokens.store import open_store
from tests.kit.demo import TOKEN, account, oauth
from tests.kit.process import SOON, tap, wait_for
from tests.kit.run import Run, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_billit.demo import Request


pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")

ROWS = "sales_invoices"

DETAILS = "sales_invoice_details"

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def buffering(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's standard output as it is by itself, and as images often have it."""
    monkeypatch.setenv("PYTHONUNBUFFERED", request.param)


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(account(), page_size=5) as server:
        yield server


def slowly(server: DemoServer, reply: Reply, path: Callable[[Request], bool]) -> Event:
    """Give such requests this reply; the event says that one has come."""
    came = Event()

    def hook(request: Request) -> Reply | None:
        if not path(request):
            return None
        came.set()
        return reply

    server.hooks.append(hook)
    return came


def check_resumes(server: DemoServer, run: Run, stream: str) -> None:
    """The last line is a STATE, and the next run makes the table complete from there."""
    assert run.messages[-1]["type"] == "STATE"
    server.hooks.clear()
    plain = sync(server, stream, recent_days=0)
    rest = sync(server, stream, state=run.state)
    assert not rest.error
    assert rest.table(stream, run).keys() == plain.table(stream).keys()
    assert rest.records[stream][0]["OrderID"] > plain.records[stream][0]["OrderID"]


@pytest.mark.parametrize("signum", SIGNALS)
def test_in_the_wait_for_a_turn(signum: int, server: DemoServer, tmp_path: Path) -> None:
    with tap(server, ROWS, tmp_path, requests_per_minute=4) as process:
        wait_for(lambda: len(server.requests) == 4)
        wait_for(lambda: "reading what changed" in process.log)
        run, code = process.rest(process.stop(signum))
    assert code == 128 + signum
    assert f"Stopped by {signal.Signals(signum).name}" in process.log
    check_resumes(server, run, ROWS)


def test_in_the_wait_for_another_try(server: DemoServer, tmp_path: Path) -> None:
    sorry = Reply.error(503, "Maintenance")
    sorry.headers["Retry-After"] = "600"
    slowly(server, sorry, lambda _: len(server.requests) > 4)
    with tap(server, ROWS, tmp_path) as process:
        wait_for(lambda: "Trying again in 600 seconds" in process.log)
        run, code = process.rest(process.stop(signal.SIGTERM))
    assert code == 143
    check_resumes(server, run, ROWS)


def test_in_the_reading_of_documents(server: DemoServer, tmp_path: Path) -> None:
    orders = sorted(sync(server, DETAILS).table(DETAILS))
    server.requests.clear()
    late = {f"/v1/orders/{order}" for order in orders[6:]}
    slowly(server, Reply(delay=30), lambda request: request.path in late)
    with tap(server, DETAILS, tmp_path, recent_days=0) as process:
        # The eleventh is asked when the sixth has been written.
        wait_for(lambda: sum(request.path in late for request in server.requests) == 5)
        run, code = process.rest(process.stop(signal.SIGINT))
    assert code == 130
    assert [row["OrderID"] for row in run.records[DETAILS]] == orders[:6]
    check_resumes(server, run, DETAILS)


class Full:
    """Whether the tap cannot write on: nothing more arrives, although nobody reads."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._seen: list[int] = []

    def __call__(self) -> bool:
        import fcntl  # noqa: PLC0415
        import termios  # noqa: PLC0415  not on Windows

        waiting = array("i", [0])
        fcntl.ioctl(self._pipe, termios.FIONREAD, waiting)
        self._seen.append(waiting[0])
        # The SCHEMA alone does not fill half of it.
        half = fcntl.fcntl(self._pipe, getattr(fcntl, "F_GETPIPE_SZ", 1032)) // 2
        return waiting[0] > half and self._seen[-20:] == waiting.tolist() * 20


@pytest.mark.parametrize("signum", SIGNALS)
@pytest.mark.usefixtures("buffering")
def test_in_the_middle_of_a_line_to_a_slow_target(signum: int, tmp_path: Path) -> None:
    with DemoServer(account(orders=900), page_size=20) as server:
        with tap(server, ROWS, tmp_path, reads=False) as process:
            wait_for(Full(process.out))
            run, code = process.rest(process.stop(signum))
        assert code == 128 + signum
        check_resumes(server, run, ROWS)


def test_a_target_that_is_stuck_does_not_hold_it_up(tmp_path: Path) -> None:
    with (
        DemoServer(account(orders=900)) as server,
        tap(server, ROWS, tmp_path, reads=False) as process,
    ):
        wait_for(Full(process.out))
        process.stop(signal.SIGTERM)
        assert process.process.wait(GRACE + SOON) == 143


@pytest.mark.usefixtures("buffering")
def test_a_target_that_died(tmp_path: Path) -> None:
    with (
        DemoServer(account(orders=900)) as server,
        tap(server, ROWS, tmp_path, reads=False) as process,
    ):
        process.out.readline()
        process.out.close()
        code = process.process.wait(SOON)
    assert code == 1
    log = process.log
    assert "Traceback" not in log
    assert "Exception ignored" not in log


LOCKED = """
import os, signal, threading, time
from tap_billit.shutdown import process
lock = threading.Lock()
def end():
    with lock:
        print("ended")
process.listen(last_words=end, close=lambda: None)
with lock:
    os.kill(os.getpid(), signal.SIGTERM)
time.sleep(60)
"""


def test_while_a_lock_is_held() -> None:
    """The signal comes to the main thread: if it waited there, nobody would release the lock."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-uc", LOCKED], capture_output=True, text=True, timeout=SOON, check=False
    )
    assert (done.returncode, done.stdout) == (143, "ended\n")


def kept(server: DemoServer, folder: Path) -> Any:
    return open_store(
        str(folder / "tokens.json"),
        environment="production",
        client_id=server.client_id,
        api_url=server.url,
    ).load()


def is_locked(lock: Path) -> bool:
    try:
        filelock.FileLock(lock).acquire(timeout=0).lock.release()
    except filelock.Timeout:
        return True
    return False


@pytest.mark.parametrize("signum", SIGNALS)
def test_in_a_refresh_the_new_token_is_kept(
    signum: int, server: DemoServer, tmp_path: Path
) -> None:
    came = slowly(server, Reply(delay=0.5), lambda request: request.path == TOKEN)
    with tap(server, ROWS, tmp_path, **oauth(server, tmp_path)) as process:
        assert came.wait(30)
        _, code = process.rest(process.stop(signum))
    assert code == 128 + signum
    assert server.refreshes == 1
    tokens = kept(server, tmp_path)
    assert tokens.refresh_token in server._refresh
    assert not tokens.spending


def test_a_refresh_that_waits_for_its_turn_spends_nothing(
    server: DemoServer, tmp_path: Path
) -> None:
    def expire(request: Request) -> None:
        if request.path != TOKEN and len(server.requests) == 3:
            server.expire_access_tokens()

    server.hooks.append(expire)
    with tap(server, ROWS, tmp_path, requests_per_minute=3, **oauth(server, tmp_path)) as process:
        wait_for(lambda: [each.status for each in server.requests] == [200, 200, 401])
        wait_for(lambda: is_locked(tmp_path / "tokens.json.lock"))
        _, code = process.rest(process.stop(signal.SIGTERM))
    assert code == 143
    assert server.refreshes == 1
    tokens = kept(server, tmp_path)
    assert tokens.refresh_token in server._refresh
    assert not tokens.spending


def test_a_failure_does_not_wait_for_the_other_reads(server: DemoServer, tmp_path: Path) -> None:
    orders = sorted(sync(server, DETAILS).table(DETAILS))
    first, *others = (f"/v1/orders/{order}" for order in orders)
    came = slowly(server, Reply(delay=30), lambda request: request.path in others)
    revoked = Reply.error(401, "AccessTokenRevoked")
    revoked.delay = 0.5
    slowly(server, revoked, lambda request: request.path == first)
    config = oauth(server, tmp_path) | {"recent_days": 0}
    with tap(server, DETAILS, tmp_path, **config) as process:
        assert came.wait(30)
        _, code = process.rest(time.monotonic())
    assert code == 1
    log = process.log
    assert "The login was taken back in Billit" in log
