"""One race on one store, and what must hold at its end."""

from __future__ import annotations

import queue
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from typing_extensions import override

from tap_billit.auth.oauth import DeadLoginError
from tap_billit.errors import BillitError, TransientError
from tests.races.provider import Provider
from tests.races.stores import LOCKED, STORES
from tests.races.workers import Contestant, Crowd

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_billit.tokens.document import Tokens
    from tests.races.proxy import LossyProxy

T = TypeVar("T")

CONTESTANTS = 6
TICK = 0.2
LOST_ANSWERS = 0.03


@dataclass
class Result:
    """The figures of a race; `broken` names the promises that were not kept."""

    store: str
    seconds: float
    refreshes: int
    kills: int
    stops: int
    answers_lost: int
    lost: int
    again_lost: int
    again_late: int
    end: str
    broken: list[str] = field(default_factory=list)

    @override
    def __str__(self) -> str:
        figures = (
            f"{self.store}: {self.seconds:.0f} s, {self.refreshes} refreshes, {self.kills} kills, "
            f"{self.stops} stops, {self.answers_lost} answers of the store lost; "
            f"{self.lost} logins lost and noted, tokens sent again: {self.again_lost} of those, "
            f"{self.again_late} whose answer came late; at the end {self.end}"
        )
        return "\n".join([figures, *(f"  BROKEN: {each}" for each in self.broken)])


@dataclass
class Race:
    """Goes on until there were so many `refreshes`, `kills` and `stops`."""

    refreshes: int
    kills: int
    stops: int
    lease: float
    seconds: float
    broken: list[str] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)

    def run(self, name: str) -> Result:
        """Race on that store."""
        with STORES[name](LOST_ANSWERS) as (place, proxy):
            self._provider = Provider()
            with self._provider.demo as demo:
                self._contestant = Contestant(
                    demo.url, demo.client_id, demo.client_secret, place, self.lease
                )
                self._crowd = Crowd(self._contestant, CONTESTANTS, kill=0.12, stop=0.05)
                self._provider.disturb = self._crowd.disturb
                self._log_in()
                began = time.monotonic()
                try:
                    self._go(until=began + self.seconds)
                finally:
                    self._crowd.end()
                return self._judge(name, proxy, time.monotonic() - began)

    def _go(self, until: float) -> None:
        while not self._done():
            if time.monotonic() > until:
                self.broken.append("the race was not over in time")
                return
            self._crowd.fill()
            if random.random() < 0.5:
                self._crowd.disturb_any()
            with self._provider.demo._lock:
                self._provider.demo.expire_access_tokens()
            self._hear()
            time.sleep(TICK)

    def _done(self) -> bool:
        crowd, demo = self._crowd, self._provider.demo
        return (
            demo.refreshes >= self.refreshes
            and crowd.kills >= self.kills
            and crowd.stops >= self.stops
        )

    def _hear(self) -> None:
        """Log in again if somebody found the login lost."""
        try:
            said = self._crowd.dead.get_nowait()
        except queue.Empty:
            return
        if self._lose():
            self._log_in()
        elif "cut off" not in said:
            self.broken.append(f"nothing was noted of what was lost: {said}")

    def _lose(self) -> bool:
        """Whether the store says that its token is lost; its successor is out of reach then."""
        kept = self._kept()
        if not (kept and kept.spending and kept.spending.refused):
            return False
        token = kept.refresh_token or ""
        self.lost.add(token)
        if token not in self._provider.next:
            self.broken.append("a token was called lost that works")
        self._provider.demo._refresh.discard(self._provider.next.get(token, ""))
        return True

    def _log_in(self) -> None:
        token = self._provider.demo.issue_refresh_token()
        try:
            self._patiently(lambda: self._contestant.ask(self._contestant.login(token)))
        except DeadLoginError:
            # Another process saw the token noted, spent it, and was killed.
            if not self._lose():
                raise
            self._log_in()

    def _kept(self) -> Tokens | None:
        return self._patiently(self._contestant.login().store.load)

    @staticmethod
    def _patiently(work: Callable[[], T]) -> T:
        for _ in range(20):
            with suppress(TransientError):
                return work()
            time.sleep(TICK)
        return work()

    def _judge(self, name: str, proxy: LossyProxy | None, seconds: float) -> Result:
        end = self._end()
        again = set(self._provider.reused)
        late = again - self.lost
        if late and name in LOCKED:
            self.broken.append(f"{len(late)} tokens were sent again that were not lost")
        crowd, demo = self._crowd, self._provider.demo
        if {self._provider.senders[token] for token in late} - crowd.stopped:
            self.broken.append("a token was sent again whose sender was neither killed nor stopped")
        return Result(
            store=name,
            seconds=seconds,
            refreshes=demo.refreshes,
            kills=crowd.kills,
            stops=crowd.stops,
            answers_lost=proxy.lost if proxy else 0,
            lost=len(self.lost),
            again_lost=len(again & self.lost),
            again_late=len(late),
            end=end,
            broken=self.broken,
        )

    def _end(self) -> str:
        """Whether the next run goes on by itself, with the one live token."""
        demo = self._provider.demo
        with demo._lock:
            demo.expire_access_tokens()
        try:
            self._patiently(lambda: self._contestant.ask(self._contestant.login()))
        except BillitError as error:
            if not self._lose():
                self.broken.append(f"at the end: {error}")
            return "noted"
        kept = self._kept()
        if not kept or demo._refresh != {kept.refresh_token}:
            self.broken.append(f"{len(demo._refresh)} live tokens, of which the store has one")
        return "live"
