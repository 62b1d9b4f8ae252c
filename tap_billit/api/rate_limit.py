"""How many requests may go out: a sliding window, of this process or of all that name a file."""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

import filelock
import msgspec
import requests
from typing_extensions import override

from tap_billit.api.deadline import DeadlineAdapter
from tap_billit.errors import BillitError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any


WINDOW = 61.0
"""Seconds. Billit's minute and one more, as some requests are longer on their way than others."""

LOCK_PATIENCE = 30.0
"""Seconds to wait for another process, which needs a few milliseconds."""


class RateLimiter:
    """Turns, at most `limit` of them in any `window` seconds; the first ones come at once."""

    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(self, limit: int, *, window: float) -> None:
        self._limit = limit
        self._window = window
        self._turns: deque[float] = deque(maxlen=limit)
        self._lock = Lock()
        self._over = Event()

    def acquire(self) -> None:
        """Wait for the next turn, in the order of asking.

        Raises:
            BillitError: the limiter was closed meanwhile.
        """
        with self._lock:
            wait = self._book()
        if self._over.wait(wait):
            raise BillitError("The run is over: nothing is asked any more.")

    def close(self) -> None:
        """Give no more turns, not even to those who wait."""
        self._over.set()

    def _book(self) -> float:
        """Seconds to the next turn, which is taken now."""
        now = self.clock()
        turn = self._next(self._turns, now)
        self._turns.append(turn)
        return turn - now

    def _next(self, turns: deque[float] | list[float], now: float) -> float:
        return now if len(turns) < self._limit else max(now, turns[-self._limit] + self._window)


class SharedRateLimiter(RateLimiter):
    """A limiter of all the processes on this machine that name the same file."""

    clock = staticmethod(time.time)

    def __init__(self, limit: int, path: str, *, window: float) -> None:
        super().__init__(limit, window=window)
        self._path = Path(path).expanduser()
        self._new = self._path.with_name(self._path.name + ".new")

    @override
    def _book(self) -> float:
        with self._locked():
            now = self.clock()
            # A turn far ahead was booked before the clock was set back: it counts as just taken.
            known = (turn if turn < now + self._window else now for turn in self._read())
            turns = sorted(turn for turn in known if turn > now - self._window)
            turn = self._next(turns, now)
            self._new.write_bytes(msgspec.json.encode(sorted([*turns, turn])))
            self._new.replace(self._path)
        return turn - now

    def _read(self) -> list[float]:
        try:
            return msgspec.json.decode(self._path.read_bytes() or b"[]", type=list[float])
        except FileNotFoundError:
            return []
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BillitError(
                f"`rate_limit_store` names {self._path}, which holds something else: name "
                "a file of its own, or remove it."
            ) from None

    @contextmanager
    def _locked(self) -> Generator[None, None, None]:
        lock = filelock.FileLock(f"{self._path}.lock", timeout=LOCK_PATIENCE)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with lock.acquire(poll_interval=0.01):
                yield
        except filelock.Timeout:
            raise TransientError(
                f"Another process has held {self._path}.lock for {LOCK_PATIENCE:.0f} seconds."
            ) from None
        except OSError as error:
            raise BillitError(
                f"`rate_limit_store` cannot be kept in {self._path}: {error.strerror}."
            ) from None


class RateLimitedAdapter(DeadlineAdapter):
    """Sends a request when the limiter has a turn for it."""

    def __init__(self, limiter: RateLimiter) -> None:
        super().__init__()
        self._limiter = limiter

    @override
    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        self._limiter.acquire()
        return super().send(*args, **kwargs)

    @override
    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().cert_verify(*args, **kwargs)  # type: ignore[no-untyped-call]
        except OSError as error:
            raise BillitError(f"{error}; check `REQUESTS_CA_BUNDLE`.") from None

    @override
    def close(self) -> None:
        self._limiter.close()
        super().close()


def rate_limited_session(
    *, requests_per_minute: int, user_agent: str, rate_limit_store: str | None = None
) -> requests.Session:
    """A session that never sends more than `requests_per_minute` in any 60 seconds.

    The window slides, so a short sync does not wait at all. Retries count too: the limiter sits
    below them. Processes that name the same `rate_limit_store` file share the limit. Closing the
    session ends the waiting for a turn.
    """
    limiter = (
        SharedRateLimiter(requests_per_minute, rate_limit_store, window=WINDOW)
        if rate_limit_store
        else RateLimiter(requests_per_minute, window=WINDOW)
    )
    adapter = RateLimitedAdapter(limiter)
    session = requests.Session()
    session.headers["User-Agent"] = user_agent
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
