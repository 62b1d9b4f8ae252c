"""The rate limit of one tap: never too fast, hardly slower than allowed."""

from __future__ import annotations

import threading
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_billit.api import rate_limit
from tap_billit.api.rate_limit import RateLimiter
from tap_billit.api.session import rate_limited_session, rate_limiter
from tap_billit.demo import DemoServer
from tap_billit.errors import BillitError
from tests.kit.demo import account

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
    booked = [limiter._book() - clock.now for _ in range(4)]
    assert booked == [pytest.approx(turn * rate_limit.WINDOW) for turn in range(4)]


def test_who_wakes_up_late_waits_for_a_turn_of_its_own() -> None:
    """A machine that slept: all who waited wake up at once, beside those who come then."""
    clock = FakeTime()
    limiter = clock.on(RateLimiter(2, window=rate_limit.WINDOW))
    turns(limiter, clock, [0.0] * 2)
    wait, naps = clock.wait, [500.0]

    def oversleep(seconds: float) -> bool:
        wait(seconds)
        if seconds and naps:
            clock.now += naps.pop()
            taken.extend(turns(limiter, clock, [0.0] * 2))
        return False

    taken: list[float] = []
    clock.wait = oversleep  # type: ignore[method-assign]
    limiter.acquire()
    assert most([*taken, clock.now], MINUTE) == 2


def test_closing_ends_the_waiting() -> None:
    session = rate_limited_session(rate_limiter(1), user_agent="test")
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


def test_a_turn_that_is_far_ahead_is_told() -> None:
    clock, told = FakeTime(), list[float]()
    limiter = clock.on(RateLimiter(1, window=MINUTE))
    limiter.limited = told.append
    turns(limiter, clock, [0, 0, 58])
    assert told == [60]


def test_a_429_holds_even_those_who_wait_already() -> None:
    clock = FakeTime()
    limiter = clock.on(RateLimiter(1, window=MINUTE))
    turns(limiter, clock, [0.0])
    wait, began = clock.wait, clock.now

    def wait_and_hold(seconds: float) -> bool:
        wait(seconds)
        if clock.now == began + MINUTE:
            limiter.hold(90)
        return False

    clock.wait = wait_and_hold  # type: ignore[method-assign]
    limiter.acquire()
    assert clock.now == began + MINUTE + 90
