"""What Billit sends otherwise than our schemas say."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_WHOLE = re.compile(r"-?\d+")
_DECIMAL = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


def whole_number(value: Any) -> int | None:
    """The integer that `value` is, or that it says as text."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return value if type(value) is int else None


def _decimal(value: str) -> Decimal | None:
    return Decimal(value) if _DECIMAL.fullmatch(value) else None


_NUMBERS: dict[str, Callable[[str], Any]] = {"integer": whole_number, "number": _decimal}


class Known:
    """The property names of a JSON schema, at every level; objects without properties are open."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        properties = schema.get("properties", {})
        self.names = properties.keys()
        self._objects = {
            name: known
            for name, definition in properties.items()
            if (known := Known(definition.get("items", definition))).names
        }
        self._numbers = {
            name: _NUMBERS[kind]
            for name, definition in properties.items()
            for kind in _NUMBERS
            if kind in definition.get("type", ())
        }

    def unknown(self, record: dict[str, Any]) -> Iterator[str]:
        """The paths in `record` that the schema does not know, such as `OrderLines.Colour`.

        On the way, numbers that came as text are made numbers again, digit for digit.
        """
        if not record.keys() <= self.names:
            yield from record.keys() - self.names
        if str in map(type, map(record.get, self._numbers)):
            self._restore(record)
        for name, known in self._objects.items():
            value = record.get(name)
            for part in value if isinstance(value, list) else (value,):
                if isinstance(part, dict):
                    for path in known.unknown(part):
                        yield f"{name}.{path}"

    def _restore(self, record: dict[str, Any]) -> None:
        for name, number_in in self._numbers.items():
            value = record.get(name)
            if isinstance(value, str):
                number = number_in(value)
                record[name] = value if number is None else number
