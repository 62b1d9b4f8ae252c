"""How the token store and the rate limit reach PostgreSQL, and what they quote of what it says."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg

PASSING = (psycopg.OperationalError, psycopg.InterfaceError)
"""What another try may mend."""

OPTIONS = {
    "connect_timeout": 4,
    "tcp_user_timeout": 30_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "prepare_threshold": None,
}
"""A server that is gone is noticed in half a minute, and a signal ends a run in 5 seconds; prepared
statements do not pass PgBouncer."""


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection on which each statement is a transaction."""
    options: dict[str, Any] = dict(OPTIONS)
    return psycopg.connect(url, autocommit=True, **options)


def said(error: psycopg.Error, url: str) -> str:
    """What PostgreSQL says, without the password; what says that the URL is odd may quote it."""
    if not isinstance(error, PASSING) and not error.sqlstate:
        return type(error).__name__
    line = " ".join(str(error.diag.message_primary or error).split())
    password = urlsplit(url).password or ""
    for secret in filter(None, (password, unquote(password))):
        line = line.replace(secret, "<hidden>")
    return line.rstrip(".")
