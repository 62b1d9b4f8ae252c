"""How many requests a minute may hold, and how many it held."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import replace
from math import ceil
from time import monotonic as real_monotonic
from typing import TYPE_CHECKING

from tap_billit.demo.messages import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 60.0


class RequestLimit:
    """At most `per_minute` requests of one key are served in any 60 seconds.

    `largest` is the largest number that was asked in any 60 seconds, by key: what was refused
    counts too.
    """

    def __init__(
        self, per_minute: int | None, *, monotonic: Callable[[], float] = real_monotonic
    ) -> None:
        self.per_minute = per_minute
        self.refused = 0
        self.largest: Counter[str] = Counter()
        self._monotonic = monotonic
        self._asked: dict[str, deque[float]] = defaultdict(deque)
        self._served: dict[str, deque[float]] = defaultdict(deque)

    def refusal(self, key: str = "") -> Reply | None:
        """The 429 once the minute is full; else the request counts."""
        now = self._monotonic()
        asked, served = self._asked[key], self._served[key]
        for moments in (asked, served):
            while moments and moments[0] <= now - WINDOW:
                moments.popleft()
        asked.append(now)
        self.largest[key] = max(self.largest[key], len(asked))
        if self.per_minute is None or len(served) < self.per_minute:
            served.append(now)
            return None
        self.refused += 1
        return too_many(ceil(served[0] + WINDOW - now))


def too_many(seconds: int) -> Reply:
    """The 429 that asks to wait so long."""
    reply = Reply.error(429, "TooManyRequests", "Te veel aanvragen, probeer later opnieuw.")
    return replace(reply, headers={"Retry-After": str(max(1, seconds))})
