"""The lines of an order, in whole numbers, and what Billit shows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_billit.demo import files
from tap_billit.demo.seeded_random import chance, decimal

if TYPE_CHECKING:
    import random

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
_WORTH_IT = 1_000
"""Cents of a line from which there are discounts."""

_INCOME_VENTILATION = {21: "4", 12: "3", 6: "2", 0: "1"}


class Adjustment(NamedTuple):
    """A discount (an allowance) or a charge: on the whole order, or `linked` to its first line.

    `code` is of UNCL 5189 for allowances, of UNCL 7161 for charges.
    """

    is_charge: bool
    code: str
    reason: str
    linked: bool = False


class Line(NamedTuple):
    """Amounts in cents, the quantity and the price in hundred-thousandths."""

    good: int
    quantity: int
    price: int
    vat: int
    excl: int
    tax: int
    reduction: int = 0
    adjustment: Adjustment | None = None
    linked: bool = False


_DISCOUNT = Adjustment(is_charge=False, code="95", reason="Klantenkorting")
_LINE_DISCOUNT = Adjustment(is_charge=False, code="100", reason="Remise spéciale", linked=True)
_FREIGHT = Adjustment(is_charge=True, code="FC", reason="Transportkosten")


def goods(rng: random.Random, *, foreign: bool) -> tuple[Line, ...]:
    """One to five lines of goods."""
    return tuple(_line(rng, foreign=foreign) for _ in range(rng.choice((1, 1, 2, 2, 3, 5))))


def adjusted(rng: random.Random, lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines with what now and then comes to them: reductions, discounts and charges."""
    first, *others = lines
    if chance(rng, 0.06):
        first = _reduced(first, rng.choice((5, 10, 15, 25)))
    added: list[Line] = []
    if first.excl >= _WORTH_IT and chance(rng, 0.03):
        first = first._replace(linked=True)
        added.append(_adjusting(_LINE_DISCOUNT, first, -first.excl // 10))
    elif first.excl >= _WORTH_IT and chance(rng, 0.04):
        excl = sum(line.excl for line in lines if line.vat == first.vat)
        added.append(_adjusting(_DISCOUNT, first, -excl // 20))
    if chance(rng, 0.05):
        added.append(_adjusting(_FREIGHT, first, rng.randrange(750, 9_500)))
    return (first, *others, *added)


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


def order_lines(lines: tuple[Line, ...], order_id: int, *, seed: int, sold: bool) -> list[Json]:
    """The OrderLines of an order."""
    link = files.file_id(order_id, "link", seed=seed)
    return [
        {
            "OrderLineID": order_id * 8 + number,
            "Quantity": decimal(line.quantity, 5),
            "UnitPriceExcl": decimal(line.price, 5),
            **_what(line, number),
            "TotalExcl": decimal(line.excl),
            "TotalVAT": decimal(line.tax),
            "VATPercentage": decimal(line.vat * 100),
            "VentilationCode": ventilation(line, sold=sold),
            "InclLeading": False,
            "TotalIncl": decimal(line.excl + line.tax),
            **({"LinkedOrderLineID": link} if line.linked else {}),
        }
        for number, line in enumerate(lines)
    ]


def _what(line: Line, number: int) -> Json:
    if line.adjustment:
        return {
            "Code": line.adjustment.code,
            "Description": line.adjustment.reason,
            "AllowanceChargeIndicator": line.adjustment.is_charge,
            "CustomFields": {},
        }
    name, _ = GOODS[line.good]
    return {
        "Reference": f"ART-{line.good + 1:03}",
        "Description": name,
        "CustomFields": {"Name": name, "PeppolLineID": str(number + 1)},
        **({"ReductionPercentage": decimal(line.reduction * 100)} if line.reduction else {}),
    }


def _line(rng: random.Random, *, foreign: bool) -> Line:
    quantity = rng.choice((100_000, 100_000, 50_000, 25_000)) * rng.randrange(1, 25)
    price = rng.randrange(400, 40_000) * rng.choice((1_000, 1_000, 1_000, 125, 37))
    vat = 0 if foreign else rng.choices((21, 12, 6, 0), (75, 5, 15, 5))[0]
    excl = max(1, (quantity * price + 50_000_000) // 100_000_000)
    return Line(rng.randrange(len(GOODS)), quantity, price, vat, excl, _tax(excl, vat))


def _reduced(line: Line, percentage: int) -> Line:
    reduced = line.quantity * line.price * (100 - percentage)
    excl = max(1, (reduced + 5_000_000_000) // 10_000_000_000)
    return line._replace(reduction=percentage, excl=excl, tax=_tax(excl, line.vat))


def _adjusting(adjustment: Adjustment, line: Line, excl: int) -> Line:
    """The line of a discount (negative) or charge, at the VAT rate of the line it goes with."""
    tax = _tax(excl, line.vat)
    price = excl * 1_000
    return Line(
        line.good, 100_000, price, line.vat, excl, tax, 0, adjustment, linked=adjustment.linked
    )


def _tax(excl: int, vat: int) -> int:
    return (excl * vat + 50) // 100
