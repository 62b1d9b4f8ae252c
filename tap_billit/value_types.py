"""Values of a schema's types: which fit, and how those are read that were written otherwise.

What has one reading is mended, and what stands for no value is null. Anything else would stop a
loader: reading it fails, and the record goes on without it.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

LARGEST = 2**63 - 1
"""What fits a `bigint`."""

MOST_DIGITS = 300
"""Places before or after the point: more is no amount, and no loader's number."""

_DATE_TIME = re.compile(
    # No year 0; at the ends of the calendar an offset leads out of it; a leap day is looked up.
    r"(?!0000|(?:0001|9999).{8,}(?:Z|[+-]\d\d:\d\d)$)"
    r"\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|"
    r"(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
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


def _or_none(*types: type) -> frozenset[type]:
    return frozenset({*types, type(None)})


_OBJECTS = frozenset({dict})


class PartlyReadError(ValueError):
    """Some of an array could not be read; `rest` is what could."""

    def __init__(self, rest: list[Any]) -> None:
        super().__init__("part of an array")
        self.rest = rest


class ValueType(NamedTuple):
    """A type: what fits it, and how something else is read.

    `are_valid` looks at values of the right Python `types`, at many of them in one step, as clean
    records must not cost. `read` raises ValueError where there is no one reading.
    """

    name: str
    types: frozenset[type] | None
    are_valid: Callable[[Iterable[Any]], bool] | None
    read: Callable[[Any], Any]

    def fits(self, value: Any) -> bool:
        """Whether `value` is one of this type."""
        if self.types is not None and type(value) not in self.types:
            return False
        return self.are_valid is None or self.are_valid((value,))


def _are_small(numbers: Iterable[Any]) -> bool:
    """Whether all fit a `bigint`; of larger amounts, `read` makes what they were."""
    given = [*filter(None, numbers)]
    return not given or (max(given) <= LARGEST and min(given) >= -LARGEST)


def _are_date_times(texts: Iterable[str | None]) -> bool:
    return all(text is None or _DATE_TIME.fullmatch(text) for text in texts)


def _hold_objects(arrays: Iterable[list[Any] | None]) -> bool:
    return _OBJECTS.issuperset(map(type, chain.from_iterable(filter(None, arrays))))


def _hold(of: ValueType, arrays: Iterable[list[Any] | None]) -> bool:
    return all(
        item is not None and of.fits(item) for item in chain.from_iterable(filter(None, arrays))
    )


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
    if type(number) is not Decimal or not -MOST_DIGITS < number.adjusted() < MOST_DIGITS:
        raise ValueError("no number")
    return int(number) if number.as_tuple().exponent == 0 else number


def read_integer(value: Any) -> int:
    """The whole number that `value` is, or says, perhaps with a point."""
    number = read_number(value)
    if number != int(number) or not -LARGEST <= int(number) <= LARGEST:
        raise ValueError("no whole number")
    return int(number)


def is_of(company: int, row: Mapping[str, Any]) -> bool:
    """Whether a row says that it is of this company, or not of which: .NET writes 0 for that."""
    return whole_number(row.get("CompanyID")) in {None, 0, company}


def whole_number(value: Any) -> int | None:
    """The integer that `value` is or says; None if there is none."""
    if type(value) is int and -LARGEST <= value <= LARGEST:
        return value
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


def boolean(value: Any) -> bool | None:
    """The boolean that `value` is or says; None if there is none."""
    if type(value) is bool:
        return value
    try:
        return _read_boolean(value)
    except ValueError:
        return None


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
        return item if of.fits(item) else of.read(item)
    except ValueError:
        return None


_TYPES = {
    "string": ValueType("text", _or_none(str), None, _read_text),
    "boolean": ValueType("boolean", _or_none(bool), None, _read_boolean),
    "integer": ValueType("whole number", _or_none(int), _are_small, read_integer),
    "number": ValueType("number", _or_none(int, Decimal), _are_small, read_number),
    "object": ValueType("object", _or_none(dict), None, _refuse),
}
_ANY = ValueType("value", None, None, _refuse)
_DATE_TIMES = ValueType("date-time", _or_none(str), _are_date_times, _read_date_time)


def type_of(definition: Mapping[str, Any]) -> ValueType:
    """The type that a property's schema says."""
    if definition.get("format") in ("date-time", "date"):
        return _DATE_TIMES
    name = type_name(definition)
    if name is None:
        return _ANY
    if name != "array":
        return _TYPES[name]
    items = type_of(definition.get("items", {}))
    are_valid = _hold_objects if items is _TYPES["object"] else partial(_hold, items)
    read = partial(_read_array, items)
    return ValueType(f"array of {items.name}s", _or_none(list), are_valid, read)


def type_name(definition: Mapping[str, Any]) -> str | None:
    """The one JSON type, besides null, that a property's schema says."""
    types = definition.get("type", ())
    names = {types} if isinstance(types, str) else {*types} - {"null"}
    return names.pop() if len(names) == 1 else None


def is_blank(value: Any) -> bool:
    """Whether `value` stands for no value, whatever the type."""
    return value in (None, [], {}) or (isinstance(value, str) and not value.strip())
