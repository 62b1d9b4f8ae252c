"""What happens meanwhile: accounts change, Billit fails, processes are killed."""

from __future__ import annotations

import signal
from collections import Counter, defaultdict, deque
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING

import psutil
from typing_extensions import override

from tap_billit.demo import Reply
from tests.kit.demo import TOKEN

if TYPE_CHECKING:
    import random

    from scripts.fleet_airflow.airflow import Airflow
    from scripts.fleet_airflow.fleet import Fleet
    from tap_billit.demo import Request

CHANGES, WEIGHTS = ("create", "change", "pay", "delete"), (4, 6, 3, 1)


class Trouble(Thread):
    """Something that happens every so many seconds, until there is enough of it."""

    def __init__(self, seconds: float, dice: random.Random) -> None:
        super().__init__(daemon=True)
        self._seconds, self._dice = seconds, dice
        self._enough = Event()
        self.done: Counter[str] = Counter()

    @override
    def run(self) -> None:
        while not self._enough.wait(self._dice.expovariate(1 / self._seconds)):
            self.happen()

    def end(self) -> None:
        """Let nothing happen any more."""
        self._enough.set()
        self.join()

    def happen(self) -> None:
        """Let it happen once."""
        raise NotImplementedError


class Changes(Trouble):
    """A third of the companies changes; the others are left as they are."""

    def __init__(self, fleet: Fleet, seconds: float, dice: random.Random) -> None:
        super().__init__(seconds, dice)
        self._account, self._companies = fleet.account, [*fleet.logins.values()][::3]

    @override
    def happen(self) -> None:
        [what] = self._dice.choices(CHANGES, WEIGHTS)
        self.done[what] += 1
        with self._account.lock:
            company = self._dice.choice(self._companies)
            listed = self._account.listing(company)
            order = self._dice.choice(listed)["OrderID"] if listed else None
            if what == "create" or order is None:
                self._account.create(company, OrderDirection="Income", OrderType="Invoice")
            elif what == "change":
                self._account.change(order, Reference=f"PO {self.done[what]}")
            else:
                getattr(self._account, what)(order)


class Kills(Trouble):
    """A worker, a task or what it runs is killed; now and then politely."""

    def __init__(self, airflow: Airflow, seconds: float, dice: random.Random) -> None:
        super().__init__(seconds, dice)
        self._airflow = airflow

    @override
    def happen(self) -> None:
        busy = self._airflow.busy()
        if not busy:
            return
        kind = self._dice.choice(sorted(busy))
        signum = self._dice.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM))
        try:
            self._dice.choice(busy[kind]).send_signal(signum)
        except psutil.NoSuchProcess:
            return
        self.done[f"{kind} {signum.name}"] += 1


class Limit:
    """So many requests a minute, of each login or of all together; more are refused."""

    def __init__(self, requests: int, *, shared: bool) -> None:
        self.requests, self.shared = requests, shared
        self._asked: dict[str | None, deque[float]] = defaultdict(deque)
        self.most = 0
        """The most requests in a minute."""

    def __call__(self, request: Request) -> Reply | None:
        """As a hook of the demo."""
        if request.path == TOKEN:
            return None
        asked, now = self._asked["all" if self.shared else request.party_id], monotonic()
        while asked and asked[0] <= now - 60:
            asked.popleft()
        asked.append(now)
        self.most = max(self.most, len(asked))
        return Reply.error(429, "TooManyRequests") if len(asked) > self.requests else None


class Faults:
    """A share of the requests is not answered, or not well."""

    def __init__(self, share: float, dice: random.Random) -> None:
        self._share, self._dice = share, dice
        self.done: Counter[str] = Counter()

    def __call__(self, _: Request) -> Reply | None:
        """As a hook of the demo."""
        if self._dice.random() >= self._share:
            return None
        what = self._dice.choice(("503", "429", "reset"))
        self.done[what] += 1
        if what == "reset":
            return Reply(cut="reset")
        return Reply.error(int(what), "GenericError")
