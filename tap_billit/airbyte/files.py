"""The files that the command line names: JSON, and nothing but that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tap_billit.errors import BillitError


def read_object(path: str, what: str) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        BillitError: there is none.
    """
    document = read_json(path, what)
    if not isinstance(document, dict):
        raise BillitError(f"The {what} file {path} holds JSON, but no object.")
    return document


def read_json(path: str, what: str) -> Any:
    """The JSON in a file; None if the file is empty.

    Raises:
        BillitError: it is no JSON, or cannot be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        return json.loads(text) if text.strip() else None
    except OSError as error:
        raise BillitError(f"The {what} file {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise BillitError(f"The {what} file {path} is not JSON: {type(error).__name__}.") from error
