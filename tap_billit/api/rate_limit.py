"""How many requests may go out: a sliding window, of this process or of all that share a store.

The rules, each with its reason:

- At most `limit` turns in any `WINDOW`, and no slower than that: Billit counts per minute, so the
  first ones of a short sync need not wait.
- A turn is booked at once and waited for afterwards, outside every lock: those who wait keep their
  order and hinder nobody. A turn booked far ahead is as good as one that was used.
- Who wakes up late books anew: the machine slept or was too busy, and others have the turns by now.
- Where Billit says how long to wait, everybody waits so long: no turn is booked before that, and
  who has waited long looks again before going.
- The clock is the time since this machine started, sleep included where it can be had. Nobody sets
  it, and it is the same one for all processes.

Those who share a store have two lanes: first loads take at most half of the turns and queue behind
all others; while there are any, the others take the other half, and else all of them.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from threading import Event, Lock
from typing import TYPE_CHECKING

from tap_billit.errors import BillitError, RunOverError

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 61.0
"""Seconds. Billit's minute and one more, as some requests are longer on their way than others."""

LATE = 0.5
"""Seconds that a turn may be used after its time: half of what a window is more than a minute."""

LONG = 5.0
"""Seconds to wait for a turn that are worth a word, and a second look."""


def since_start() -> float:
    """Seconds since this machine started."""
    if boottime := getattr(time, "CLOCK_BOOTTIME", None):
        return time.clock_gettime(boottime)
    return time.monotonic()


class RateLimiter:
    """Turns, at most `limit` of them in any `window` seconds; the first ones come at once.

    `limited` is told of a turn that is so many seconds ahead; `is_first_load` says whose turn is
    asked for, where others share the limit.
    """

    clock: Callable[[], float] = staticmethod(since_start)
    limited: Callable[[float], object] = staticmethod(lambda _: None)
    is_first_load: Callable[[], bool] = staticmethod(lambda: False)

    def __init__(self, limit: int, *, window: float) -> None:
        self._limit = limit
        self._window = window
        self._turns: deque[float] = deque(maxlen=limit)
        self._held = float("-inf")
        self._lock = Lock()
        self._over = Event()

    def acquire(self) -> None:
        """Wait for the next turn, in the order of asking.

        Raises:
            BillitError: the limiter was closed meanwhile, or its store cannot be used.
        """
        while True:
            with self._lock:
                turn = self._book()
            ahead = max(0.0, turn - self.clock())
            if ahead > LONG:
                self.limited(ahead)
            if self._over.wait(ahead):
                raise RunOverError
            if self.clock() - turn <= LATE and not (ahead > LONG and self._is_held()):
                return

    def hold(self, seconds: float) -> None:
        """Give nobody a turn for so long; a store that is out of order says so at the next turn."""
        with suppress(BillitError), self._lock:
            self._hold(seconds)

    def close(self) -> None:
        """Give no more turns, not even to those who wait."""
        self._over.set()

    def _is_held(self) -> bool:
        with self._lock:
            return self._held_until() > self.clock()

    def _book(self) -> float:
        """The time of the next turn, which is taken now."""
        now = self.clock()
        full = len(self._turns) == self._limit
        free = self._turns[0] + self._window if full else now
        turn = max(now, self._held, free)
        self._turns.append(turn)
        return turn

    def _hold(self, seconds: float) -> None:
        self._held = max(self._held, self.clock() + seconds)

    def _held_until(self) -> float:
        return self._held
