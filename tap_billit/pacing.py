"""How fast Billit is asked, and how long the tap keeps trying: one policy for every request."""

from __future__ import annotations

import logging
import random
from itertools import count
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import backoff
import requests
from pyrate_limiter import SQLiteBucket
from requests_ratelimiter import LimiterAdapter

from tap_billit.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from backoff.types import Details

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_WAIT = 60.0
"""Seconds: the cap of one exponential wait; the limit is per minute, so longer gains nothing."""

PATIENCE = 15 * 60.0
"""Seconds for all tries of one request: a night-time maintenance window."""

logger = logging.getLogger("tap-billit")


def paced_session(
    *, requests_per_minute: int, user_agent: str, shared_budget: str | None = None
) -> requests.Session:
    """A session that never sends more than `requests_per_minute` in any 60 seconds.

    The window slides, so a short sync does not wait at all. The limiter sits under the retries:
    they count too. Its own reaction to a 429, a full window's wait, is off: `retrying` decides.
    Processes that name the same `shared_budget` file share the limit.
    """
    bucket: dict[str, Any] = {}
    if shared_budget:
        bucket = {
            "bucket_class": SQLiteBucket,
            "bucket_kwargs": {"path": shared_budget, "use_file_lock": True},
        }
    adapter = LimiterAdapter(
        per_minute=requests_per_minute,
        per_host=False,
        bucket_name="billit",
        limit_statuses=(),
        **bucket,
    )
    session = requests.Session()
    session.headers["User-Agent"] = user_agent
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def retrying(request: Callable[P, T], *, patience: float = PATIENCE) -> Callable[P, T]:
    """`request`, tried again after each `TransientError` until `patience` (seconds) runs out."""
    return backoff.on_exception(
        _waits,
        TransientError,
        max_time=patience,
        jitter=None,
        on_backoff=_say,
        logger=None,
    )(request)


def _waits() -> Generator[float, TransientError, None]:
    """Seconds before each next try: what Billit asked for, else 2, 4, 8 … with jitter."""
    failure = yield 0.0
    for tries in count(1):
        wait = random.uniform(0.5, 1) * min(2.0**tries, LONGEST_WAIT)  # noqa: S311
        failure = yield wait if failure.retry_after is None else failure.retry_after


def _say(details: Details) -> None:
    logger.warning(
        "%s Trying again in %.0f seconds (try %d).",
        details["exception"],
        details["wait"],
        details["tries"] + 1,
    )
