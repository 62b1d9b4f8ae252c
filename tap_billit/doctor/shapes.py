"""The names and types in JSON data, against our schemas: never a value."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KINDS = {
    str: "string",
    bool: "boolean",
    int: "integer",
    Decimal: "number",
    float: "number",
    dict: "object",
    list: "array",
    type(None): "null",
}


class Shape:
    """What was seen of an entity: each path with its types, and which paths no schema knows.

    Objects that the schema leaves open are not looked into: their names are somebody's data.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.types: dict[str, set[str]] = defaultdict(set)
        self.unknown: set[str] = set()
        self._wanted: dict[str, set[str]] = {}
        self._schema = schema

    def add(self, records: Iterable[Mapping[str, Any]]) -> Shape:
        """Look at more records."""
        for record in records:
            self._object(record, self._schema, "")
        return self

    @property
    def wrong(self) -> dict[str, set[str]]:
        """The paths whose values were of another type than the schema's."""
        return {
            path: odd
            for path, wanted in self._wanted.items()
            if (odd := {kind for kind in self.types[path] if not _fits(kind, wanted)})
        }

    @property
    def missing(self) -> list[str]:
        """The columns of the schema that were not seen."""
        return sorted(self._schema.get("properties", {}).keys() - self.types.keys())

    def _object(self, record: Mapping[str, Any], schema: Mapping[str, Any], place: str) -> None:
        properties = schema.get("properties", {})
        for name, value in record.items():
            path = place + name
            self.types[path].add(KINDS.get(type(value), "other"))
            if name not in properties:
                self.unknown.add(path)
                continue
            definition = properties[name]
            self._wanted[path] = set(definition.get("type", ()))
            inside = definition.get("items", definition)
            for part in value if isinstance(value, list) else (value,):
                if isinstance(part, dict) and inside.get("properties"):
                    self._object(part, inside, f"{path}.")


def _fits(kind: str, wanted: set[str]) -> bool:
    return not wanted or kind in wanted or (kind == "integer" and "number" in wanted)
