"""How the token store and the rate limit reach PostgreSQL, and what they quote of what it says."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import ReadOnlySqlTransaction

from tap_billit.redaction import without_query

PASSING = (psycopg.OperationalError, psycopg.InterfaceError, ReadOnlySqlTransaction)
"""What another try may mend; a server is read-only while another takes over."""

WHERE = {"dbname", "host", "hostaddr", "options", "port", "service"}
"""What tells one database, or schema, from another."""

OPTIONS = {
    "client_encoding": "utf8",
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
    try:
        known = conninfo_to_dict(url)
    except psycopg.Error:
        known = {}
    if not known or (not isinstance(error, PASSING) and not error.sqlstate):
        return type(error).__name__
    line = " ".join(str(error.diag.message_primary or error).split())
    if "@" in str(known.get("host")):
        return f"{type(error).__name__}; is there an @ in the password? Write %40"
    for secret in (str(known[name]) for name in known if "password" in name):
        line = line.replace(secret, "<hidden>")
    return line.rstrip(".")


def split(url: str) -> tuple[str, str]:
    """The URL of a database, and what is behind its #; the name of a login may have an @."""
    address, _, name = url.rpartition("#")
    in_password = "@" in name and "/" in name and "@" not in address
    return (url, "") if in_password or not address else (address, name)


def place(url: str) -> str:
    """The URL of a database without credentials, as it may be shown and told from others."""
    shown, query = without_query(url)
    named = parse_qsl(query.replace("+", "%2B"))
    where = urlencode([each for each in named if each[0] in WHERE], safe="/", quote_via=quote)
    return f"{shown}?{where}" if where else shown
