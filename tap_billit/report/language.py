"""One of the page's languages: its words, and numbers and days as its readers write them."""

from __future__ import annotations

import re
from datetime import timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit
from markupsafe import Markup
from vl_convert import get_format_locale

from tap_billit.report.words import WORDS

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

BRUSSELS = ZoneInfo("Europe/Brussels")

_LOCALES = {"en": "en_GB", "nl": "nl_BE", "fr": "fr_BE"}
_NAMES = {"en": "English", "nl": "Nederlands", "fr": "Français"}
_CHARTS: dict[str, Any] = {"en": "en-GB", "nl": "nl-NL", "fr": "fr-FR"}


class Language:
    """Speaks one language."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.name = _NAMES[code]
        self.charts = get_format_locale(_CHARTS[code])
        self._locale = Locale.parse(_LOCALES[code])

    def __call__(self, word: str, **values: object) -> Markup:
        """A word or sentence, with values put in; they are escaped."""
        return Markup(WORDS[word][self.code]).format(**values)  # noqa: S704

    def money(self, amount: Decimal, currency: str) -> Markup:
        """An amount with its currency, to the cent."""
        return _data(amount, format_currency(amount, currency, locale=self._locale))

    def whole(self, amount: Decimal, currency: str) -> Markup:
        """An amount with its currency, without cents."""
        return _data(amount, self._without_cents(amount, currency))

    def change(self, amount: Decimal, currency: str) -> Markup:
        """The same for what came or went: with its sign."""
        written = self._without_cents(-abs(amount), currency)  # the sign in its place
        sign = "+" if amount > 0 else "-" if amount < 0 else ""
        return _data(amount, written.replace("-", sign))

    def number(self, amount: Decimal) -> Markup:
        """An amount without its currency, to the cent."""
        return _data(amount, format_decimal(amount, "#,##0.00", locale=self._locale))

    def count(self, number: int | Decimal) -> str:
        """A number of things."""
        return format_decimal(number, "#,##0", locale=self._locale)

    def days(self, number: int | Decimal) -> str:
        """A number of days."""
        return format_unit(round(number), "duration-day", locale=self._locale)

    def percent(self, rate: Decimal) -> str:
        """A rate in percent, as many decimals as it has."""
        space = "\N{NO-BREAK SPACE}" if self.code == "fr" else ""
        return format_percent(rate / 100, f"#,##0.##{space}%", locale=self._locale)

    def day(self, day: date, form: str = "d MMM y") -> str:
        """A day."""
        return format_date(day, form, locale=self._locale)

    def month(self, day: date) -> str:
        """A month and its year."""
        return format_date(day, "LLLL y", locale=self._locale)

    def quarter(self, day: date) -> str:
        """A quarter and its year."""
        return format_date(day, "QQQ y", locale=self._locale)

    def utc(self, moment: datetime) -> str:
        """A moment that is in UTC, as clocks in Brussels show it."""
        return self.time(moment.replace(tzinfo=timezone.utc).astimezone(BRUSSELS))

    def time(self, moment: datetime) -> str:
        """A moment, as it is."""
        return format_datetime(moment, "d MMM y, HH:mm", locale=self._locale)

    def _without_cents(self, amount: Decimal, currency: str) -> str:
        whole = re.sub(r"\.0+", "", self._locale.currency_formats["standard"].pattern)
        return format_currency(
            amount, currency, format=whole, locale=self._locale, currency_digits=False
        )


def grouped(iban: str) -> str:
    """An account number in groups of four."""
    plain = re.sub(r"\s", "", iban)
    return " ".join(plain[place : place + 4] for place in range(0, len(plain), 4))


def _data(amount: Decimal, text: str) -> Markup:
    """The text with the exact amount beside it, for machines."""
    return Markup('<data value="{}">{}</data>').format(
        f"{amount:f}", text.replace("-", "\N{MINUS SIGN}")
    )
