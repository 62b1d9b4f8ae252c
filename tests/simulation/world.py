"""The world that a tap reads: a demo account that changes, and the changes it knows.

Every change names its order by a number that is taken modulo the orders there are, so that any
list of changes makes sense on any account, and Hypothesis can shorten it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import TYPE_CHECKING, Any

from tap_billit.demo.dialect import Dialect
from tap_billit.demo.timestamps import local_date, midnight, written
from tests.simulation.account import SimulatedAccount

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS = (
    ("Income", "Invoice"),
    ("Income", "CreditNote"),
    ("Cost", "Invoice"),
    ("Cost", "CreditNote"),
    ("Income", "Offer"),
)
LOOKBACK = timedelta(minutes=5)
SECOND = 1000
DAY = 24 * 60 * 60 * SECOND
LOOKS_BACK = 45 * DAY
"""How old a row of a list may be, by its own date, for a change to be noticed by the next run."""


@dataclass(frozen=True)
class Create:
    """`times` new orders with one stamp, of `age` milliseconds ago: they commit late."""

    kind: int = 0
    age: int = 0
    times: int = 1
    company: int = 0
    fine: bool = False


@dataclass(frozen=True)
class Touch:
    """A change of any property."""

    order: int = 0
    age: int = 0
    fine: bool = False


@dataclass(frozen=True)
class Move:
    """An order turns out to be of another kind."""

    order: int = 0
    kind: int = 0
    age: int = 0


@dataclass(frozen=True)
class Pay:
    """A payment, dated so many `days` from now, or not dated; a quiet one moves no LastModified."""

    order: int = 0
    quiet: bool = False
    days: int | None = 0


@dataclass(frozen=True)
class Unpay:
    """A payment is taken back, which moves no LastModified."""

    order: int = 0


@dataclass(frozen=True)
class Delete:
    order: int = 0


@dataclass(frozen=True)
class Add:
    """`times` new rows of a list with one stamp, or dated so many `days` ago."""

    what: str = "parties"
    age: int = 0
    times: int = 1
    company: int = 0
    days: int = 0


@dataclass(frozen=True)
class Edit:
    """A row of a list changes."""

    what: str = "parties"
    number: int = 0
    age: int = 0


@dataclass(frozen=True)
class Remove:
    """A row of a list is deleted; no other list says so."""

    what: str = "parties"
    number: int = 0


@dataclass(frozen=True)
class Join:
    """The login reaches one more company."""


@dataclass(frozen=True)
class Refuse:
    """Billit refuses a company from now on, or no longer."""

    company: int = 0
    refused: bool = True


@dataclass(frozen=True)
class Wait:
    """Billit's clock goes on, by so many milliseconds."""

    time: int = SECOND


Change = Create | Touch | Move | Pay | Unpay | Delete | Add | Edit | Remove | Join | Refuse | Wait

MOST_COMPANIES = 3
_SERIAL = count()


class World:
    """An account under change, and what has changed since a sync began.

    `touched` are the keys of what has changed: an OrderID, or a list's name and a key in it.
    `quiet` are orders paid, or no longer, while their LastModified stood still. `late` are rows of
    lists that changed when they were older than a run looks for. `refused` are companies that
    Billit refuses, `was_refused` says whether it refused any since. `same_second`: the run before
    began in the same one, by Billit's clock.
    """

    def __init__(
        self, now: datetime, *, companies: int = 1, dialect: Dialect | None = None
    ) -> None:
        self.now = now
        self.dialect = dialect or Dialect()
        self.account = SimulatedAccount(companies=MOST_COMPANIES, clock=lambda: self.now)
        self._to_join = self.account.companies[companies:]
        del self.account.companies[companies:]
        self.refused: set[int] = set()
        self.was_refused = False
        self.files_url = f"memory://files-{next(_SERIAL)}"
        self.touched: set[Any] = set()
        self.quiet: set[int] = set()
        self.late: set[Any] = set()
        self.changes = 0
        self._serial = 0
        self._began = 0
        self.same_second = False

    def begin_run(self) -> None:
        """Forget what has changed before this run."""
        self.touched.clear()
        self.changes = 0
        self.was_refused = bool(self.refused)
        before, self._began = self._began, self.account.now
        self.same_second = before // SECOND == self._began // SECOND

    @property
    def day_turned(self) -> bool:
        """Whether another day began during this run, which no row that was read before shows."""
        return local_date(self.account.now) != local_date(self._began)

    @property
    def companies(self) -> list[int]:
        """The PartyIDs of all companies that the login reaches."""
        return [company["PartyID"] for company in self.account.companies]

    @property
    def orders(self) -> dict[int, dict[str, Any]]:
        """All live orders, by OrderID."""
        return {
            row["OrderID"]: row for company in self.companies for row in self.account.rows(company)
        }

    def stamp(self, age: int = 0, *, fine: bool = False) -> str:
        """What LastModified says `age` milliseconds ago; a fine one has seven digits."""
        text = written(int(self.now.timestamp() * SECOND) - age)
        if not fine:
            return text
        whole, _, fraction = text.partition(".")
        return f"{whole}.{fraction.ljust(3, '0')}9999"

    def apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            self._apply(change)

    def _apply(self, change: Change) -> None:
        if isinstance(change, Wait):
            self.now += timedelta(milliseconds=change.time)
            return
        self.changes += 1
        if isinstance(change, Create):
            self.create(change)
        elif isinstance(change, Add | Edit | Remove):
            self._alter_list(change)
        elif isinstance(change, Join | Refuse):
            self._alter_companies(change)
        elif live := sorted(self.orders):
            self._alter(live[change.order % len(live)], change)

    def create(self, change: Create) -> list[int]:
        direction, kind = KINDS[change.kind]
        company = self.companies[change.company % len(self.companies)]
        stamp = self.stamp(change.age, fine=change.fine)
        ids = [
            self.account.create(
                company, OrderDirection=direction, OrderType=kind, LastModified=stamp
            )
            for _ in range(change.times)
        ]
        self.changes += change.times - 1
        self.touched.update(ids)
        return ids

    def _alter(self, order: int, change: Touch | Move | Pay | Unpay | Delete) -> None:
        self.touched.add(order)
        if isinstance(change, Delete):
            self.account.delete(order)
            return
        if isinstance(change, Pay) and change.quiet:
            self._pay_quietly(order, paid=True, on=self._day(change.days))
            return
        if isinstance(change, Unpay):
            self._pay_quietly(order, paid=False, on=None)
            return
        self.quiet.discard(order)
        if isinstance(change, Pay) and change.days == 0:
            self.account.pay(order)
        elif isinstance(change, Pay):
            self.account.change(order, Paid=True, PaidDate=self._day(change.days))
        elif isinstance(change, Move):
            direction, kind = KINDS[change.kind]
            stamp = self.stamp(change.age)
            self.account.change(order, OrderDirection=direction, OrderType=kind, LastModified=stamp)
        else:
            self._serial += 1
            stamp = self.stamp(change.age, fine=change.fine)
            self.account.change(order, OrderNumber=f"R{self._serial}", LastModified=stamp)

    def _pay_quietly(self, order: int, *, paid: bool, on: str | None) -> None:
        row = self.account.row(order)
        if row["Paid"] == paid:
            return
        self.quiet.add(order)
        self.account.change(order, Paid=paid, PaidDate=on, LastModified=row["LastModified"])

    def _day(self, days: int | None) -> str | None:
        today = local_date(self.account.now)
        return None if days is None else midnight(today + timedelta(days=days))

    def _alter_list(self, change: Add | Edit | Remove) -> None:
        account, stamp = self.account, self.stamp(change.age if hasattr(change, "age") else 0)
        if isinstance(change, Add):
            company = self.companies[change.company % len(self.companies)]
            stamp = self.stamp(change.age + change.days * DAY)
            keys = [account.add(change.what, company, stamp) for _ in range(change.times)]
            self.changes += change.times - 1
        elif keys := account.keys(change.what):
            keys = [keys[change.number % len(keys)]]
            if isinstance(change, Edit):
                if (account.dated(change.what, keys[0]) or stamp) < self.stamp(LOOKS_BACK):
                    self.late.add((change.what, keys[0]))
                account.edit(change.what, keys[0], stamp)
            else:
                account.remove(change.what, keys[0])
        self.touched.update((change.what, key) for key in keys)

    def _alter_companies(self, change: Join | Refuse) -> None:
        if isinstance(change, Join):
            self.account.companies += self._to_join[:1]
            del self._to_join[:1]
            company = self.companies[-1]
        else:
            company = self.companies[change.company % len(self.companies)]
            (self.refused.add if change.refused else self.refused.discard)(company)
            self.was_refused |= change.refused
        self.touched.add(("companies", company))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
