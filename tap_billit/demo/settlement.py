"""How an order is paid: over the bank or not, and the PaidDate that Billit is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_billit.demo.timestamps import DAY, HOUR

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from tap_billit.demo.events import Event

WIRED = "Wired"
_OWED_FROM = frozenset({"created", "sent", "approved", "converted", "part-paid"})


class Settlement(NamedTuple):
    """When the last payment of an order goes over the bank, its PaidDate and PaymentMethod.

    `banked` is None for what goes over no bank account, `dated` where no PaidDate is given.
    """

    banked: int | None = None
    dated: int | None = None
    method: str | None = None


def at_once(at: int) -> Settlement:
    """A payment that Billit knows of when it happens."""
    return Settlement(at, at)


def settlement(rng: random.Random, events: Sequence[Event], direction: str) -> Settlement:
    """How the order with these events is paid, if it is."""
    paid = next((event.at for event in events if event.kind == "paid"), None)
    if paid is None:
        return Settlement()
    owed = max(event.at for event in events if event.at < paid and event.kind in _OWED_FROM)
    ways = _PAID if direction == "Cost" else _RECEIVED
    [way] = rng.choices(tuple(ways), tuple(ways.values()))
    return way(rng, owed, paid)


def _at_once(rng: random.Random, owed: int, paid: int) -> Settlement:
    del rng, owed
    return at_once(paid)


def _matched_late(rng: random.Random, owed: int, paid: int) -> Settlement:
    """The money moved up to 90 days before somebody told which order it was for."""
    banked = max(paid - rng.randrange(2 * DAY, 90 * DAY), min(owed + HOUR, paid))
    return Settlement(banked, banked, WIRED)


def _direct_debit(rng: random.Random, owed: int, paid: int) -> Settlement:
    """Known to be paid up to 30 days before the money moves."""
    del owed
    collected = paid + rng.randrange(5 * DAY, 30 * DAY)
    return Settlement(collected, collected, "Domiciliation")


def _in_cash(rng: random.Random, owed: int, paid: int) -> Settlement:
    del rng, owed
    return Settlement(None, paid, "Contant")


def _undated(rng: random.Random, owed: int, paid: int) -> Settlement:
    """Marked as paid, without a date."""
    del rng, owed, paid
    return Settlement()


_RECEIVED = {_at_once: 84, _matched_late: 9, _in_cash: 4, _undated: 3}
_PAID = {_at_once: 65, _matched_late: 9, _direct_debit: 20, _in_cash: 3, _undated: 3}
