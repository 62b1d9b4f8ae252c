"""The marts, wherever dbt made them: a DuckDB file or a PostgreSQL database, opened to read."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import psycopg

if TYPE_CHECKING:
    from collections.abc import Generator

Row = dict[str, Any]

NEEDED = {
    "billit__ageing_monthly",
    "billit__cash_flow",
    "billit__contacts",
    "billit__coverage",
    "billit__invoice_vat",
    "billit__invoices",
    "billit__open_items",
}

_POSTGRES = re.compile(r"postgres(ql)?(\+\w+)?://", re.IGNORECASE)

_TABLES = """
    select table_catalog, table_schema, table_name from information_schema.tables
    where table_name like 'billit%'
"""


class MartsError(Exception):
    """There is nothing to read, and what to do about it."""


class Marts:
    """The marts in one schema of an open database.

    The schema is named with its database: DuckDB may have a file of the schema's name.
    """

    def __init__(self, connection: Any, *schema: str) -> None:
        self._connection = connection
        self._schema = ".".join('"' + name.replace('"', '""') + '"' for name in schema)

    def rows(self, query: str, **values: object) -> list[Row]:
        """What a query answers, by name; its `{marts}` is the schema, the values are our own."""
        cursor = self._connection.execute(query.format(marts=self._schema, **values))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def lock(self) -> None:
        """Begin a transaction in which dbt puts no other tables in the place of the marts.

        The locks come before the snapshot: a table that is younger than it would seem empty.
        """
        tables = ", ".join(f"{self._schema}.{mart}" for mart in sorted(NEEDED))
        self._connection.rollback()
        self._connection.execute(f"lock table {tables} in access share mode")


@contextmanager
def opened(database: str, *, schema: str | None = None) -> Generator[Marts, None, None]:
    """The marts in a DuckDB file or at a PostgreSQL URL; by default of the only schema with any.

    Raises:
        MartsError: they cannot be read.
    """
    try:
        with _connected(database) as connection:
            marts = Marts(connection, *_schema(connection, schema))
            if is_url(database):
                marts.lock()
            yield marts
    except (duckdb.Error, psycopg.Error) as error:
        raise MartsError(_told(error)) from None


def is_url(database: str) -> bool:
    """Whether it is PostgreSQL's, as libpq or as SQLAlchemy writes it."""
    return bool(_POSTGRES.match(database))


def _connected(database: str) -> Any:
    if is_url(database):
        connection = psycopg.connect(_POSTGRES.sub("postgresql://", database))
        connection.read_only = True
        # All figures of a page are of one moment, even while dbt makes the tables anew.
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return connection
    if "://" in database:
        raise MartsError(
            f"{_hidden(database)} is of no kind that is read: give a DuckDB file, or "
            "postgresql://user@host/database."
        )
    if not Path(database).is_file():
        raise MartsError(f"There is no file {database}: load and build first (make demo).")
    return duckdb.connect(database, read_only=True)


def _schema(connection: Any, wanted: str | None) -> tuple[str, str]:
    """The database and the schema to read.

    Raises:
        MartsError: no schema has the marts, or several have.
    """
    found: dict[tuple[str, str], set[str]] = {}
    for catalog, schema, table in connection.execute(_TABLES).fetchall():
        found.setdefault((catalog, schema), set()).add(table)
    whole = sorted(each for each, tables in found.items() if tables >= NEEDED)
    meant = [each for each in whole if wanted in {None, each[1]}]
    if len(meant) == 1:
        return meant[0]
    if meant:
        names = ", ".join(schema for _, schema in meant)
        raise MartsError(f"Schemas with marts: {names}. Say which, with --schema.")
    where = f"Schema {wanted}" if wanted else "No schema of this database"
    there = {table for (_, schema), tables in found.items() if schema == wanted for table in tables}
    missing = min(NEEDED - there)
    raise MartsError(
        f"{where} has all marts; {missing} is missing: run `dbt build` in transform/ first."
    )


def _told(error: Exception) -> str:
    """The first line of a database's error."""
    line = str(error).strip().partition("\n")[0]
    return f"The database cannot be read: {_hidden(line)}"


def _hidden(text: str) -> str:
    """Without what stands before an @: credentials, even in half."""
    return re.sub(r"[^\s\"'/]*@", "…@", text)
