"""What is in an order: its party, currency, dates and lines."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tap_billit.demo.order_lines import Line, adjusted, goods
from tap_billit.demo.seeded_random import chance, seeded_random
from tap_billit.demo.timestamps import local_date

if TYPE_CHECKING:
    from tap_billit.demo.counterparties import Parties
    from tap_billit.demo.order import Order

EUROS = {"EUR": 100_000, "USD": 108_450, "GBP": 85_720}
"""What a euro is worth in each currency, in hundred-thousandths."""


class Content(NamedTuple):
    """What is in an order, whatever happens to it later; some have no due date."""

    party: int
    currency: str
    order_date: date
    expiry: date | None
    lines: tuple[Line, ...]

    @property
    def excl(self) -> int:
        """TotalExcl in cents."""
        return sum(line.excl for line in self.lines)

    @property
    def tax(self) -> int:
        """TotalVAT in cents."""
        return sum(line.tax for line in self.lines)


def content_of(order: Order, *, seed: int, parties: Parties, currency: str) -> Content:
    """What the order's dice say, for a company with that currency; the same at any time."""
    lifecycle = order.lifecycle
    rng, seldom = (seeded_random(seed, part, lifecycle.root) for part in (20, 22))
    party = parties.pick(rng, at=lifecycle.begun, direction=order.direction)
    if lifecycle.met != lifecycle.root:
        dice = seeded_random(seed, 20, lifecycle.met)
        party = parties.pick(dice, at=lifecycle.begun, direction=order.direction)
    foreign = parties.summary(party)["CountryCode"] != "BE"
    abroad = rng.choice(("EUR", "EUR", "USD", "GBP")) if foreign else currency
    lines = adjusted(seldom, goods(rng, foreign=foreign))
    order_date = local_date(lifecycle.created)
    if order.direction == "Cost":
        order_date -= timedelta(days=rng.randrange(6))
    expiry = order_date + timedelta(days=lifecycle.term)
    undue = chance(seldom, 0.03)
    return Content(party, abroad, order_date, None if undue else expiry, lines)


def fx_rate(currency: str, *, home: str) -> int:
    """FXRateToForeign in hundred-thousandths: how much of it one unit of the home currency buys."""
    return round(EUROS[currency] * 100_000 / EUROS[home])
