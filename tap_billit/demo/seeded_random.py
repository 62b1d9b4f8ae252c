"""Chance that repeats: the same seed parts give the same rng."""

from __future__ import annotations

import random
from decimal import Decimal


def seeded_random(*parts: int) -> random.Random:
    """A generator of its own for the thing these numbers name."""
    seed = 0
    for part in parts:
        seed = seed * 1_000_003 + part * 2 + (part < 0)
    return random.Random(seed)  # noqa: S311


def chance(dice: random.Random, probability: float) -> bool:
    """True so many times out of one."""
    return dice.random() < probability


def decimal(number: int, places: int = 2) -> Decimal:
    """An exact decimal with its trailing zeros, from a count of its smallest unit."""
    return Decimal(number).scaleb(-places)
