"""Values of a schema's types: which fit, and how those are read that were written otherwise.

What has one reading is mended, and what stands for no value is null. Anything else would stop a
loader: reading it fails, and the record goes on without it.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LARGEST = 2**63 - 1
"""What fits a `bigint`."""

MOST_DIGITS = 300
"""Places before or after the point: more is no amount, and no loader's number."""

_DATE_TIME = re.compile(
    # No year 0; at the ends of the calendar an offset leads out of it; a 29th is looked up.
    r"(?!0000|(?:0001|9999).{8,}(?:Z|[+-]\d\d:\d\d)$)"
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])"
    r"(?:T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)?)?",
    re.ASCII,
)
_WRITTEN_DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?)?\s*"
    r"([Zz]|[+-](?:0\d|1[0-4]):?[0-5]\d)?",
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_ENDS = ("0001", "9999")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


class PartlyReadError(ValueError):
    """Some of an array could not be read; `rest` is what could."""

    def __init__(self, rest: list[Any]) -> None:
        super().__init__("part of an array")
        self.rest = rest


class ValueType(NamedTuple):
    """A type: its name, whether all of some values fit it, and how another is read.

    `read` raises ValueError where there is no one reading.
    """

    name: str
    fit: Callable[[tuple[Any, ...]], bool]
    read: Callable[[Any], Any]


def _fits(is_one: Callable[[Any], bool], values: tuple[Any, ...]) -> bool:
    return all(map(is_one, values))


def _have_type(types: frozenset[type], values: tuple[Any, ...]) -> bool:
    return types.issuperset(map(type, values))


def _is_integer(value: Any) -> bool:
    return value is None or (type(value) is int and -LARGEST <= value <= LARGEST)


def _is_number(value: Any) -> bool:
    if type(value) is Decimal:
        return -MOST_DIGITS < value.adjusted() < MOST_DIGITS
    return _is_integer(value)


def _is_date_time(value: Any) -> bool:
    return value is None or (type(value) is str and _DATE_TIME.fullmatch(value) is not None)


def read_number(value: Any) -> int | Decimal:
    """The number that `value` is, or says as text: digit for digit."""
    number = value
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value.strip()):
            raise ValueError("no number")
        try:
            number = Decimal(value.strip())
        except InvalidOperation:
            raise ValueError("no number") from None
    if type(number) is int:
        number = Decimal(number)
    if type(number) is not Decimal or not _is_number(number):
        raise ValueError("no number")
    return int(number) if number.as_tuple().exponent == 0 else number


def read_integer(value: Any) -> int:
    """The whole number that `value` is, or says, perhaps with a point."""
    number = read_number(value)
    if number != int(number) or not _is_integer(int(number)):
        raise ValueError("no whole number")
    return int(number)


def whole_number(value: Any) -> int | None:
    """The integer that `value` is or says; None if there is none."""
    try:
        return read_integer(value)
    except ValueError:
        return None


def _read_date_time(value: Any) -> str:
    found = _WRITTEN_DATE_TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        raise ValueError("no date-time")
    date, time, fraction, offset = found.groups()
    datetime.fromisoformat(f"{date}T{time or '00:00'}")
    if time is None:
        return str(date)
    seconds = time if time.count(":") > 1 else f"{time}:00"
    text = f"{date}T{seconds}" + (f".{fraction[:9]}" if fraction else "")
    if not offset or date[:4] in _ENDS:
        return text
    return text + ("Z" if offset in "Zz" else f"{offset[:3]}:{offset[-2:]}")


def _read_text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise ValueError("no text")  # noqa: TRY004  the caller's one case
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_boolean(value: Any) -> bool:
    try:
        return _BOOLEANS[str(value).strip().lower()]
    except KeyError:
        raise ValueError("no boolean") from None


def _refuse(value: Any) -> Any:
    raise ValueError(f"no {type(value).__name__} is expected")


def _read_array(of: ValueType, value: Any) -> list[Any]:
    """An array without what does not fit it; one value alone is an array of it."""
    items = value if isinstance(value, list) else [value]
    given = [item for item in items if not is_blank(item)]
    read = [_read_or_none(of, item) for item in given]
    rest = [item for item in read if item is not None]
    if len(rest) < len(given):
        raise PartlyReadError(rest)
    return rest


def _read_or_none(of: ValueType, item: Any) -> Any:
    try:
        return item if of.fit((item,)) else of.read(item)
    except ValueError:
        return None


def _is_array(of: ValueType, value: Any) -> bool:
    return value is None or (type(value) is list and None not in value and of.fit(tuple(value)))


_TYPES = {
    "string": ValueType("text", partial(_have_type, frozenset({str, type(None)})), _read_text),
    "boolean": ValueType(
        "boolean", partial(_have_type, frozenset({bool, type(None)})), _read_boolean
    ),
    "integer": ValueType("whole number", partial(_fits, _is_integer), read_integer),
    "number": ValueType("number", partial(_fits, _is_number), read_number),
    "object": ValueType("object", partial(_have_type, frozenset({dict, type(None)})), _refuse),
}
_ANY = ValueType("value", lambda _: True, _refuse)
_DATE_TIMES = ValueType("date-time", partial(_fits, _is_date_time), _read_date_time)


def type_of(definition: Mapping[str, Any]) -> ValueType:
    """The type that a property's schema says."""
    if definition.get("format") in ("date-time", "date"):
        return _DATE_TIMES
    types = definition.get("type", ())
    names = {types} if isinstance(types, str) else {*types} - {"null"}
    if len(names) != 1:
        return _ANY
    (name,) = names
    if name != "array":
        return _TYPES[name]
    items = type_of(definition.get("items", {}))
    return ValueType(
        f"array of {items.name}s",
        partial(_fits, partial(_is_array, items)),
        partial(_read_array, items),
    )


def is_blank(value: Any) -> bool:
    """Whether `value` stands for no value, whatever the type."""
    return value in (None, [], {}) or (isinstance(value, str) and not value.strip())
