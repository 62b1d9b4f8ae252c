"""Billit in a race: its tokens work once, and it sees who sends which when."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.kit.demo import TOKEN, empty_demo

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_billit.demo.messages import Reply, Request

LATENCY = 0.12
"""Seconds that a refresh takes at most."""


class Provider:
    """The demo; `disturb` may kill or stop a process whose refresh is on its way."""

    def __init__(self) -> None:
        self.demo = empty_demo()
        self.demo.hooks.append(self._refresh)
        self.disturb: Callable[[int], object] = lambda _: None
        self.senders: dict[str, int] = {}
        self.next: dict[str, str] = {}
        self.reused: Counter[str] = Counter()

    def _refresh(self, request: Request) -> Reply | None:
        if request.path != TOKEN:
            return None
        token = str((request.json() or {}).get("refresh_token"))
        process = int(request.header("User-Agent").rpartition("-")[2])
        before = random.random() < 0.5
        if before:
            self.disturb(process)
        if token in self.next:
            self.reused[token] += 1
        self.senders.setdefault(token, process)
        reply = self.demo.normal(request)
        body: Any = reply.body
        if reply.status == 200:
            self.next[token] = body["refresh_token"]
        if not before:
            self.disturb(process)
        return _later(reply)

    def expire(self) -> None:
        """End the access tokens that there are."""
        with self.demo._lock:
            self.demo.expire_access_tokens()


def _later(reply: Reply) -> Reply:
    reply.delay = random.uniform(0, LATENCY)
    return reply
