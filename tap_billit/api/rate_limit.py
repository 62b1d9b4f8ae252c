"""How many requests may go out: a sliding window, of this process or of all that share a file.

The rules, each with its reason:

- At most `limit` turns in any `WINDOW`, and no slower than that: Billit counts per minute, so the
  first ones of a short sync need not wait.
- A turn is booked at once and waited for afterwards, outside every lock: those who wait keep their
  order and hinder nobody. A turn booked far ahead is as good as one that was used.
- Who wakes up late books anew: the machine slept or was too busy, and others have the turns by now.
- The clock is the time since this machine started, sleep included where it can be had. Nobody sets
  it, and it is the same one for all processes.
- A clock behind the latest booking was started again. How long ago the old turns were is unknown
  then, so they count as just taken: a reboot costs a window, once.
- A process that is killed loses what it had booked and nothing else: each booking is a transaction
  of SQLite, which opens its journal without following links.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import deque
from contextlib import closing, contextmanager, suppress
from math import inf
from pathlib import Path
from stat import S_ISREG
from threading import Event, Lock, local
from typing import TYPE_CHECKING

import requests
from typing_extensions import override

from tap_billit.api.deadline import DeadlineAdapter
from tap_billit.errors import BillitError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any


WINDOW = 61.0
"""Seconds. Billit's minute and one more, as some requests are longer on their way than others."""

LATE = 0.5
"""Seconds that a turn may be used after its time: half of what a window is more than a minute."""

LONG = 5.0
"""Seconds to wait for a turn that are worth a word."""

LOCK_PATIENCE = 4.0
"""Seconds to wait for other processes, which need a millisecond each; a signal ends a run in 5."""

OURS = 0x42494C4C
"""SQLite's application id of a rate limit store."""


def since_start() -> float:
    """Seconds since this machine started."""
    if boottime := getattr(time, "CLOCK_BOOTTIME", None):
        return time.clock_gettime(boottime)
    return time.monotonic()


class RateLimiter:
    """Turns, at most `limit` of them in any `window` seconds; the first ones come at once.

    `limited` is told of a turn that is so many seconds ahead.
    """

    clock: Callable[[], float] = staticmethod(since_start)
    limited: Callable[[float], object] = staticmethod(lambda _: None)

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
        while True:
            with self._lock:
                turn = self._book()
            ahead = max(0.0, turn - self.clock())
            if ahead > LONG:
                self.limited(ahead)
            if self._over.wait(ahead):
                raise BillitError("The run is over: nothing is asked any more.")
            if self.clock() - turn <= LATE:
                return

    def close(self) -> None:
        """Give no more turns, not even to those who wait."""
        self._over.set()

    def _book(self) -> float:
        """The time of the next turn, which is taken now."""
        now = self.clock()
        full = len(self._turns) == self._limit
        turn = max(now, self._turns[0] + self._window) if full else now
        self._turns.append(turn)
        return turn


class SharedRateLimiter(RateLimiter):
    """A limiter of all the processes on this machine that name the same file.

    Each of them must be able to write the file and its folder, where SQLite has its journal.
    """

    def __init__(self, limit: int, path: str, *, window: float) -> None:
        super().__init__(limit, window=window)
        self._path = Path(path).expanduser()

    @override
    def _book(self) -> float:
        with self._transaction() as store:
            now = self.clock()
            (booked,) = store.execute("SELECT max(booked) FROM turns").fetchone()
            if booked is not None and booked > now:
                store.execute("UPDATE turns SET turn = ?, booked = ?", (now, now))
            store.execute("DELETE FROM turns WHERE turn <= ?", (now - self._window,))
            latest = "SELECT turn FROM turns ORDER BY turn DESC LIMIT 1 OFFSET ?"
            full = store.execute(latest, (self._limit - 1,)).fetchone()
            turn: float = max(now, full[0] + self._window) if full else now
            store.execute("INSERT INTO turns VALUES (?, ?)", (turn, now))
        return turn

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection, None, None]:
        """The turns in the file, which nobody else reads or books meanwhile."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._make_own_file()
            connection = sqlite3.connect(self._path, timeout=LOCK_PATIENCE, isolation_level=None)
            with closing(connection) as store:
                self._begin(store)
                yield store
                store.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise TransientError(
                    f"Other processes have held {self._path} for {LOCK_PATIENCE:.0f} seconds."
                ) from None
            raise self._unusable(str(error)) from None
        except sqlite3.DatabaseError:
            raise self._something_else() from None
        except OSError as error:
            raise self._unusable(str(error.strerror)) from None

    def _make_own_file(self) -> None:
        """SQLite itself would follow a link, believe a device, and let no group write."""
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        if not S_ISREG(self._path.lstat().st_mode):
            raise self._unusable("it is a link, or no file")

    def _begin(self, store: sqlite3.Connection) -> None:
        # What a power cut loses, the start after it voids in any case.
        store.execute("PRAGMA synchronous = OFF")
        store.execute("BEGIN IMMEDIATE")
        if store.execute("PRAGMA application_id").fetchone() == (OURS,):
            return
        if store.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
            raise self._something_else()
        store.execute(f"PRAGMA application_id = {OURS}")
        store.execute("CREATE TABLE turns (turn REAL NOT NULL, booked REAL NOT NULL)")

    def _unusable(self, why: str) -> BillitError:
        return BillitError(
            f"`rate_limit_store` cannot be kept in {self._path}: {why}. All who share it must be "
            "able to write the file and its folder."
        )

    def _something_else(self) -> BillitError:
        return BillitError(
            f"`rate_limit_store` names {self._path}, which holds something else: name a file of "
            "its own, or remove it."
        )


class RateLimitedAdapter(DeadlineAdapter):
    """Sends a request when the limiter has a turn for it."""

    def __init__(self, limiter: RateLimiter) -> None:
        super().__init__()
        self._limiter = limiter
        self._mine = local()

    def take_turn(self) -> None:
        """Wait for the turn of this thread's next request, which may have it already."""
        now = self._limiter.clock()
        if now - getattr(self._mine, "turn", -inf) > LATE:
            self._limiter.acquire()
            self._mine.turn = self._limiter.clock()

    @override
    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        self.take_turn()
        self._mine.turn = -inf
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


def take_turn(session: requests.Session, url: str) -> None:
    """Wait for the turn of this thread's next request to `url` before it is sent."""
    adapter = session.get_adapter(url)
    if isinstance(adapter, RateLimitedAdapter):
        adapter.take_turn()


def rate_limited_session(
    *,
    requests_per_minute: int,
    user_agent: str,
    rate_limit_store: str | None = None,
    limited: Callable[[float], object] = lambda _: None,
) -> requests.Session:
    """A session that never sends more than `requests_per_minute` in any 60 seconds.

    The window slides, so a short sync does not wait at all. Retries count too: the limiter sits
    below them. Processes that name the same `rate_limit_store` file share the limit. Closing the
    session ends the waiting for a turn; `limited` is told how long it takes.
    """
    limiter = (
        SharedRateLimiter(requests_per_minute, rate_limit_store, window=WINDOW)
        if rate_limit_store
        else RateLimiter(requests_per_minute, window=WINDOW)
    )
    limiter.limited = limited
    adapter = RateLimitedAdapter(limiter)
    session = requests.Session()
    session.headers["User-Agent"] = user_agent
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
