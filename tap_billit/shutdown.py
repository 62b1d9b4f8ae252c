"""What happens at a signal: the threads involved, and the steps of the exit.

The steps: at once the log line, the last STATE and the close of the account (`GRACE` seconds in
all); then a refresh whose token is on its way; then what the log holds back; then the exit with
status 128 + the signal's number. When SIGTERM, SIGINT, SIGHUP or SIGQUIT comes, these are there:

1. The main thread, in which Python calls the handler between any two steps. It may hold any lock,
   so the handler takes none: it passes the signal on, and the main thread goes on until the end.
2. The thread "shutdown", which waits for a signal. It alone ends the process, `GRACE` seconds
   later at most; the only exception is 5.
3. Three threads that it starts, as each may stand still for ever. One logs the signal: standard
   error may be stuck. One takes the lock of the writer, so that the line under way is whole, and
   writes the last STATE: the loader may be stuck. One closes the account: then nothing is asked
   any more, and whoever waits for a turn or for the lock of the token store gives up.
4. Threads that read ahead. They hold nothing that must be finished.
5. A thread of `shield`, in which a refresh runs with the lock of the store. It may be dropped at
   any time, except while it is `spending`: from the moment when the single-use token is sent until
   what follows it is in the store. The process waits for that, as long as was said to last.

A run that ends by itself closes its account too: that waits for the refresh under way.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from threading import Condition, Event, Thread, current_thread, main_thread
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from tap_billit.api.prefetch import fulfil
from tap_billit.errors import RunOverError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import FrameType

T = TypeVar("T")

GRACE = 4.0
"""Seconds for what is being written and asked when a signal comes."""

LAST_LINE = 0.5
"""Seconds for what the log holds back."""

logger = logging.getLogger("tap-billit")


class Shutdown:
    """What is under way in this process, and how it ends."""

    def __init__(self) -> None:
        # Its `put` may be called from a signal handler, unlike that of other queues.
        self._signals: SimpleQueue[int] = SimpleQueue()
        self._calls: tuple[Callable[[], object], ...] = ()
        self._stopped = False
        self._over = False
        self._spending: list[float] = []
        self._change = Condition()
        self.leave: Callable[[int], object] = lambda signum: os._exit(128 + signum)

    def listen(self, *, last_words: Callable[[], object], close: Callable[[], object]) -> None:
        """End the process when a signal comes, with exit status 128 + its number, as shells do."""
        if not self._calls:
            Thread(target=self._end, name="shutdown", daemon=True).start()
        self._calls = (last_words, close)
        _handle(self.stop)

    def stop(self, signum: int, _: FrameType | None = None) -> None:
        """Begin the end. A signal handler; the first signal counts."""
        self._stopped = True
        self._signals.put(signum)

    @property
    def stopped(self) -> bool:
        """Whether a signal has come."""
        return self._stopped

    def give_way(self) -> None:
        """Wait for the end, if a signal has come: what fails now fails because of it."""
        if self._stopped:
            Event().wait()

    def shield(self, work: Callable[[], T]) -> T:
        """The result of `work`, which goes on when the waiting for it is interrupted.

        Python raises in the main thread alone, and waits for other threads before it exits.
        """
        future: Future[T] = Future()
        Thread(target=fulfil, args=(future, work), name="billit-shield").start()
        while not wait([future], timeout=1).done:  # without end, Windows would hear no Ctrl-C
            pass
        return future.result()

    @contextmanager
    def spending(self, seconds: float, *, begins: bool = True) -> Generator[None, None, None]:
        """Have an end wait for what is done here, so many seconds from the signal at most.

        Raises:
            BillitError: the end has begun, so that this may not begin.
        """
        with self._change:
            if begins and self._over:
                raise RunOverError
            self._spending.append(seconds)
        try:
            yield
        finally:
            with self._change:
                self._spending.remove(seconds)
                self._change.notify_all()

    def _end(self) -> None:
        signum = self._signals.get()
        began = monotonic()
        with self._change:
            self._over = True
        _try((lambda: _log(signum), *self._calls), until=began + GRACE)
        with self._change:  # nothing begins any more
            while self._spending and (left := began + max(self._spending) - monotonic()) > 0:
                self._change.wait(left)
            _try((logging.shutdown,), until=monotonic() + LAST_LINE)
            self.leave(signum)  # other threads have nothing to lose


def exit_on_signals() -> None:
    """Leave the main thread at a signal, as at Ctrl-C: for a command that a person looks at.

    What is shielded goes to its end.
    """
    _handle(lambda signum, _: sys.exit(128 + signum))


def _handle(handler: Callable[[int, FrameType | None], object]) -> None:
    if current_thread() is not main_thread():
        return
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"):
        signum = getattr(signal, name, None)  # Windows has the first two
        # Under `nohup`, SIGHUP is ignored.
        optional = name in {"SIGHUP", "SIGQUIT"}
        if signum and not (optional and signal.getsignal(signum) is signal.SIG_IGN):
            signal.signal(signum, handler)


def _try(calls: tuple[Callable[[], object], ...], *, until: float) -> None:
    """Do the calls at once, each in a thread that may stand still, and wait for them."""
    threads = [Thread(target=_quietly, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - monotonic()))


def _quietly(call: Callable[[], object]) -> None:
    with suppress(Exception):
        call()


def _log(signum: int) -> None:
    logger.warning("Stopped by %s", signal.Signals(signum).name)


process = Shutdown()
"""The end of this process."""
