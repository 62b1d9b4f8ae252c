"""What Billit sends otherwise than our schemas say."""

from __future__ import annotations

import re
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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


SHAPES = 1000
"""Sets of property names that are remembered; Billit leaves out what is null, so there are many."""


class _Shape(NamedTuple):
    """What is to be looked at in objects with the same property names."""

    unknown: tuple[str, ...]
    numbers: Callable[[dict[str, Any]], tuple[Any, ...]] | None
    objects: tuple[tuple[str, KnownProperties], ...]


class KnownProperties:
    """The property names of a JSON schema, at every level; objects without properties are open."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        properties = schema.get("properties", {})
        self.names = properties.keys()
        self._objects = {
            name: known
            for name, definition in properties.items()
            if (known := KnownProperties(definition.get("items", definition))).names
        }
        self._numbers = {
            name: _NUMBERS[kind]
            for name, definition in properties.items()
            for kind in _NUMBERS
            if kind in definition.get("type", ())
        }
        self._shapes: dict[tuple[str, ...], _Shape] = {}

    def unknown(self, record: dict[str, Any]) -> tuple[str, ...]:
        """The paths in `record` that the schema does not know, such as `OrderLines.Colour`."""
        shape = self._shape(record)
        return shape.unknown + tuple(
            f"{name}.{path}"
            for name, known in shape.objects
            for part in _objects(record[name])
            for path in known.unknown(part)
        )

    def restore_numbers(self, record: dict[str, Any]) -> None:
        """Make numbers that came as text numbers again, digit for digit, at every level."""
        shape = self._shape(record)
        if shape.numbers and str in map(type, shape.numbers(record)):
            self._restore(record)
        for name, known in shape.objects:
            for part in _objects(record[name]):
                known.restore_numbers(part)

    def _shape(self, record: dict[str, Any]) -> _Shape:
        names = tuple(record)
        return self._shapes.get(names) or self._new_shape(names)

    def _new_shape(self, names: tuple[str, ...]) -> _Shape:
        if len(self._shapes) >= SHAPES:
            self._shapes.clear()
        numbers = [name for name in names if name in self._numbers]
        shape = self._shapes[names] = _Shape(
            unknown=tuple(name for name in names if name not in self.names),
            # `itemgetter` gives a tuple only for two names or more.
            numbers=itemgetter(*numbers, numbers[0]) if numbers else None,
            objects=tuple((name, self._objects[name]) for name in names if name in self._objects),
        )
        return shape

    def _restore(self, record: dict[str, Any]) -> None:
        for name, number_in in self._numbers.items():
            value = record.get(name)
            if isinstance(value, str):
                number = number_in(value)
                record[name] = value if number is None else number


def _objects(value: Any) -> Iterable[dict[str, Any]]:
    """The objects that a property holds: itself, or those in its array."""
    if not value:
        return ()
    return (
        part for part in (value if isinstance(value, list) else (value,)) if isinstance(part, dict)
    )
