"""Where one small document lives that several processes read and replace."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from tap_billit.errors import LoginError
from tap_billit.redaction import without_credentials
from tap_billit.storage.local import Folder, LocalFile
from tap_billit.storage.memory import InMemory

if TYPE_CHECKING:
    from tap_billit.storage.base import Storage

OBJECTS, DATABASE = "remote", "postgres"
"""The extras that bring what these stores are reached with."""

EXTRAS = {
    "s3": OBJECTS,
    "gs": OBJECTS,
    "az": OBJECTS,
    "postgresql": DATABASE,
    "postgres": DATABASE,
}


def open_storage(location: str | None, default: Path | None) -> Storage:
    """The storage at `location`: a path, a URL, or None for the default."""
    scheme = _scheme(location)
    if "{login}" in (location or ""):
        raise LoginError(
            f"The token store {without_credentials(str(location))} is that of a fleet: put the "
            "name of one login in the place of {login}."
        )
    if scheme == "memory":
        return InMemory(str(location))
    if scheme:
        kind = "StoredObject" if EXTRAS.get(scheme) == OBJECTS else "DatabaseRow"
        storage: Storage = _made(kind, scheme, str(location))
        return storage
    return LocalFile(_path(location, default))


def open_collection(location: str | None, default: Path | None) -> Any:
    """What holds the documents of many logins: a folder, a bucket, a database."""
    scheme = _scheme(location)
    if scheme:
        kind = "Bucket" if EXTRAS.get(scheme) == OBJECTS else "Database"
        return _made(kind, scheme, str(location))
    return Folder(_path(location, default))


def _scheme(location: str | None) -> str | None:
    found = re.match(r"(?!file:|local:)(\w[\w+.-]+)://", location or "", re.IGNORECASE)
    return found[1].lower() if found else None


def _made(kind: str, scheme: str, location: str) -> Any:
    """One of the classes of `objects` or `postgres`.

    Raises:
        LoginError: no store has such URLs, or what it takes is not installed.
    """
    extra = EXTRAS.get(scheme)
    if extra is None:
        raise LoginError(
            f"The token store {without_credentials(location)} is of a kind where two processes "
            "could spend one token: give a path, `postgresql://user@host/db#LOGIN`, or the URL of "
            "an object in `s3://`, `gs://` or `az://`."
        )
    module = "objects" if extra == OBJECTS else "postgres"
    try:
        found = getattr(import_module(f"tap_billit.storage.{module}"), kind)
    except ImportError:
        raise LoginError(
            f"The token store {without_credentials(location)} needs the extra `{extra}`: "
            f"`pip install 'tap-billit[{extra}]'`."
        ) from None
    return found(location)


def _path(location: str | None, default: Path | None) -> Path:
    parts = urlsplit(location or "")
    is_file = parts.scheme in {"file", "local"}
    is_drive = len(parts.scheme) == 1
    if "://" in (location or "") and not is_file and not is_drive:
        raise LoginError(
            f"The token store {without_credentials(str(location))} is no URL: take away what "
            "stands before it, such as a quotation mark."
        )
    named = unquote(parts.path) if is_file else location
    try:
        path = Path(named).expanduser() if named else default
    except RuntimeError:
        path = None
    if path is None:
        raise LoginError(
            "This user has no home directory to keep the tokens in: say where in `token_store`."
        )
    return path
