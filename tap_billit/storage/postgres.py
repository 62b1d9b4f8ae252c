"""Documents in a table of PostgreSQL, a row for each login: `postgresql://user@host/db#LOGIN`.

The statement that replaces a document names the old one, so it does nothing where that has changed.
While tokens are renewed, a transaction of its own holds an advisory lock: it ends with its process,
and not with any lease. It works behind PgBouncer, where locks of a session would go astray.
"""

from __future__ import annotations

import shlex
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import psycopg
from psycopg.errors import UndefinedTable
from typing_extensions import override

from tap_billit.errors import LoginError, TransientError
from tap_billit.postgres import PASSING, connect, place, said, split
from tap_billit.storage.base import Storage, wait_for_lock

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from threading import Event

TABLE = "tap_billit_tokens"

CREATE = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    login text PRIMARY KEY,
    document text NOT NULL,
    changed timestamptz NOT NULL DEFAULT now()
)
"""
READ = f"SELECT document FROM {TABLE} WHERE login = %s"  # noqa: S608
ALL = f"SELECT login, document FROM {TABLE} ORDER BY login"  # noqa: S608
INSERT = f"INSERT INTO {TABLE} (login, document) VALUES (%s, %s) ON CONFLICT DO NOTHING"  # noqa: S608
UPDATE = f"UPDATE {TABLE} SET document = %s, changed = now() WHERE login = %s AND document = %s"  # noqa: S608
DELETE = f"DELETE FROM {TABLE} WHERE login = %s AND document = %s"  # noqa: S608
LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"

POLL = 0.2
"""Seconds between two looks at a lock that another process holds."""


class Database:
    """The table in the database at `url`, whatever login it names."""

    def __init__(self, url: str) -> None:
        self._url, _ = split(url)
        self.place = place(self._url)

    def create(self) -> None:
        """Make the table, if there is none."""
        with self.failing_as("written"), self.connected() as connection:
            connection.execute(CREATE)

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Each login with its document."""
        with self.failing_as("read"), self.connected() as connection:
            rows = connection.execute(ALL).fetchall()
        return ((login, document.encode()) for login, document in rows)

    @contextmanager
    def connected(self) -> Generator[psycopg.Connection[Any], None, None]:
        """A connection of its own; each statement is a transaction."""
        with closing(connect(self._url)) as connection:
            yield connection

    @contextmanager
    def failing_as(self, what: str) -> Generator[None, None, None]:
        """Tell what fails, without the password."""
        try:
            yield
        except UndefinedTable:
            raise LoginError(
                f"There is no table {TABLE} in {self.place}; to make it, run "
                f"`tap-billit-tokens create {shlex.quote(self.place)}`."
            ) from None
        except psycopg.Error as error:
            kind = TransientError if isinstance(error, PASSING) else LoginError
            raise kind(
                f"The token store {self.place} cannot be {what} ({said(error, self._url)})."
            ) from None


class DatabaseRow(Storage):
    """The row of one login."""

    def __init__(self, url: str) -> None:
        _, login = split(url)
        self._login = unquote(login)
        self._database = Database(url)
        if not login:
            raise LoginError(
                f"The token store {self._database.place} names no login: put its name behind "
                "a #, as in `postgresql://user@host/db#LOGIN`."
            )
        super().__init__(f"{self._database.place}#{login}")

    @override
    def read(self) -> bytes | None:
        with self._database.failing_as("read"), self._database.connected() as connection:
            row = connection.execute(READ, (self._login,)).fetchone()
        return row[0].encode() if row else None

    @override
    def _swap(self, old: bytes | None, new: bytes | None) -> None:
        with self._database.failing_as("written"), self._database.connected() as connection:
            if old is None and new is None:
                changed = connection.execute(READ, (self._login,)).fetchone() is not None
            else:
                changed = connection.execute(*self._statement(old, new)).rowcount == 0
        if changed:
            raise self._changed()

    def _statement(self, old: bytes | None, new: bytes | None) -> tuple[Any, tuple[str, ...]]:
        before, after = (old or b"").decode(errors="replace"), (new or b"").decode()
        if old is None:
            return INSERT, (self._login, after)
        if new is None:
            return DELETE, (self._login, before)
        return UPDATE, (after, self._login, before)

    @override
    @contextmanager
    def exclusive(self, *, over: Event, patience: float) -> Generator[None, None, None]:
        with ExitStack() as held:
            with self._database.failing_as("locked"):
                connection = held.enter_context(self._database.connected())
                connection.autocommit = False
                wait_for_lock(
                    partial(self._locks, connection),
                    f"the lock of {self.place}",
                    poll=POLL,
                    over=over,
                    patience=patience,
                )
            yield

    def _locks(self, connection: psycopg.Connection[Any]) -> bool:
        return connection.execute(LOCK, (f"{TABLE} {self._login}",)).fetchone() == (True,)
