"""Numbers that carry check digits: VAT, IBAN and the structured payment reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random


def vat_number(rng: random.Random, country: str, /) -> str:
    """A VAT number of the country; Belgian and French ones have valid check digits."""
    if country == "BE":
        base = rng.randrange(4_000_000, 8_000_000)
        return f"BE0{base}{97 - base % 97:02}"
    if country == "FR":
        siren = _luhn(rng.randrange(30_000_000, 90_000_000))
        return f"FR{(12 + 3 * (siren % 97)) % 97:02}{siren:09}"
    digits = rng.randrange(100_000_000, 1_000_000_000)
    return f"NL{digits}B01" if country == "NL" else f"{country}{digits}"


def iban(rng: random.Random, country: str, /) -> str:
    """An IBAN of the country with valid check digits, at a bank that does not exist."""
    if country == "BE":
        account = rng.randrange(9_500_000_000, 9_600_000_000)
        bban = f"{account}{account % 97 or 97:02}"
    else:
        prefix, digits = {"FR": ("", 23), "NL": ("DEMO", 10), "DE": ("", 18), "GB": ("DEMO", 14)}[
            country
        ]
        bban = prefix + str(rng.randrange(10 ** (digits - 1), 10**digits))
    rest = int("".join(str(int(character, 36)) for character in f"{bban}{country}00")) % 97
    return f"{country}{98 - rest:02}{bban}"


def payment_reference(number: int, /) -> str:
    """`+++ddd/dddd/ddddd+++`: ten digits and their remainder by 97 (97 for 0)."""
    digits = f"{number:010}{number % 97 or 97:02}"
    return f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++"


def _luhn(base: int) -> int:
    """The base with the last digit that makes it pass Luhn's test."""
    total = 0
    for place, digit in enumerate(reversed(str(base))):
        doubled = int(digit) * (2 - place % 2)
        total += doubled - 9 * (doubled > 9)  # noqa: PLR2004
    return base * 10 + -total % 10
