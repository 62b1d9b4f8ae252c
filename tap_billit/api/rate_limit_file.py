"""The rate limit of all the processes on this machine that name the same file.

- A clock behind the latest booking was started again. How long ago the old turns were is unknown
  then, so they count as just taken: a reboot costs a window, once.
- A process that is killed loses what it had booked and nothing else: each booking is a transaction
  of SQLite, which opens its journal without following links.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, NamedTuple

from typing_extensions import override

from tap_billit.api.rate_limit import RateLimiter
from tap_billit.errors import BillitError, TransientError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

LOCK_PATIENCE = 4.0
"""Seconds to wait for other processes, which need a millisecond each; a signal ends a run in 5."""

OURS = 0x42494C4D
"""SQLite's application id of a rate limit store."""


class Turn(NamedTuple):
    """When a request may go out, and whether it is a first load's."""

    at: float
    first: bool = False


class FileRateLimiter(RateLimiter):
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
            self._start_anew(store, now)
            store.execute("DELETE FROM turns WHERE turn <= ?", (now - self._window,))
            found = store.execute("SELECT turn, first FROM turns")
            turns = [Turn(at, bool(first)) for at, first in found]
            first = self.is_first_load()
            free = next_in_lane(turns, first=first, limit=self._limit, window=self._window, now=now)
            turn = max(now, free, self._held_in(store))
            store.execute("INSERT INTO turns VALUES (?, ?, ?)", (turn, now, first))
        return turn

    @override
    def _hold(self, seconds: float) -> None:
        with self._transaction() as store:
            until = max(self._held_in(store), self.clock() + seconds)
            store.execute("DELETE FROM held")
            store.execute("INSERT INTO held VALUES (?)", (until,))

    @override
    def _held_until(self) -> float:
        with self._transaction() as store:
            return self._held_in(store)

    def _held_in(self, store: sqlite3.Connection) -> float:
        (until,) = store.execute("SELECT max(until) FROM held").fetchone()
        return float("-inf") if until is None else until

    def _start_anew(self, store: sqlite3.Connection, now: float) -> None:
        """Where the clock is behind the latest booking, let the old turns be just taken."""
        (booked,) = store.execute("SELECT max(booked) FROM turns").fetchone()
        if booked is not None and booked > now:
            store.execute("UPDATE turns SET turn = ?, booked = ?", (now, now))
            store.execute("DELETE FROM held")

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
        store.execute(
            "CREATE TABLE turns (turn REAL NOT NULL, booked REAL NOT NULL, first INTEGER NOT NULL)"
        )
        store.execute("CREATE TABLE held (until REAL NOT NULL)")

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


def next_free(turns: Iterable[Turn], limit: int, window: float) -> float:
    """The time from which on a window that ends there has room for one more."""
    latest = sorted((turn.at for turn in turns), reverse=True)
    return latest[limit - 1] + window if len(latest) >= limit else float("-inf")


def next_in_lane(turns: list[Turn], *, first: bool, limit: int, window: float, now: float) -> float:
    """The same where first loads leave at least half to the others.

    A first load comes after all that is booked. The others look at their own turns alone while
    there are first loads, which may have booked far ahead.
    """
    firsts = [turn for turn in turns if turn.first]
    active = any(turn.at > now - window for turn in firsts)
    half = limit // 2
    free = float("-inf")
    if first or not active or not half:
        free = next_free(turns, limit, window)
    if first and half:
        free = max(free, next_free(firsts, half, window))
    elif active and half:
        others = [turn for turn in turns if not turn.first]
        free = max(free, next_free(others, limit - half, window))
    return free
