"""The files that the command line names: JSON, and nothing but that."""

from __future__ import annotations

from typing import Any

from tap_billit.cli_files import as_object, parsed, read_text


def read_object(path: str, what: str) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        BillitError: there is none.
    """
    return as_object(read_json(path, what), _named(path, what))


def read_json(path: str, what: str) -> Any:
    """The JSON in a file; None if the file is empty.

    Raises:
        BillitError: it is no JSON, or cannot be read.
    """
    name = _named(path, what)
    text = read_text(path, name)
    return parsed(text, name) if text.strip() else None


def _named(path: str, what: str) -> str:
    return f"The {what} file {path}"
