"""JSON as it may come, from a server that nobody has seen or through a proxy: packed, or wrapped.

What an answer decides is read strictly elsewhere. This is for what must not be lost.
"""

from __future__ import annotations

import json
import re
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 1 << 16
"""Bytes that are read, unpacked."""


def text_of(raw: bytes) -> str:
    """What the bytes say, in whichever Unicode; tokens read the same in all other charsets."""
    if raw[:1] in {b"\x1f", b"\x78"}:  # gzip or deflate, although neither was asked for
        with suppress(zlib.error):
            raw = zlib.decompressobj(47).decompress(raw, LARGEST)
    return raw.decode(json.detect_encoding(raw), "replace")


def objects_in(text: str) -> Iterator[dict[str, Any]]:
    """All objects in it, the outer ones first, their names without case and punctuation."""
    values = [_json(text)]
    for value in values:  # which grows meanwhile
        if isinstance(value, dict):
            yield {re.sub(r"[\W_]", "", name).lower(): part for name, part in value.items()}
            values += value.values()
        elif isinstance(value, list):
            values += value
        elif isinstance(value, str) and value.lstrip().startswith("{"):
            values.append(_json(value))


def _json(text: str) -> Any:
    try:
        # As text, no number is too large.
        return json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
