"""The world that a tap reads: a demo account that changes, and the changes it knows.

Every change names its order by a number that is taken modulo the orders there are, so that any
list of changes makes sense on any account, and Hypothesis can shorten it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tap_billit.demo.account import Account
from tap_billit.demo.timestamps import local_date, midnight, written

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
    """A payment; a quiet one does not move LastModified."""

    order: int = 0
    quiet: bool = False


@dataclass(frozen=True)
class Delete:
    order: int = 0


@dataclass(frozen=True)
class Wait:
    """Billit's clock goes on, by so many milliseconds."""

    time: int = SECOND


Change = Create | Touch | Move | Pay | Delete | Wait


class World:
    """An account under change, and what has changed since a sync began."""

    def __init__(self, now: datetime, *, companies: int = 1) -> None:
        self.now = now
        self.account = Account(orders=0, companies=companies, clock=lambda: self.now)
        self.companies = [company["PartyID"] for company in self.account.companies]
        self.touched: set[int] = set()
        self.quiet: set[int] = set()
        self.changes = 0
        self._serial = 0

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

    def _alter(self, order: int, change: Touch | Move | Pay | Delete) -> None:
        self.touched.add(order)
        if isinstance(change, Delete):
            self.account.delete(order)
            return
        if isinstance(change, Pay) and change.quiet:
            self.quiet.add(order)
            unmoved = self.account.row(order)["LastModified"]
            today = midnight(local_date(self.account.now))
            self.account.change(order, Paid=True, PaidDate=today, LastModified=unmoved)
            return
        self.quiet.discard(order)
        if isinstance(change, Pay):
            self.account.pay(order)
        elif isinstance(change, Move):
            direction, kind = KINDS[change.kind]
            stamp = self.stamp(change.age)
            self.account.change(order, OrderDirection=direction, OrderType=kind, LastModified=stamp)
        else:
            self._serial += 1
            stamp = self.stamp(change.age, fine=change.fine)
            self.account.change(order, OrderNumber=f"R{self._serial}", LastModified=stamp)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
