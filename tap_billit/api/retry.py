"""How fast Billit is asked, and how long the tap keeps trying: one policy for every request."""

from __future__ import annotations

import logging
import random
from itertools import count
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import backoff

from tap_billit.errors import TransientError

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
"""Seconds for all tries of one request: a night-time maintenance window."""

logger = logging.getLogger("tap-billit")


def retrying(request: Callable[P, T], *, patience: float = PATIENCE) -> Callable[P, T]:
    """`request`, tried again after each `TransientError` until `patience` (seconds) runs out."""
    return backoff.on_exception(
        _waits,
        TransientError,
        max_time=patience,
        jitter=None,
        on_backoff=_say,
        on_giveup=_give_up,
        logger=None,
    )(request)


def _waits() -> Generator[float, TransientError, None]:
    """Seconds before each next try: what Billit asked for, else 2, 4, 8 … with jitter.

    `backoff` shortens the last one to what is left of the patience.
    """
    failure = yield 0.0
    for tries in count(1):
        wait = random.uniform(0.5, 1) * min(2.0 ** min(tries, 9), LONGEST_WAIT)  # noqa: S311
        asked = failure.retry_after
        failure = yield wait if asked is None else max(asked, SHORTEST_WAIT)


def _say(details: Details) -> None:
    logger.warning(
        "%s Trying again in %.0f seconds (try %d).",
        details["exception"],
        details["wait"],
        details["tries"] + 1,
    )


def _give_up(details: Details) -> None:
    logger.error(
        "Gave up after %d tries in %.0f seconds; `retry_minutes` says how long.",
        details["tries"],
        details["elapsed"],
    )
