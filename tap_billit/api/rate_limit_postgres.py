"""The rate limit of all the processes, on any machine, that name the same database and key.

- A row holds the turns of a key, and one statement books the next: a round trip a turn.
- The database's clock is the clock, and it answers with seconds ahead. If it was set back, the old
  turns count as just taken.
- A process that is killed loses what it had booked and nothing else; nobody holds a lock while
  waiting. A connection that was lost is made again; while the database is down nothing is asked
  of Billit, and after `PATIENCE` the run ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import psycopg
from psycopg.errors import (
    DuplicateObject,
    DuplicateTable,
    InsufficientPrivilege,
    UndefinedTable,
    UniqueViolation,
)
from typing_extensions import override

from tap_billit.api import rate_limit
from tap_billit.api.rate_limit import RateLimiter
from tap_billit.errors import BillitError, RunOverError
from tap_billit.postgres import PASSING, connect, place, said, split

if TYPE_CHECKING:
    from psycopg.abc import QueryNoTemplate

CREATE = """CREATE TABLE IF NOT EXISTS tap_billit_rate_limits (
    key text PRIMARY KEY,
    turns double precision[] NOT NULL DEFAULT '{}',
    first_turns double precision[] NOT NULL DEFAULT '{}',
    booked double precision NOT NULL DEFAULT '-Infinity',
    turn double precision NOT NULL DEFAULT '-Infinity',
    held double precision NOT NULL DEFAULT '-Infinity'
)"""
"""Times in seconds; `turn` is the one that was booked last, at `booked`."""

INSERT = "INSERT INTO tap_billit_rate_limits (key) VALUES (%(key)s) ON CONFLICT DO NOTHING"

BOOK = """
UPDATE tap_billit_rate_limits AS store
SET (turns, first_turns, booked, turn, held) = (
    SELECT
        CASE WHEN %(first)s THEN kept.turns ELSE kept.turns || free.turn END,
        CASE WHEN %(first)s THEN kept.firsts || free.turn ELSE kept.firsts END,
        clock.now, free.turn, kept.held
    FROM (SELECT extract(epoch FROM clock_timestamp())::double precision AS now) AS clock,
    LATERAL (
        SELECT
            ARRAY(
                SELECT least(at, CASE WHEN store.booked > now THEN now END)
                FROM unnest(store.turns) AS at
                WHERE at > now - %(window)s ORDER BY at
            ) AS turns,
            ARRAY(
                SELECT least(at, CASE WHEN store.booked > now THEN now END)
                FROM unnest(store.first_turns) AS at
                WHERE at > now - %(window)s ORDER BY at
            ) AS firsts,
            CASE WHEN store.booked > now THEN '-Infinity' ELSE store.held END AS held
    ) AS kept,
    LATERAL (
        SELECT greatest(
            now,
            kept.held,
            CASE WHEN %(first)s OR kept.firsts = '{}' OR %(half)s = 0 THEN (
                SELECT at FROM unnest(kept.turns || kept.firsts) AS at
                ORDER BY at DESC LIMIT 1 OFFSET %(limit)s - 1
            ) END + %(window)s,
            CASE
                WHEN %(half)s = 0 THEN NULL
                WHEN %(first)s THEN kept.firsts[cardinality(kept.firsts) - %(half)s + 1]
                WHEN kept.firsts <> '{}'
                THEN kept.turns[cardinality(kept.turns) - (%(limit)s - %(half)s) + 1]
            END + %(window)s
        ) AS turn
    ) AS free
)
WHERE key = %(key)s
RETURNING turn - booked
"""
"""`next_in_lane` of the file in SQL; `greatest` and `least` pass over what is null."""

HOLD = """
UPDATE tap_billit_rate_limits
SET held = greatest(held, extract(epoch FROM clock_timestamp()) + %(seconds)s)
WHERE key = %(key)s
RETURNING 0
"""

HELD = """
SELECT held - extract(epoch FROM clock_timestamp())
FROM tap_billit_rate_limits WHERE key = %(key)s
"""

PATIENCE = 60.0
"""Seconds in which a database is started again."""

FIRST_PAUSE, MOST_PAUSE = 0.05, 2.0
"""Seconds between two tries."""

TRIES = 10
"""Turns to give up because the answer was too long on its way."""


class PostgresRateLimiter(RateLimiter):
    """A limiter of all who name the same database, and the same key behind a # or by default."""

    def __init__(self, limit: int, url: str, *, key: str, window: float) -> None:
        super().__init__(limit, window=window)
        self._url, named = split(url)
        self._key = unquote(named) or key
        self._place = place(self._url)
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    @override
    def close(self) -> None:
        super().close()
        with self._lock:
            self._hang_up()

    @override
    def _book(self) -> float:
        """An answer that was long on its way cannot say when the turn is: it is given up."""
        half = self._limit // 2
        for _ in range(TRIES):
            asked = self.clock()
            ahead = self._ask(BOOK, first=self.is_first_load(), half=half)
            if self.clock() - asked <= rate_limit.LATE:
                return self.clock() + ahead
        raise self._unusable(f"it takes longer than {rate_limit.LATE:g} seconds to answer")

    @override
    def _hold(self, seconds: float) -> None:
        self._ask(HOLD, seconds=seconds)

    @override
    def _held_until(self) -> float:
        ahead = self._ask(HELD)
        return self.clock() + ahead

    def _ask(self, query: QueryNoTemplate, **values: Any) -> float:
        """The number that is answered, by a row that is made where there is none."""
        values |= {"key": self._key, "limit": self._limit, "window": self._window}
        try:
            while (found := self._patiently(query, values)) is None:
                self._patiently(INSERT, values)
        except InsufficientPrivilege:
            raise BillitError(
                f"`rate_limit_store`: this user may not use or make the table in {self._place}; "
                f"let its owner run `{' '.join(CREATE.split())}` and grant SELECT, INSERT and "
                "UPDATE on it."
            ) from None
        except psycopg.Error as error:
            raise self._unusable(said(error, self._url)) from None
        return float(found)

    def _patiently(self, query: QueryNoTemplate, values: dict[str, Any]) -> float | None:
        """The first value that the query gives, once the database answers."""
        end, pause = self.clock() + PATIENCE, FIRST_PAUSE
        while not self._over.is_set():
            try:
                return self._execute(query, values)
            except PASSING:
                self._hang_up()
                if self.clock() >= end:
                    raise
            self._over.wait(pause)
            pause = min(MOST_PAUSE, 2 * pause)
        raise RunOverError

    def _execute(self, query: QueryNoTemplate, values: dict[str, Any]) -> float | None:
        """The same, once; the table is made where there is none."""
        try:
            return self._once(query, values)
        except UndefinedTable:
            self._create()
        return self._once(query, values)

    def _once(self, query: QueryNoTemplate, values: dict[str, Any]) -> float | None:
        if self._connection is None:
            self._connection = connect(self._url)
        cursor = self._connection.execute(query, values)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None

    def _create(self) -> None:
        try:
            self._once(CREATE, {})
        except (DuplicateObject, DuplicateTable, UniqueViolation):
            return  # somebody else was making it

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _unusable(self, why: str) -> BillitError:
        return BillitError(f"`rate_limit_store` in {self._place} cannot be used ({why}).")
