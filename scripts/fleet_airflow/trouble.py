"""What happens meanwhile: accounts change, and processes are killed."""

from __future__ import annotations

import signal
from collections import Counter
from threading import Event, Thread
from typing import TYPE_CHECKING

import psutil
from typing_extensions import override

if TYPE_CHECKING:
    import random

    from scripts.fleet_airflow.airflow import Airflow
    from scripts.fleet_airflow.fleet import Fleet

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
    """The account of every third login changes; the others are left as they are."""

    def __init__(self, fleet: Fleet, seconds: float, dice: random.Random) -> None:
        super().__init__(seconds, dice)
        self._fleet, self._changing = fleet, [*fleet.logins][::3]

    @override
    def happen(self) -> None:
        [what] = self._dice.choices(CHANGES, WEIGHTS)
        self.done[what] += 1
        account = self._fleet.account(self._dice.choice(self._changing))
        with account.lock:
            company = account.companies[0]["PartyID"]
            listed = account.listing(company)
            order = self._dice.choice(listed)["OrderID"] if listed else None
            if what == "create" or order is None:
                account.create(company, OrderDirection="Income", OrderType="Invoice")
            elif what == "change":
                account.change(order, Reference=f"PO {self.done[what]}")
            else:
                getattr(account, what)(order)


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
