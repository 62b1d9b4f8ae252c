"""What Billit sends and our schemas do not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


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

    def unknown(self, record: Mapping[str, Any]) -> Iterator[str]:
        """The paths in `record` that the schema does not know, such as `OrderLines.Colour`."""
        if not record.keys() <= self.names:
            yield from record.keys() - self.names
        for name, known in self._objects.items():
            value = record.get(name)
            for part in value if isinstance(value, list) else (value,):
                if isinstance(part, dict):
                    for path in known.unknown(part):
                        yield f"{name}.{path}"
