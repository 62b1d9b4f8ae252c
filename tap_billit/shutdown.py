"""How a signal ends the process: in a thread of its own.

A signal handler runs between any two steps of the main thread, which may hold any lock: a handler
that waits for one waits for ever. So it only passes the signal on.
"""

from __future__ import annotations

import os
from functools import cache
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_stops: SimpleQueue[tuple[Callable[[int], None], int]] = SimpleQueue()
"""Its `put` may be called from a signal handler, unlike that of other queues."""

_signals: list[int] = []


@cache
def listen() -> None:
    """Be ready for signals, from now on."""
    Thread(target=_end, name="stopping", daemon=True).start()


def stop(end: Callable[[int], None], signum: int) -> None:
    """Have `end` called with the signal, then leave with exit status 128 + `signum`, as shells do.

    May be called from a signal handler; the first call counts.
    """
    _signals.append(signum)
    _stops.put((end, signum))


def give_way() -> None:
    """Wait for the end, if a signal has come: what fails now fails because of it."""
    if _signals:
        Event().wait()


def _end() -> None:
    end, signum = _stops.get()
    try:
        end(signum)
    finally:
        os._exit(128 + signum)  # other threads have nothing to lose
