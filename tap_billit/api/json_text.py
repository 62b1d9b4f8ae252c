"""JSON as Billit writes it: read strictly, and once more, leniently, where that fails.

Odd characters are data, not weather: a byte order mark, another charset, half of a character that
is two (an emoji cut in the middle), control characters in a text, a byte that is no UTF-8, NaN.
"""

from __future__ import annotations

import codecs
import json
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError)
"""What reading JSON raises: it is none, nested deeper than anything can read, or no number is."""

MOST_DIGITS = 4000
"""Digits of an integer: Python reads no more, and no amount has so many."""

MOST_ZEROS = 300
"""Places by which an exponent may move the point."""


def _number(text: str) -> Decimal | str:
    """Digit for digit; what no amount is, such as 1e-9999, stays text for others to judge."""
    number = Decimal(text)
    if ("e" in text or "E" in text) and not -MOST_ZEROS < number.adjusted() < MOST_ZEROS:
        return text
    return number


read_strictly = msgspec.json.Decoder(float_hook=_number).decode


def read_leniently(content: bytes, *, charset: str | None = None) -> Any:
    """The JSON in `content`; what is no character becomes U+FFFD, what is no number text.

    Not null: a list that is NaN would be an empty one.

    Raises:
        msgspec.DecodeError: it is no JSON, whatever the characters.
    """
    try:
        body = json.loads(
            _text(content, charset),
            strict=False,
            parse_float=_number_or_text,
            parse_int=lambda digits: int(digits) if len(digits) < MOST_DIGITS else digits,
            parse_constant=str,
        )
    except ValueError as error:
        raise msgspec.DecodeError(type(error).__name__) from None
    return _whole_characters(body)


def _text(content: bytes, charset: str | None) -> str:
    encoding = json.detect_encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        known = charset if charset and _is_known(charset) else encoding
        text = content.decode(known, errors="replace")
    return text.lstrip("\ufeff")


def _is_known(charset: str) -> bool:
    try:
        return codecs.lookup(charset)._is_text_encoding  # noqa: SLF001  base64 is a codec as well
    except (LookupError, ValueError):
        return False


def _number_or_text(text: str) -> Decimal | str:
    try:
        return _number(text)
    except InvalidOperation:
        return text


def _whole_characters(value: Any) -> Any:
    """`value` without halves of characters, in names too."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole_characters(item) for item in value]
    if isinstance(value, dict):
        return {_whole_characters(name): _whole_characters(of) for name, of in value.items()}
    return value
