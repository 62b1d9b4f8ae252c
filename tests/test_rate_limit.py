"""The rate limit: never too fast, hardly slower than allowed, alone and shared by taps."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from bisect import bisect_left
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_billit.api import rate_limit
from tap_billit.api.rate_limit import RateLimiter, SharedRateLimiter
from tap_billit.demo import DemoServer
from tap_billit.errors import BillitError, TransientError
from tests.kit.demo import account
from tests.kit.run import sync

if TYPE_CHECKING:
    from pathlib import Path


MINUTE = 60.0


class FakeTime:
    """A clock, and the waiting of a limiter on it."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now
        self.waited = 0.0

    def on(self, limiter: RateLimiter) -> RateLimiter:
        limiter.clock = lambda: self.now
        limiter._over = self  # type: ignore[assignment]
        return limiter

    def wait(self, seconds: float) -> bool:
        assert seconds >= 0
        self.waited += seconds
        self.now += seconds
        return False

    def set(self) -> None: ...


def most(times: list[float], window: float) -> int:
    """The largest number of these in any half-open window."""
    times = sorted(times)
    return max(bisect_left(times, start + window) - at for at, start in enumerate(times))


def turns(limiter: RateLimiter, clock: FakeTime, gaps: list[float]) -> list[float]:
    """When the turns came, with so much time between one and the next request."""
    taken = []
    for gap in gaps:
        clock.now += gap
        limiter.acquire()
        taken.append(clock.now)
    return taken


@given(
    limit=st.integers(1, 12),
    gaps=st.lists(st.floats(0, 40), min_size=1, max_size=60),
)
def test_no_window_ever_holds_more(limit: int, gaps: list[float]) -> None:
    clock = FakeTime()
    limiter = clock.on(RateLimiter(limit, window=rate_limit.WINDOW))
    assert most(turns(limiter, clock, gaps), MINUTE) <= limit


def test_a_short_sync_does_not_wait() -> None:
    clock = FakeTime()
    limiter = clock.on(RateLimiter(60, window=rate_limit.WINDOW))
    turns(limiter, clock, [0.0] * 60)
    assert clock.waited == 0


@pytest.mark.parametrize("gap", [0.0, 0.1, 0.9])
def test_a_long_sync_holds_the_pace(gap: float) -> None:
    clock = FakeTime()
    limiter = clock.on(RateLimiter(60, window=rate_limit.WINDOW))
    taken = turns(limiter, clock, [gap] * 3601)
    assert most(taken, MINUTE) <= 60
    assert 3600 / (taken[-1] - taken[0]) >= 0.97


def test_turns_come_in_the_order_of_asking() -> None:
    clock = FakeTime()
    limiter = clock.on(RateLimiter(1, window=rate_limit.WINDOW))
    waits = [limiter._book() for _ in range(4)]
    assert waits == [pytest.approx(turn * rate_limit.WINDOW) for turn in range(4)]


def test_closing_ends_the_waiting() -> None:
    session = rate_limit.rate_limited_session(requests_per_minute=1, user_agent="test")
    with DemoServer(account(orders=0)) as server:
        session.get(server.url, timeout=5).close()
        failed: list[BaseException] = []

        def ask() -> None:
            with pytest.raises(BillitError, match="The run is over") as caught:
                session.get(server.url, timeout=5)
            failed.append(caught.value)

        thread = threading.Thread(target=ask)
        thread.start()
        session.close()
        thread.join(5)
    assert failed
    assert len(server.requests) == 1


def test_a_shared_rate_limit_is_kept_together(tmp_path: Path) -> None:
    clock = FakeTime()
    path = str(tmp_path / "made" / "limiter.json")
    taps = [clock.on(SharedRateLimiter(60, path, window=rate_limit.WINDOW)) for _ in range(3)]
    taken = []
    for number in range(301):
        taps[number % 3].acquire()
        taken.append(clock.now)
    assert most(taken, MINUTE) == 60
    assert clock.waited == pytest.approx(5 * rate_limit.WINDOW)


def test_a_slower_tap_leaves_the_rest_to_others(tmp_path: Path) -> None:
    clock = FakeTime()
    path = str(tmp_path / "limiter.json")
    slow, fast = (clock.on(SharedRateLimiter(n, path, window=rate_limit.WINDOW)) for n in (20, 60))
    turns(slow, clock, [0.0] * 20)
    turns(fast, clock, [0.0] * 40)
    assert clock.waited == 0
    turns(slow, clock, [0.0])
    assert clock.waited == pytest.approx(rate_limit.WINDOW)


def test_a_clock_set_back_costs_one_window(tmp_path: Path) -> None:
    clock = FakeTime()
    limiter = clock.on(
        SharedRateLimiter(60, str(tmp_path / "limiter.json"), window=rate_limit.WINDOW)
    )
    turns(limiter, clock, [0.0] * 60)
    clock.now -= 3600
    turns(limiter, clock, [0.0])
    assert clock.waited == pytest.approx(rate_limit.WINDOW)


TAKER = """
import sys, threading, time
from tap_billit.api.rate_limit import SharedRateLimiter
limiter = SharedRateLimiter(10, sys.argv[1], window=0.5)
print(flush=True)
sys.stdin.readline()
def work():
    for _ in range(3):
        limiter.acquire()
        sys.stdout.write(f"{time.time()}\\n")
for thread in [threading.Thread(target=work) for _ in range(3)]:
    thread.start()
"""


def test_processes_share_a_rate_limit(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TAKER, str(tmp_path / "limiter")]
    pipe = subprocess.PIPE
    with ExitStack() as stack:
        takers = [
            stack.enter_context(
                subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)  # noqa: S603
            )
            for _ in range(3)
        ]
        for taker in takers:
            assert taker.stdout
            taker.stdout.readline()
        began = time.time()
        for taker in takers:
            assert taker.stdin
            taker.stdin.write("go\n")
            taker.stdin.flush()
        times = [float(time) for taker in takers for time in taker.communicate()[0].split()]
    assert len(times) == 27
    # Nine turns would fit into each process's own limiter; together they take two windows more.
    assert max(times) - began >= 2 * 0.5 - 0.01


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text('{"refresh_token": "x"}')
    with pytest.raises(BillitError, match=r"`rate_limit_store` names .*tokens\.json"):
        SharedRateLimiter(60, str(path), window=1).acquire()
    assert path.read_text() == '{"refresh_token": "x"}'


def test_a_file_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BillitError, match="`rate_limit_store` cannot be kept"):
        SharedRateLimiter(60, str(tmp_path / "file" / "limiter"), window=1).acquire()


def test_a_file_that_is_held_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_billit.api.rate_limit.LOCK_PATIENCE", 0.0)
    path = str(tmp_path / "limiter")
    with (
        SharedRateLimiter(60, path, window=1)._locked(),
        pytest.raises(TransientError, match="held"),
    ):
        SharedRateLimiter(60, path, window=1).acquire()


def test_the_tap_shares_by_its_setting(tmp_path: Path) -> None:
    path = tmp_path / "limiter"
    with DemoServer(account()) as server:
        run = sync(server, "sales_invoices", rate_limit_store=str(path))
        assert not run.error
        assert SharedRateLimiter(60, str(path), window=rate_limit.WINDOW)._read()
        assert len(SharedRateLimiter(60, str(path), window=1)._read()) == len(server.requests)
