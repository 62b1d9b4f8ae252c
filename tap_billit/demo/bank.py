"""The bank accounts of the companies: what moves on them, and which orders it pays."""

from __future__ import annotations

import heapq
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_billit.demo.lifecycle import START
from tap_billit.demo.order_row import share
from tap_billit.demo.seeded_random import decimal, seeded_random
from tap_billit.demo.timestamps import DAY, HOUR, local_date, midnight

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from tap_billit.demo.order import Order

Json = dict[str, Any]

FIRST_TRANSACTION = 7_000_000
MOST_TRANSACTIONS = 100_000
_EVERY = 30 * DAY
_CENT = Decimal("0.01")

_OTHERS = (
    ("Demobank", "Beheerskosten rekening", -1_500, -600),
    ("SPF Finances / FOD Financiën", "TVA / BTW", -900_000, -100_000),
    ("Sociaal Secretariaat Demo", "Lonen", -1_200_000, -300_000),
    ("Onbekend", "Storting zonder mededeling", 5_000, 80_000),
)
"""What is no payment of an order: counterparty, message, and from how many cents to how many."""


class Movement(NamedTuple):
    """Money that moves at a moment; those of one moment and `group` are one transaction.

    `what` is the event it pays for (`part-paid`; `paid`, the rest), an amount paid by hand, or, of
    no order, the number of a movement that belongs to none.
    """

    at: int
    group: int
    order_id: int
    company: int
    what: str | Decimal | int


class Transaction(NamedTuple):
    """Movements that the bank booked as one; `comes_in` says which of them are receipts."""

    transaction_id: int
    movements: tuple[Movement, ...]
    comes_in: tuple[bool, ...] = ()


class Part(NamedTuple):
    """A movement, with the order that it pays for as it is now."""

    movement: Movement
    order: Order
    row: Json
    comes_in: bool

    @property
    def amount(self) -> Decimal:
        """In the currency of the order, always positive."""
        if isinstance(self.movement.what, Decimal):
            return self.movement.what
        total = Decimal(self.row["TotalIncl"])
        first = share(total, self.order.lifecycle.part)
        return first if self.movement.what == "part-paid" else total - first

    @property
    def booked(self) -> Decimal:
        """In the currency of the account, negative for what goes out."""
        rate = Decimal(self.row["FXRateToForeign"])
        amount = (self.amount / rate).quantize(_CENT, ROUND_HALF_UP)
        return amount if self.comes_in else -amount

    @property
    def is_assigned(self) -> bool:
        """Whether somebody has told what the money was for."""
        what = self.movement.what
        return isinstance(what, Decimal) or self.order.when(str(what)) is not None

    @property
    def entity(self) -> Json:
        """The AssignedEntity."""
        return {
            "AssignedAmount": self.amount,
            "FXRateToBankCurrency": self.row["FXRateToForeign"],
            "EntityType": "Order",
            "EntityID": self.order.order_id,
        }


class Bank:
    """The transactions of the companies, in the order in which they were booked."""

    def __init__(
        self, *, seed: int, companies: list[Json], orders: Mapping[int, Order], before: int = 0
    ) -> None:
        self._seed, self._companies, self._orders = seed, companies, orders
        self._upcoming: list[Movement] = []
        self._before = before
        self._last_id = FIRST_TRANSACTION + MOST_TRANSACTIONS * before
        self.transactions: list[list[Transaction]] = [[] for _ in companies]

    def open(self) -> None:
        """Let money move that has nothing to do with orders: now and then in each company."""
        for company in range(len(self._companies)):
            self._expect_other(company, 0)

    def expect(self, order: Order) -> None:
        """Take in when the order will be paid."""
        lifecycle = order.lifecycle
        moments = {"part-paid": order.planned("part-paid"), "paid": lifecycle.settlement.banked}
        for what, at in moments.items():
            if at is not None:
                movement = Movement(at, lifecycle.met, order.order_id, lifecycle.company, what)
                heapq.heappush(self._upcoming, movement)

    def advance(self, now: int) -> None:
        """Book what should have moved by now."""
        due: list[Movement] = []
        while self._upcoming and self._upcoming[0].at <= now:
            movement = heapq.heappop(self._upcoming)
            if isinstance(movement.what, int):
                self._expect_other(movement.company, movement.what + 1)
                due.append(movement)
            elif self._still_planned(movement):
                due.append(movement)
        for _, together in groupby(due, key=lambda movement: movement[:2]):
            self.book(*together)

    def book(self, *movements: Movement) -> None:
        """A transaction of these movements."""
        self._last_id += 1
        comes_in = tuple(self._comes_in(movement) for movement in movements)
        booked = Transaction(self._last_id, movements, comes_in)
        self.transactions[movements[0].company].append(booked)

    def shown(self, booked: Transaction, row_of: Callable[[Order], Json]) -> Json:
        """The Transaction in the company's currency, positive for what comes in."""
        first = booked.movements[0]
        return {
            "BankAccountTransactionID": booked.transaction_id,
            "BankName": "Demobank",
            "BankAccountID": 5_000 + self._before + first.company,
            "Currency": self._companies[first.company]["DefaultCurrencyTC"],
            **(self._other(first) if not first.order_id else self._payment(booked, row_of)),
            "ValueDate": (day := midnight(local_date(first.at))),
            "BankReference": f"{day[:10].replace('-', '')}{booked.transaction_id:08}",
        }

    def _payment(self, booked: Transaction, row_of: Callable[[Order], Json]) -> Json:
        orders = [self._orders[movement.order_id] for movement in booked.movements]
        parts = [
            Part(movement, order, row_of(order), comes_in)
            for movement, order, comes_in in zip(
                booked.movements, orders, booked.comes_in, strict=True
            )
        ]
        party = parts[0].row["CounterParty"]["DisplayName"]
        references = [part.row.get("PaymentReference") for part in parts]
        return {
            **_stated(
                party,
                message=" ".join(filter(None, references)),
                amount=sum((part.booked for part in parts), Decimal(0)),
            ),
            "AssignedEntities": [part.entity for part in parts if part.is_assigned],
        }

    def _other(self, movement: Movement) -> Json:
        party, message, *cents = _OTHERS[int(movement.what) % len(_OTHERS)]
        amount = decimal(self._dice(movement.company, int(movement.what)).randrange(*cents))
        return {**_stated(party, message=message, amount=amount), "AssignedEntities": []}

    def _expect_other(self, company: int, number: int) -> None:
        later = self._dice(company, number).randrange(9 * DAY)
        at = START + (number + 1) * _EVERY + later + 9 * HOUR
        heapq.heappush(self._upcoming, Movement(at, -1 - company, 0, company, number))

    def _dice(self, company: int, number: int) -> random.Random:
        return seeded_random(self._seed, 40, company, number)

    def _still_planned(self, movement: Movement) -> bool:
        order = self._orders[movement.order_id]
        return not order.deleted and order.planned(str(movement.what)) is not None

    def _comes_in(self, movement: Movement) -> bool:
        order = self._orders.get(movement.order_id)
        return order is not None and order.sold != (order.kind == "CreditNote")


def _stated(party: str, *, message: str, amount: Decimal) -> Json:
    """What the bank's statement says of a transaction."""
    return {
        "NameCounterParty": party,
        "TotalAmount": amount,
        "TransactionType": "Credit" if amount >= 0 else "Debit",
        "Description": f"{party} {message}".strip(),
        "FreeMessage": message,
    }
