"""Where one small document lives that several processes read and replace: a file, or a URL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tap_billit.errors import LoginError
from tap_billit.storage.local import LocalFile
from tap_billit.storage.remote import RemoteFile

if TYPE_CHECKING:
    from tap_billit.storage.base import Storage


def open_storage(location: str | None, default: Path | None) -> Storage:
    """The storage at `location`: a path, a URL, or None for the default."""
    # A single letter is a Windows drive.
    if location and re.match(r"(?!file:|local:)\w[\w+.-]+://", location, re.IGNORECASE):
        return RemoteFile(location)
    parts = urlsplit(location or "")
    named = unquote(parts.path) if parts.scheme in {"file", "local"} else location
    try:
        path = Path(named).expanduser() if named else default
    except RuntimeError:
        path = None
    if path is None:
        raise LoginError(
            "This user has no home directory to keep the tokens in: say where in `token_store`."
        )
    return LocalFile(path)
