"""A refresh under fire: threads, processes, signals, kill -9 at every line of it.

`TAP_BILLIT_TEST_KILLS=500` makes the loop longer; the default keeps the suite quick.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tap_billit.demo.messages import Reply
from tap_billit.errors import LoginError
from tap_billit.storage.local import RESERVE
from tap_billit.tokens.store import open_store
from tests.kit import refreshes
from tests.kit.demo import TOKEN, empty_demo
from tests.kit.login import count_companies, kept, login_to, store_of, token_requests
from tests.kit.refreshes import OtherProcess, confined, finished, killed_at, stopped, together

if TYPE_CHECKING:
    from collections.abc import Generator
    from multiprocessing.context import ForkServerContext
    from pathlib import Path

    from tap_billit.demo.messages import Request
    from tap_billit.demo.server import DemoServer
    from tap_billit.tokens.store import TokenStore


pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are forked, and killed")

KILLS = int(os.environ.get("TAP_BILLIT_TEST_KILLS", "40"))


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([refreshes.__name__])
    return context


@pytest.fixture
def demo() -> Generator[DemoServer, None, None]:
    with empty_demo() as server:
        yield server


@pytest.fixture
def store(demo: DemoServer, tmp_path: Path) -> TokenStore:
    """A store with a login whose access token has just expired."""
    store = store_of(demo, tmp_path / "tokens.json")
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    demo.expire_access_tokens()
    return store


@pytest.fixture
def other(demo: DemoServer, store: TokenStore) -> OtherProcess:
    return OtherProcess(demo.url, demo.client_id, demo.client_secret, store.place)


class Wreck:
    """What is left after each kill, and what the next run makes of it."""

    def __init__(self, demo: DemoServer, store: TokenStore) -> None:
        self.demo, self.store = demo, store
        self.lost = 0

    def is_cleared(self) -> bool:
        """Whether the next run goes on by itself; if not, it must say what happened."""
        try:
            count_companies(self.demo, login_to(self.demo, self.store))
            cleared = True
        except LoginError as error:
            assert "cut off before Billit's answer was kept" in str(error)  # noqa: PT017
            self.lost += 1
            count_companies(
                self.demo, login_to(self.demo, self.store, self.demo.issue_refresh_token())
            )
            cleared = False
        assert kept(self.store).refresh_token in self.demo._refresh
        assert kept(self.store).spending is None
        # Besides the live token in the store, only those that went down with their process.
        assert self.demo.live_refresh_tokens == 1 + self.lost
        assert self.demo.spent_token_attempts == self.lost
        self.demo.expire_access_tokens()
        return cleared


def test_killed_at_every_line(
    demo: DemoServer, store: TokenStore, other: OtherProcess, processes: ForkServerContext
) -> None:
    lines = processes.Value("i", 0)
    wreck = Wreck(demo, store)

    def refresh(line: int) -> int | None:
        process = processes.Process(target=killed_at, args=(other, line, lines))
        process.start()
        return finished(process)

    assert refresh(0) == 0
    total = lines.value
    assert total > 100
    demo.expire_access_tokens()
    lost = []
    for kill in range(KILLS):
        line = 1 + kill * (total - 1) // KILLS if total > KILLS else 1 + kill % total
        before = demo.refreshes
        assert refresh(line) == -signal.SIGKILL
        rotated = demo.refreshes > before
        if not wreck.is_cleared():
            assert rotated
            lost.append(line)
    # The process dies with the answer in its hands: between the socket and the file.
    assert len(set(lost)) <= total // 4


@pytest.mark.parametrize("rotated", [False, True], ids=["before", "after"])
def test_killed_while_the_answer_is_on_its_way(
    rotated: bool,  # noqa: FBT001
    demo: DemoServer,
    store: TokenStore,
    other: OtherProcess,
    processes: ForkServerContext,
) -> None:
    wreck = Wreck(demo, store)
    alone = processes.Barrier(1)
    process = processes.Process(target=together, args=(other, alone))

    def kill(request: Request) -> Reply | None:
        if request.path != TOKEN:
            return None
        demo.hooks.remove(kill)
        reply = demo.normal(request) if rotated else Reply(cut="close")
        os.kill(process.pid or 0, signal.SIGKILL)
        return reply

    demo.hooks.append(kill)
    process.start()
    assert finished(process) == -signal.SIGKILL
    assert wreck.is_cleared() is not rotated


def test_a_sigterm_waits_for_the_answer_to_be_kept(
    demo: DemoServer, store: TokenStore, other: OtherProcess, processes: ForkServerContext
) -> None:
    arrived = processes.Event()
    process = processes.Process(target=stopped, args=(other, arrived))

    def stop(request: Request) -> None:
        if request.path == TOKEN:
            os.kill(process.pid or 0, signal.SIGTERM)
            assert arrived.wait(20)

    demo.hooks.append(stop)
    process.start()
    assert finished(process) == 0
    demo.hooks.clear()
    assert demo.refreshes == 2
    assert count_companies(demo, login_to(demo, store)) == 2
    assert demo.refreshes == 2


@pytest.mark.parametrize("limit", [0, 100, RESERVE - 1, RESERVE])
def test_a_full_disk_costs_no_token(
    limit: int,
    demo: DemoServer,
    store: TokenStore,
    other: OtherProcess,
    processes: ForkServerContext,
) -> None:
    fits = limit >= RESERVE
    process = processes.Process(target=confined, args=(other, limit))
    process.start()
    assert finished(process) == (0 if fits else 3)
    assert demo.refreshes == (2 if fits else 1)
    assert kept(store).refresh_token in demo._refresh
    assert kept(store).spending is None
    assert demo.live_refresh_tokens == 1


def test_the_tap_itself_keeps_the_answer_at_a_sigterm(demo: DemoServer, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    client = {"client_id": demo.client_id, "client_secret": demo.client_secret}
    place = {"api_url": demo.url, "token_store": str(tmp_path / "of-the-tap.json")}
    config.write_text(json.dumps(client | place | {"refresh_token": demo.issue_refresh_token()}))
    command = "from tap_billit.tap import TapBillit; TapBillit.cli()"
    stopping: list[bool] = []

    def stop(request: Request) -> None:
        if request.path == TOKEN:
            tap.send_signal(signal.SIGTERM)
            stopping.append(any("Stopped by SIGTERM" in line for line in tap.stderr or ()))

    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", command, "--config", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as tap:
        demo.hooks.append(stop)
        assert tap.wait(30) == 128 + signal.SIGTERM
    assert stopping == [True]
    assert demo.live_refresh_tokens == 1
    kept_by_tap = open_store(
        place["token_store"],
        environment="production",
        client_id=demo.client_id,
        api_url=demo.url,
    )
    assert kept(kept_by_tap).refresh_token in demo._refresh


def test_several_processes_refresh_once(
    demo: DemoServer, store: TokenStore, other: OtherProcess, processes: ForkServerContext
) -> None:
    demo.latency = 0.05
    before = demo.refreshes
    barrier = processes.Barrier(6)
    crowd = [processes.Process(target=together, args=(other, barrier)) for _ in range(6)]
    for process in crowd:
        process.start()
    assert [finished(process) for process in crowd] == [0] * 6
    assert demo.refreshes == before + 1
    assert demo.spent_token_attempts == 0
    assert kept(store).refresh_token in demo._refresh


@pytest.mark.parametrize("shared", [True, False], ids=["one login", "a login each"])
def test_several_threads_refresh_once(
    shared: bool,  # noqa: FBT001
    demo: DemoServer,
    store: TokenStore,
) -> None:
    demo.latency = 0.02
    before = demo.refreshes
    login = login_to(demo, store)
    ready = threading.Barrier(6)

    def work(_: int) -> int:
        mine = login if shared else login_to(demo, store_of(demo, store.place))
        ready.wait(20)
        return count_companies(demo, mine)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(6))) == [2] * 6
    assert demo.refreshes == before + 1
    assert demo.live_refresh_tokens == 1


def test_threads_without_a_file_lock_refresh_once(demo: DemoServer) -> None:
    store = store_of(demo, f"memory://{id(demo)}/threads.json")
    login = login_to(demo, store, demo.issue_refresh_token())
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda _: count_companies(demo, login), range(12))) == [2] * 12
    assert demo.refreshes == len(token_requests(demo)) == 1
