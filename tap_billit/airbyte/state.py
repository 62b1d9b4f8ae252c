"""States: a list of one a stream under Airbyte, one with all the bookmarks under Singer.

What a stream's state says is the same in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_billit.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator

Bookmarks = dict[str, Any]

LEGACY = "The state is not kept by stream, and is none of the tap's either."


def bookmarks(given: Any) -> Bookmarks:
    """The bookmarks by stream, from what Airbyte or the tap has kept; null, [] and {} are none.

    Raises:
        StateError: it is something else.
    """
    if not given:
        return {}
    found: Bookmarks = {}
    for entry in given if isinstance(given, list) else [given]:
        found.update(_of_entry(entry))
    return found


def _of_entry(entry: Any) -> Iterator[tuple[str, Any]]:
    """Streams and their bookmarks, of one message or a state of the tap."""
    if not isinstance(entry, dict):
        raise StateError(LEGACY)
    kept = entry.get("data") or entry
    if isinstance(kept, dict) and isinstance(kept.get("bookmarks"), dict):
        yield from kept["bookmarks"].items()
    elif entry.get("global"):
        raise StateError(
            "The state is of all streams at once (GLOBAL); this connector writes none."
        )
    elif entry.get("stream"):
        yield from _of_stream(entry["stream"])
    elif entry.get("data") or "type" not in entry:
        raise StateError(LEGACY)


def _of_stream(described: Any) -> Iterator[tuple[str, Any]]:
    try:
        name, state = described["stream_descriptor"]["name"], described.get("stream_state")
    except (AttributeError, KeyError, TypeError):
        raise StateError("A state names no stream.") from None
    if not isinstance(name, str) or not isinstance(state, dict | None):
        raise StateError(f"The state of {name} is no object.")
    if state:
        yield name, state
