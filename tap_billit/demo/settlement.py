"""How an order is paid: over the bank or not, and the PaidDate that Billit is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_billit.demo.timestamps import DAY

if TYPE_CHECKING:
    import random

    from tap_billit.demo.events import Events

WIRED = "Wired"


class Settlement(NamedTuple):
    """When the last payment of an order goes over the bank, its PaidDate and PaymentMethod.

    `banked` is None for what goes over no bank account, `dated` where no PaidDate is given.
    """

    banked: int | None = None
    dated: int | None = None
    method: str | None = None


def at_once(events: Events) -> Settlement:
    """Paid over the bank, if at all, and known to be paid at that moment."""
    paid = next((event.at for event in events if event.kind == "paid"), None)
    return Settlement(paid, paid)


def choose_settlement(rng: random.Random, events: Events, direction: str) -> Settlement:
    """How the order with these events is paid; moves the event if that is known later."""
    place = next((i for i, event in enumerate(events) if event.kind == "paid"), None)
    if place is None:
        return Settlement()
    ways = _PAID if direction == "Cost" else _RECEIVED
    [way] = rng.choices(tuple(ways), tuple(ways.values()))
    known, settlement = way(rng, events[place].at)
    events[place] = events[place]._replace(at=known)
    return settlement


def _wired(rng: random.Random, at: int) -> tuple[int, Settlement]:
    del rng
    return at, Settlement(at, at)


def _matched_late(rng: random.Random, at: int) -> tuple[int, Settlement]:
    """Up to 90 days after the money moved, somebody tells what it was for."""
    return at + rng.randrange(2 * DAY, 90 * DAY), Settlement(at, at, WIRED)


def _direct_debit(rng: random.Random, at: int) -> tuple[int, Settlement]:
    """Known up to 30 days before the money moves."""
    collected = at + rng.randrange(5 * DAY, 30 * DAY)
    return at, Settlement(collected, collected, "Domiciliation")


def _in_cash(rng: random.Random, at: int) -> tuple[int, Settlement]:
    del rng
    return at, Settlement(None, at, "Contant")


def _undated(rng: random.Random, at: int) -> tuple[int, Settlement]:
    """Marked as paid, no more."""
    del rng
    return at, Settlement()


_RECEIVED = {_wired: 83, _matched_late: 9, _in_cash: 4, _undated: 4}
_PAID = {_wired: 64, _matched_late: 9, _direct_debit: 20, _in_cash: 3, _undated: 4}
"""How many of a hundred are paid so."""
