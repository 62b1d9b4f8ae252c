"""Who may spend the token of a store that has no lock: whose note stands there, for a while.

Before a token is sent, a note goes into the place of what was read, with its owner and a lease.

- A note of another owner keeps others out until they have seen it unchanged for its lease. They
  count that on their own clock, from when they first saw it: no two clocks are compared.
- The owner sends nothing once a third of the lease is gone: the rest is for the answer and for
  keeping it. Its clock runs while the machine sleeps.
- Who takes over and is refused waits for one more lease: the owner may have been stopped, with the
  answer in its hands. Its answer wins, whoever has noted what since.

A process that is stopped for longer than the lease between its last look at the clock and its
request can still send a token that another has sent: no lease excludes that. A lock in PostgreSQL
does, as it lasts as long as the process.
"""

from __future__ import annotations

import math
import random
from secrets import token_hex
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tap_billit.api.rate_limit import since_start
from tap_billit.errors import TransientError

if TYPE_CHECKING:
    from tap_billit.tokens.document import PendingRefresh

LONGEST_PAUSE = 1.0
"""Seconds between two looks at the note of another, which usually is gone in one."""

LONG = 5.0
"""Seconds to wait that are worth a word."""


class Lease:
    """The lease of one process on one store; `times` as in `Storage.lease`."""

    def __init__(self, times: float | None) -> None:
        self._times = times
        self._mine: set[str | None] = set()
        self._sends_until = math.inf
        self._seen: PendingRefresh | None = None
        self._since = 0.0

    def begin(self, note: PendingRefresh, *, seconds: float) -> PendingRefresh:
        """`note` as this process's, from now on; a request takes so many seconds at most."""
        if self._times is None:
            return replace(note, owner=None, lease=None)
        lease, owner = self._times * seconds, token_hex(8)
        self._sends_until = since_start() + lease / 3
        self._mine.add(owner)
        return replace(note, owner=owner, lease=lease)

    def check(self) -> None:
        """See that there is time enough left to send the token.

        Raises:
            TransientError: others may soon take it for unsent.
        """
        if since_start() > self._sends_until:
            raise TransientError("The login was noted for renewal too long ago to renew it now.")

    def left(self, note: PendingRefresh | None) -> float:
        """Seconds that the note of another still keeps this process out."""
        if note is None or note.lease is None or note.refused or note.owner in self._mine:
            return 0.0
        if note != self._seen:
            self._seen, self._since = note, since_start()
        return max(0.0, self._since + note.lease - since_start())

    def renew(self) -> None:
        """Have the note that was seen last keep this process out once more."""
        self._seen = None


def pause(left: float) -> float:
    """Seconds until the next look, where so many are left."""
    return random.uniform(0.5, 1) * min(LONGEST_PAUSE, max(left, 0.02))  # noqa: S311
