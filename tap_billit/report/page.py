"""The page: one file with all companies in all languages, without a script.

A link to `#nl-7` shows company 7 in Dutch; the style hides the rest. What Billit sends is escaped
by Jinja everywhere, and the page's own policy keeps it from asking anything of anybody.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tap_billit.report import charts
from tap_billit.report.figures import BUCKETS, ZERO, Company
from tap_billit.report.language import Language, grouped
from tap_billit.report.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from tap_billit.report.marts import Row

CATEGORIES = ("Z", "E", "AE", "K", "G", "O")
"""The categories of VAT that the page names; the standard one goes without saying."""


def page(companies: Sequence[Company], *, language: str = "en") -> str:
    """The page in HTML; it opens in `language`."""
    codes = sorted(LANGUAGES, key=lambda code: code != language)
    return (
        _environment()
        .get_template("page.html")
        .render(
            companies=companies,
            languages=[Language(code) for code in codes],
            charts=charts,
            buckets=BUCKETS,
            categories=CATEGORIES,
            version=version("tap-billit"),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tap_billit.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "amount_of": _amount_of,
        "amounts": _amounts,
        "iban": grouped,
        "unconverted": _unconverted,
        "word": _word,
    }
    return environment


def _word(name: str, say: Language) -> Markup:
    return say(name)


def _amount_of(name: str, amounts: dict[str, Decimal]) -> Decimal:
    return amounts.get(name, ZERO)


def _unconverted(company: Company, say: Language) -> Markup:
    """The amounts that no sum holds: what is open by currency, and how many more."""
    parts = [_amounts(company.unconverted, company, say)] if company.unconverted else []
    if company.unconverted_elsewhere:
        parts.append(say("unconverted", count=say.count(company.unconverted_elsewhere)))
    return Markup(", ").join(parts)


def _amounts(rows: list[Row], company: Company, say: Language) -> Markup:
    """An amount for each currency."""
    amounts = (say.money(row["amount"], row["currency"] or company.currency) for row in rows)
    return Markup(", ").join(amounts)
