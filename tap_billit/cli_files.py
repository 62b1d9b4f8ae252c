"""What the command line is given: files and variables. What is wrong with one is a sentence."""

from __future__ import annotations

import json
import os
from collections import ChainMap
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.configuration._dict_config import parse_environment_config
from typing_extensions import override

from tap_billit.catalog import check_catalog
from tap_billit.errors import BillitError
from tap_billit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import IO

OWN_SETTINGS = SETTINGS.to_dict()["properties"].keys()
TEXT = {"type": ["string", "null"]}

LARGEST = 1 << 28
"""Characters of a file: the state of ten thousand companies has a third of that."""

DEEPEST = 100
"""Levels of a file; a catalog has a dozen."""


def read_configs(sources: Iterable[str]) -> dict[str, Any]:
    """The settings in these files, of which the last wins; `ENV` is none of them.

    Raises:
        BillitError: one holds no JSON object.
    """
    files = [read_config(path) for path in sources if path != "ENV"]
    return dict(ChainMap(*reversed(files)))


def read_config(path: str) -> dict[str, Any]:
    """The JSON object in the file at `path`.

    Raises:
        BillitError: there is none.
    """
    what = f"The config file {path}"
    return as_object(parsed(read_text(path, what), what), what)


def read_text(path: str, what: str) -> str:
    """The text in a file, which is `what`.

    Raises:
        BillitError: there is none.
    """
    try:
        with Path(path).open(encoding="utf-8") as file:
            return _whole(file, what)
    except OSError as error:
        raise BillitError(f"{what} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BillitError(f"{what} is not UTF-8 text.") from error


def _whole(file: IO[str], what: str) -> str:
    text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise BillitError(f"{what} has no end, or more than {LARGEST >> 20} MiB.")
    return text


class JsonFile(click.File):
    """A file with a JSON object of the shape that is `check`ed."""

    def __init__(self, what: str, check: Callable[[dict[str, Any]], object]) -> None:
        super().__init__(encoding="utf-8")
        self._what, self._check = what, check

    @override
    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        what = f"The {self._what} file {value}"
        try:
            with super().convert(value, param, ctx) as file:
                text = _whole(file, what)
        except UnicodeDecodeError as error:
            raise BillitError(f"{what} is not UTF-8 text.") from error
        try:
            self._check(as_object(parsed(text, what), what))
        except ValueError as error:
            raise BillitError(f"{what} is no Singer {self._what}: {error}.") from error
        return StringIO(text)


def _check_state(document: dict[str, Any]) -> None:
    if document and not isinstance(document.get("bookmarks"), dict):
        raise ValueError("it has no `bookmarks`")


STATE = JsonFile("state", _check_state)
CATALOG = JsonFile("catalog", check_catalog)


def parsed(text: str, what: str) -> Any:
    """The JSON in the text of `what`, numbers digit for digit.

    Raises:
        BillitError: it is none, or too deep.
    """
    try:
        document = json.loads(text, parse_float=Decimal, parse_constant=_no_number)
        _check_depth(document, most=DEEPEST)
    except RecursionError as error:
        raise BillitError(f"{what} is nested more than {DEEPEST} levels deep.") from error
    except ValueError as error:
        raise BillitError(f"{what} is not JSON: {error}.") from error
    return document


def as_object(document: Any, what: str) -> dict[str, Any]:
    """The JSON of `what`, which is an object.

    Raises:
        BillitError: it is none.
    """
    if not isinstance(document, dict):
        raise BillitError(f"{what} holds JSON, but no object.")
    return document


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


def _check_depth(value: Any, *, most: int) -> None:
    """See that `value` is not nested deeper than what goes through it later can follow.

    Raises:
        RecursionError: it is.
    """
    if not most:
        raise RecursionError
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        _check_depth(part, most=most - 1)


def environment_config(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The settings that environment variables give, the tap's own as the text that they are.

    Raises:
        BillitError: one of the SDK's settings cannot be read; which.
    """
    config: dict[str, Any] = {}
    for name, definition in schema["properties"].items():
        kind = TEXT if name in OWN_SETTINGS else definition
        try:
            config |= parse_environment_config({"properties": {name: kind}}, prefix)
        except (ValueError, RecursionError) as error:
            if os.environ[f"{prefix}{name.upper()}"].strip():
                raise BillitError(f"`{prefix}{name.upper()}` cannot be read: {error}.") from error
    return config
