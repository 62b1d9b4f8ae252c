"""How secrets stay out of logs and messages. Everything that holds or prints one uses this module.

Tokens, keys and client secrets are held in objects that print `<hidden>`; stores and messages name
them by fingerprint; URLs are shown without their credentials; libraries that log what they send or
write are kept quiet; a failure at the token endpoint is told by its type, as the text of some
errors quotes the answer; what Billit says is quoted short, and without what we had sent it.
"""

from __future__ import annotations

import hashlib
import logging
import re
from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    import requests

LONGEST = 300
"""Characters of a message of Billit's that are quoted."""

_TALKATIVE = ("aiobotocore", "azure", "botocore", "fsspec", "google")
"""Loggers below the file systems that print what is written."""


class Hidden:
    """Shows nothing of itself, neither in a traceback nor to `rich`."""

    __slots__ = ()

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}(<hidden>)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """What `rich` prints in a traceback."""
        return []


def fingerprint(secret: str) -> str:
    """What a store or a message says instead of a token or a client ID."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def without_credentials(url: str) -> str:
    """`url` as it may be shown: credentials may stand before an @ or after a ?."""
    return without_query(url)[0]


def without_query(url: str) -> tuple[str, str]:
    """`url` as it may be shown, and the query behind it, which may have a password."""
    # A password may have a slash; in a path, an @ may stand after a port, but in no database's.
    port = "" if url.startswith("postgres") else r"(?!\d+/)"
    shown, _, query = re.sub(rf"//([^/]*|[^/:]*:{port}.*)@", "//", url).partition("?")
    return shown, query


def quoted(said: str, response: requests.Response) -> str:
    """What Billit said, for a message: one line, not too long, without our token or key."""
    headers = response.request.headers
    own = [str(headers.get("ApiKey", "")), *str(headers.get("Authorization", "")).split()[-1:]]
    for secret in filter(None, own):
        said = re.sub(re.escape(secret), "<hidden>", said, flags=re.IGNORECASE)
    line = printable(said)
    return line if len(line) <= LONGEST else line[:LONGEST] + " …"


def printable(said: str, encoding: str | None = None) -> str:
    """One line that does nothing to a terminal; what `encoding` does not have is escaped too."""
    encoding = encoding or "utf-8"
    line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in said)
    return line.encode(encoding, "backslashreplace").decode(encoding)


def path_of(response: requests.Response) -> str:
    """The path that was asked, without host and query."""
    return (response.request.path_url or "").partition("?")[0]


def quieten(package: str) -> None:
    """Keep the libraries below a remote store from logging what is written, at DEBUG."""
    for name in (package, *_TALKATIVE):
        logging.getLogger(name).setLevel(logging.WARNING)
