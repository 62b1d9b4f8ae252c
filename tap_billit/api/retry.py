"""How long the tap keeps trying: one policy for every request, and one patience for a run.

What fails alone, while Billit answers something else, is tried a few times and costs only itself.
What fails with everything else is an outage: whatever is asked meanwhile waits for one deadline,
`retry_minutes` after the first failure, and then the run ends.

After a 429, and whatever else may pass (`STATUS_RULES` in `errors.py`), the next try comes when
`Retry-After` says, and else after 2, 4, 8 … 60 seconds: the limit is per minute.
"""

from __future__ import annotations

import logging
import random
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import backoff
import requests

from tap_billit.errors import Costs, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from backoff.types import Details

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_WAIT = 60.0
"""Seconds: the cap of one exponential wait; the limit is per minute, so longer gains nothing."""

SHORTEST_WAIT = 1.0
"""Seconds: a `Retry-After` of 0 or in the past would have the tap hammer on a busy server."""

PATIENCE = 15 * 60.0
"""Seconds: a night-time maintenance window."""

TRIES = 3
"""How often something is tried that fails while Billit answers something else."""

logger = logging.getLogger("tap-billit")


class Patience:
    """What is left of `retry_minutes`: spent once in a run, by whatever is asked.

    `answers` asks Billit for something that has always worked. `limited` is told of how many
    seconds Billit asks the run to wait, and `hold` of how many a 429 asks everybody to.
    """

    def __init__(self, seconds: float = PATIENCE) -> None:
        self._seconds = seconds
        self._failing_since: float | None = None
        self._last_success = float("-inf")
        self.answers: Callable[[], bool] = lambda: False
        self.limited: Callable[[float], object] = lambda _: None
        self.hold: Callable[[float], object] = lambda _: None

    def succeeded(self) -> None:
        """Billit has answered: there is no outage, or no more."""
        self._failing_since = None
        self._last_success = monotonic()

    def left(self, since: float) -> float:
        """Seconds left for a request that first failed at `since`."""
        failing_since = self._failing_since
        if failing_since is None:
            failing_since = self._failing_since = since
        return max(0.0, min(since, failing_since) + self._seconds - monotonic())

    def is_outage(self, since: float) -> bool:
        """Whether nothing has been answered `since`."""
        return self._last_success <= since and not self.answers()

    def spend(self) -> None:
        """Wait no more in this run."""
        self._seconds = 0.0


def retrying(
    request: Callable[P, T], *, patience: Patience | None = None, own: bool = False
) -> Callable[P, T]:
    """`request`, tried again after each `TransientError` until the patience ends.

    With `own`, what is asked may fail while all else works, and is then given up after a few tries.
    """
    return backoff.on_exception(
        _waits,
        TransientError,
        jitter=None,
        on_success=lambda _: patience.succeeded() if patience else None,
        on_backoff=_say,
        on_giveup=_give_up,
        logger=None,
        patience=patience,
        own=own,
    )(request)


def _waits(patience: Patience | None, *, own: bool) -> Generator[float, TransientError, None]:
    """Seconds before each next try: what Billit asked for, else 2, 4, 8 … with jitter."""
    patience = patience or Patience()
    failure = yield 0.0
    since, alone, outage = monotonic(), 1, not own
    for tries in count(1):
        if own and not failure.busy and alone >= TRIES:
            before, outage = outage, patience.is_outage(since)
            if not before and not outage:
                return
            if not outage:  # Billit is back, perhaps since this was asked
                since, alone = monotonic(), 0
        if failure.costs is Costs.RUN:  # a login in between has waited for all that there is
            return
        left = patience.left(since)
        if left <= 0:
            _run_out(failure, patience, outage=outage or patience.is_outage(since))
            return
        wait = random.uniform(0.5, 1) * min(2.0 ** min(tries, 9), LONGEST_WAIT)  # noqa: S311
        asked = failure.retry_after
        wait = min(left, wait if asked is None else max(asked, SHORTEST_WAIT))
        if failure.busy:
            patience.limited(wait)
        _hold(failure, patience, most=left)
        failure = yield wait
        alone += 1


def _run_out(failure: TransientError, patience: Patience, *, outage: bool) -> None:
    """The patience is spent, and with it the run if nothing else is answered either."""
    patience.spend()
    if outage:
        failure.costs = Costs.RUN
        _hold(failure, patience, most=PATIENCE)


def _hold(failure: TransientError, patience: Patience, *, most: float) -> None:
    """Have everybody wait for as many seconds as a 429 asks for, `most` at most."""
    asked = failure.retry_after
    if asked is not None and failure.status == requests.codes.too_many_requests:
        patience.hold(min(most, max(asked, SHORTEST_WAIT)))


def _say(details: Details) -> None:
    logger.warning(
        "%s Trying again in %.0f seconds (try %d).",
        details["exception"],
        details["wait"],
        details["tries"] + 1,
    )


def _give_up(details: Details) -> None:
    if getattr(details["exception"], "costs", None) is Costs.RUN:
        logger.error(
            "Gave up after %d tries in %.0f seconds; `retry_minutes` says how long.",
            details["tries"],
            details["elapsed"],
        )
