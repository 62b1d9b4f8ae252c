"""What Billit sends within known objects and the SDK's flattening has no column for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.singerlib import SelectionMask


def take_unknown(
    record: dict[str, Any],
    schema: Mapping[str, Any],
    *,
    depth: int,
    mask: SelectionMask,
    path: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Take out of the objects that are flattened, `depth` levels of them, what has no column.

    What is deselected is left as it is, to be left out with what it is in.
    """
    taken = {}
    for name, definition in schema["properties"].items() if depth else ():
        part, known = record.get(name), definition.get("properties")
        place = (*path, "properties", name)
        if not known or not isinstance(part, dict) or not mask[place]:
            continue
        unknown = {each: part.pop(each) for each in [*part] if each not in known}
        unknown |= take_unknown(part, definition, depth=depth - 1, mask=mask, path=place)
        if said := {each: value for each, value in unknown.items() if value is not None}:
            taken[name] = said
    return taken
