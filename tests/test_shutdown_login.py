"""How a run ends in the middle of logging in: within five seconds in every state but one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any

import filelock
import pytest

from tap_billit.demo import DemoServer, Reply
from tap_billit.errors import BillitError
from tap_billit.shutdown import GRACE, LAST_LINE
from tap_billit.tap import TapBillit
from tap_billit.tokens.store import open_store
from tests.kit.demo import TOKEN, account, oauth
from tests.kit.process import SOON, TAP, tap, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_billit.account import BillitAccount
    from tap_billit.demo import Request

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")

ROWS = "sales_invoices"
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(account(), page_size=5) as server:
        yield server


def kept(server: DemoServer, folder: Path) -> Any:
    return open_store(
        str(folder / "tokens.json"),
        environment="production",
        client_id=server.client_id,
        api_url=server.url,
    ).load()


def slow_tokens(server: DemoServer, seconds: float) -> Event:
    came = Event()

    def hook(request: Request) -> Reply | None:
        if request.path != TOKEN:
            return None
        came.set()
        return Reply(delay=seconds)

    server.hooks.append(hook)
    return came


def test_there_is_time_for_all_of_it() -> None:
    assert GRACE + LAST_LINE < 5


@pytest.mark.parametrize("signum", SIGNALS)
def test_in_a_refresh_the_new_token_is_kept(
    signum: int, server: DemoServer, tmp_path: Path
) -> None:
    came = slow_tokens(server, 0.5)
    with tap(server, ROWS, tmp_path, **oauth(server, tmp_path)) as process:
        assert came.wait(30)
        _, code = process.rest(process.stop(signum))
    assert code == 128 + signum
    assert server.refreshes == 1
    tokens = kept(server, tmp_path)
    assert tokens.refresh_token in server._refresh
    assert not tokens.spending


def test_under_nohup_a_hangup_is_none(server: DemoServer, tmp_path: Path) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        came = slow_tokens(server, 0.5)
        with tap(server, ROWS, tmp_path, **oauth(server, tmp_path)) as process:
            assert came.wait(30)
            process.stop(signal.SIGHUP)
            assert process.process.wait(30) == 0
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def test_while_another_process_holds_the_store(server: DemoServer, tmp_path: Path) -> None:
    with filelock.FileLock(tmp_path / "tokens.json.lock"):
        settings = oauth(server, tmp_path)
        with tap(server, ROWS, tmp_path, **settings) as process:
            wait_for(lambda: "Beginning" in process.log)
            _, code = process.rest(process.stop(signal.SIGTERM))
    assert code == 143
    assert not server.requests


def test_while_nobody_reads_the_log(server: DemoServer, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(f'{{"api_url": "{server.url}", "api_key": "{server.api_key}"}}')
    server.fail(Reply(delay=30))
    reading, writing = os.pipe()
    command = [sys.executable, "-c", TAP, ROWS, "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=writing) as process:  # noqa: S603
        try:
            wait_for(lambda: server.requests)
            _fill(writing)
            process.send_signal(signal.SIGTERM)
            assert process.wait(GRACE + SOON) == 143
        finally:
            process.kill()
    os.close(reading)
    os.close(writing)


def _fill(pipe: int) -> None:
    os.set_blocking(pipe, False)
    with suppress(BlockingIOError):
        while True:
            os.write(pipe, b"x")
    os.set_blocking(pipe, True)


SPENDING = """
import os, signal, sys, threading
from tap_billit.shutdown import process
process.listen(last_words=lambda: None, close=lambda: None)
def spend():
    with process.spending(float(sys.argv[1])):
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(float(sys.argv[2]))
        print("spent", flush=True)
process.shield(spend)
threading.Event().wait()
"""


@pytest.mark.parametrize(
    ("bound", "takes", "said"),
    [(30, 0.2, "spent\n"), (0.2, 30, "")],
    ids=["to the end", "to the bound"],
)
def test_what_is_being_spent_is_waited_for(bound: float, takes: float, said: str) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-uc", SPENDING, str(bound), str(takes)],
        capture_output=True,
        text=True,
        timeout=2 * SOON,
        check=False,
    )
    assert (done.returncode, done.stdout) == (143, said)


def test_nothing_is_begun_after_the_end() -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-uc", NOT_BEGUN], capture_output=True, text=True, timeout=9, check=False
    )
    assert (done.returncode, done.stdout) == (143, "refused\n")


NOT_BEGUN = """
import os, signal, threading
from tap_billit.errors import BillitError
from tap_billit.shutdown import process
begun = threading.Event()
def last_words():
    try:
        with process.spending(30):
            print("begun")
    except BillitError:
        print("refused", flush=True)
process.listen(last_words=last_words, close=lambda: None)
os.kill(os.getpid(), signal.SIGTERM)
threading.Event().wait()
"""


def of(server: DemoServer, folder: Path) -> BillitAccount:
    config = {"api_url": server.url, **oauth(server, folder)}
    return TapBillit(config=config, setup_mapper=False).account


def test_an_account_that_was_closed_asks_and_refreshes_no_more(
    server: DemoServer, tmp_path: Path
) -> None:
    early, late = of(server, tmp_path), of(server, tmp_path)
    early.close()
    assert late.client
    late.close()
    for closed in (early, late):
        with pytest.raises(BillitError, match="over"):
            assert closed.companies
    assert not server.requests
    assert kept(server, tmp_path) is None


def test_closing_waits_for_the_refresh_under_way(server: DemoServer, tmp_path: Path) -> None:
    import threading  # noqa: PLC0415

    came = slow_tokens(server, 0.3)
    account = of(server, tmp_path)
    failures: list[Exception] = []

    def ask() -> None:
        try:
            assert account.companies
        except BillitError as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert came.wait(30)
    account.close()
    assert kept(server, tmp_path).refresh_token in server._refresh
    thread.join(30)
    assert "over" in str(failures[0])
