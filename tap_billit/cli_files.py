"""What the command line is given: files and variables. What is wrong with one is a sentence."""

from __future__ import annotations

import json
import os
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.configuration._dict_config import parse_environment_config
from typing_extensions import override

from tap_billit.errors import BillitError
from tap_billit.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OWN_SETTINGS = SETTINGS.to_dict()["properties"].keys()
TEXT = {"type": ["string", "null"]}


def check_config(path: str) -> None:
    """See that `path` is a file with a JSON object.

    Raises:
        BillitError: it is not.
    """
    if Path(path).is_fifo():
        return  # it can be read once, and the SDK will
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise BillitError(f"The config file {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BillitError(f"The config file {path} is not UTF-8 text.") from error
    _read_object(text, f"The config file {path}")


class JsonFile(click.File):
    """A file with a JSON object that `fits`; else `lacks` says what it has not."""

    def __init__(self, what: str, *, fits: Callable[[dict[str, Any]], bool], lacks: str) -> None:
        super().__init__(encoding="utf-8")
        self._what, self._fits, self._lacks = what, fits, lacks

    @override
    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        what = f"The {self._what} file {value}"
        try:
            with super().convert(value, param, ctx) as file:
                text = file.read()
        except UnicodeDecodeError as error:
            raise BillitError(f"{what} is not UTF-8 text.") from error
        if not self._fits(_read_object(text, what)):
            raise BillitError(f"{what} is no Singer {self._what}: it has no {self._lacks}.")
        return StringIO(text)


def _is_state(document: dict[str, Any]) -> bool:
    return not document or isinstance(document.get("bookmarks"), dict)


def _is_catalog(document: dict[str, Any]) -> bool:
    streams = document.get("streams")
    return isinstance(streams, list) and all(
        isinstance(stream, dict) and "tap_stream_id" in stream for stream in streams
    )


STATE = JsonFile("state", fits=_is_state, lacks="`bookmarks`")
CATALOG = JsonFile("catalog", fits=_is_catalog, lacks="`streams` with a `tap_stream_id` each")


def _read_object(text: str, what: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise BillitError(f"{what} is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise BillitError(f"{what} holds JSON, but no object.")
    return document


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
        except ValueError as error:
            if os.environ[f"{prefix}{name.upper()}"].strip():
                raise BillitError(f"`{prefix}{name.upper()}` cannot be read: {error}.") from error
    return config
