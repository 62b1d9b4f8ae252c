"""A loader checks each record against its SCHEMA, and stops where it does not fit."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from jsonschema import Draft7Validator, FormatChecker
from jsonschema.validators import extend

from tests.simulation.promise import BrokenPromiseError

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST = 1 << 63
SURROGATE = re.compile("[\ud800-\udfff]")
_FRACTION = re.compile(r"\.(\d{1,6})\d*")

formats = FormatChecker(())


def _is_date_time(value: object) -> bool:
    if isinstance(value, str):
        text = _FRACTION.sub(lambda found: f".{found[1]:0<6}", value).replace("Z", "+00:00")
        datetime.fromisoformat(text)
    return True


def _is_integer(_: object, value: object) -> bool:
    """A column of integers has 64 bits."""
    return type(value) is int and -LARGEST <= value < LARGEST


formats.checks("date-time", raises=ValueError)(_is_date_time)
Validator = extend(
    Draft7Validator, type_checker=Draft7Validator.TYPE_CHECKER.redefine("integer", _is_integer)
)


def check_records(messages: Iterable[dict[str, Any]]) -> None:
    """Raise where a record does not fit the SCHEMA before it."""
    validators: dict[str, Any] = {}
    keys: dict[str, list[str]] = {}
    for message in messages:
        if message["type"] == "SCHEMA":
            stream = message["stream"]
            validators[stream] = _validator(msgspec.json.encode(message["schema"]))
            keys[stream] = message["key_properties"]
        elif message["type"] == "RECORD":
            _check(message["record"], message["stream"], validators, keys)


def _check(
    record: dict[str, Any],
    stream: str,
    validators: dict[str, Any],
    keys: dict[str, list[str]],
) -> None:
    error = next(validators[stream].iter_errors(record), None)
    if error:
        place = ".".join(map(str, error.absolute_path))
        raise BrokenPromiseError(f"{stream}: {place} stops a loader: {error.message[:200]}")
    if any(record.get(key) is None for key in keys[stream]):
        raise BrokenPromiseError(f"{stream}: a record without its key: {record}")
    if SURROGATE.search(str(record)):
        raise BrokenPromiseError(f"{stream}: half a character in {record}")


@cache
def _validator(schema: bytes) -> Any:
    return Validator(msgspec.json.decode(schema), format_checker=formats)
