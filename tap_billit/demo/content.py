"""What is in an order: its lines, in whole numbers, and the totals that follow from them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_billit.demo.seeded_random import decimal, seeded_random
from tap_billit.demo.timestamps import local_date

if TYPE_CHECKING:
    import random

    from tap_billit.demo.counterparties import Parties
    from tap_billit.demo.lifecycle import Lifecycle

Json = dict[str, Any]

GOODS = (
    ("Afwerking «Noord»", "uur"),
    ("Abonnement / basis", "maand"),
    ("Livraison à l'étage", "stuk"),
    ("Onderhoud installatie", "uur"),
    ('Plank eik 3/4"', "meter"),
    ("Matériel d'emballage", "stuk"),
    ("Advies & opleiding", "dag"),
    ("Pièces détachées", "stuk"),
    ("Verzending EU", "stuk"),
    ("Koffie, 1 kg", "stuk"),
)
RATES = {"EUR": 100_000, "USD": 108_450, "GBP": 85_720}
_INCOME_VENTILATION = {21: "4", 12: "3", 6: "2", 0: "1"}


class Line(NamedTuple):
    """Amounts in cents, the quantity and the price in hundred-thousandths."""

    good: int
    quantity: int
    price: int
    vat: int
    excl: int
    tax: int


class Content(NamedTuple):
    """What is in an order, whatever happens to it later."""

    party: int
    currency: str
    order_date: date
    expiry: date
    lines: tuple[Line, ...]

    @property
    def excl(self) -> int:
        """TotalExcl in cents."""
        return sum(line.excl for line in self.lines)

    @property
    def tax(self) -> int:
        """TotalVAT in cents."""
        return sum(line.tax for line in self.lines)


def content_of(lifecycle: Lifecycle, *, seed: int, parties: Parties) -> Content:
    """What the order's dice say; the same at any time."""
    rng = seeded_random(seed, 20, lifecycle.root)
    party = parties.pick(rng, at=lifecycle.begun, direction=lifecycle.direction)
    foreign = parties.summary(party)["CountryCode"] != "BE"
    currency = rng.choice(("EUR", "EUR", "USD", "GBP")) if foreign else "EUR"
    count = rng.choice((1, 1, 2, 2, 3, 5))
    lines = tuple(_line(rng, foreign=foreign) for _ in range(count))
    order_date = local_date(lifecycle.created)
    if lifecycle.direction == "Cost":
        order_date -= timedelta(days=rng.randrange(6))
    return Content(party, currency, order_date, order_date + timedelta(days=lifecycle.term), lines)


def ventilation(line: Line, *, sold: bool) -> str:
    """The VentilationCode of a line."""
    return _INCOME_VENTILATION[line.vat] if sold else "1"


def vat_groups(lines: tuple[Line, ...], *, sold: bool) -> list[Json]:
    """The VatGroups of an order: its lines by VATPercentage."""
    groups: dict[int, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.vat, []).append(line)
    return [
        {
            "VentilationCode": ventilation(group[0], sold=sold),
            "VATPercentage": decimal(vat * 100),
            "TotalExcl": decimal(excl := sum(line.excl for line in group)),
            "TotalVAT": decimal(tax := sum(line.tax for line in group)),
            "TotalIncl": decimal(excl + tax),
            "Mtvh": decimal(excl),
            "FinancialReductionAmount": decimal(0),
        }
        for vat, group in sorted(groups.items())
    ]


def _line(rng: random.Random, *, foreign: bool) -> Line:
    quantity = rng.choice((100_000, 100_000, 50_000, 25_000)) * rng.randrange(1, 25)
    price = rng.randrange(400, 40_000) * rng.choice((1_000, 1_000, 1_000, 125, 37))
    vat = 0 if foreign else rng.choices((21, 12, 6, 0), (75, 5, 15, 5))[0]
    excl = max(1, (quantity * price + 50_000_000) // 100_000_000)
    return Line(rng.randrange(len(GOODS)), quantity, price, vat, excl, (excl * vat + 50) // 100)
