"""Finds what does not match the schema, at every level of a record, and repairs values.

An unknown property at the top goes to the column `Other` (`streams/base.py`), a nested one stays.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_billit.value_types import PartlyReadError, is_blank, type_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_billit.value_types import ValueType

SHAPES = 1000
"""Sets of property names that are remembered; Billit leaves out what is null, so there are many."""

Values = tuple[Any, ...]


class Oddity(NamedTuple):
    """The path of what is other than the schema says, and what was done about it."""

    path: str
    done: str


class _Shape(NamedTuple):
    """What is to be looked at in objects with the same property names.

    `seen` are the types of values, in order, that were found to fit.
    """

    unknown: tuple[Oddity, ...]
    types: tuple[ValueType | None, ...]
    seen: set[tuple[type, ...]]
    checks: tuple[tuple[Callable[[Values], bool], Callable[[dict[str, Any]], Values]], ...]
    parts: tuple[tuple[str, KnownProperties], ...]

    def fits(self, record: dict[str, Any]) -> bool:
        """Whether all values fit the schema."""
        types = tuple(map(type, record.values()))
        if types not in self.seen and not self._admits(types):
            return False
        return all(are_valid(values(record)) for are_valid, values in self.checks)

    def _admits(self, types: tuple[type, ...]) -> bool:
        for of, type_ in zip(self.types, types, strict=True):
            if of is not None and of.types is not None and type_ not in of.types:
                return False
        if len(self.seen) < SHAPES:
            self.seen.add(types)
        return True


class KnownProperties:
    """The properties of a JSON schema, at every level; objects without properties are open."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        properties = schema.get("properties", {})
        self._types = {name: type_of(definition) for name, definition in properties.items()}
        self._parts = {
            name: known
            for name, definition in properties.items()
            if (known := KnownProperties(definition.get("items", definition))).names
        }
        self._shapes: dict[tuple[str, ...], _Shape] = {}

    @property
    def names(self) -> Iterable[str]:
        """The names of the properties."""
        return self._types.keys()

    def mend(self, record: dict[str, Any]) -> tuple[Oddity, ...]:
        """Make all values fit the schema, at every level: what was odd, and did not mend itself."""
        shape = self._shape(record)
        odd = shape.unknown
        if not shape.fits(record):
            odd += self._mend_values(record)
        for name, known in shape.parts:
            for part in _objects(record[name]):
                if within := known.mend(part):
                    odd += tuple(Oddity(f"{name}.{path}", done) for path, done in within)
        return odd

    def _shape(self, record: dict[str, Any]) -> _Shape:
        names = tuple(record)
        return self._shapes.get(names) or self._new_shape(names)

    def _new_shape(self, names: tuple[str, ...]) -> _Shape:
        if len(self._shapes) >= SHAPES:
            self._shapes.clear()
        by_check: dict[Callable[[Values], bool], list[str]] = {}
        for name in names:
            if name in self._types and (are_valid := self._types[name].are_valid):
                by_check.setdefault(are_valid, []).append(name)
        shape = self._shapes[names] = _Shape(
            unknown=tuple(Oddity(name, "kept") for name in names if name not in self._types),
            types=tuple(map(self._types.get, names)),
            seen=set(),
            # `itemgetter` gives a tuple only for two names or more.
            checks=tuple((check, itemgetter(*of, of[0])) for check, of in by_check.items()),
            parts=tuple((name, self._parts[name]) for name in names if name in self._parts),
        )
        return shape

    def _mend_values(self, record: dict[str, Any]) -> tuple[Oddity, ...]:
        odd = []
        for name in self._types.keys() & record.keys():
            value, type_ = record[name], self._types[name]
            if type_.fits(value):
                continue
            try:
                record[name] = _read(value, type_)
            except PartlyReadError as error:
                record[name] = error.rest
                odd.append(Oddity(name, "left out in part"))
            except (ValueError, ArithmeticError):
                record[name] = None
                odd.append(Oddity(name, f"left out, as it is no {type_.name}"))
        return tuple(odd)


def _read(value: Any, type_: ValueType) -> Any:
    return None if is_blank(value) else type_.read(value)


def _objects(value: Any) -> Iterable[dict[str, Any]]:
    """The objects that a property holds: itself, or those in its array."""
    if not value:
        return ()
    return value if type(value) is list else (value,)
