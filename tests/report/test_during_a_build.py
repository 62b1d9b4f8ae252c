"""A page made while dbt puts new tables in the place of the marts: never one of empty tables."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tap_billit.report import marts
from tap_billit.report.command import main
from tap_billit.report.figures import companies
from tests.report.books import SCHEMA, Books
from tests.report.reading import article, figure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.postgres import Postgres

pytestmark = pytest.mark.usefixtures("undrawn")

SWAPPED = ("billit__coverage", "billit__open_items")
OLD, NEW = Decimal("100.00"), Decimal("200.00")

WAITING = "select count(*) from pg_locks where not granted"


@pytest.fixture
def url(postgres_server: Postgres) -> str:
    """A database where 100 is owed."""
    books = Books().company()
    books.open_item(f"{OLD}")
    postgres_server.run(f"drop schema if exists {SCHEMA} cascade; {books.script()}")
    return postgres_server.url.replace("postgresql+psycopg", "postgresql")


@pytest.fixture
def owed(tmp_path: Path) -> Callable[[str], Decimal]:
    """What the page of a database says is owed."""

    def read(database: str) -> Decimal:
        output = tmp_path / "report.html"
        main(["--database", database, "--output", str(output)])
        return figure(article(output.read_text(encoding="utf-8"), "en-7"), "receivable")

    return read


def begin_swap(connection: psycopg.Connection, mart: str) -> None:
    """Put a new table in the place of a mart, as dbt does, and do not commit; 200 is owed there."""
    new, name = f"{SCHEMA}.{mart}__dbt_tmp", f"{SCHEMA}.{mart}"
    connection.execute(f"create table {new} as table {name}")
    if mart == "billit__open_items":
        connection.execute(f"update {new} set company_open_amount = {NEW}")  # noqa: S608
    connection.execute(f"alter table {name} rename to {mart}__dbt_backup")
    connection.execute(f"alter table {new} rename to {mart}")


def end_swap(connection: psycopg.Connection, mart: str) -> None:
    connection.commit()
    connection.execute(f"drop table {SCHEMA}.{mart}__dbt_backup cascade")
    connection.commit()


def swap(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("set lock_timeout = '200ms'")
        for mart in SWAPPED:
            begin_swap(connection, mart)
            end_swap(connection, mart)


def after_the_schema(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Let something happen when it is known which schema to read, and nothing is read of it."""
    real = marts._schema

    def found(*arguments: Any) -> tuple[str, str]:
        schema = real(*arguments)
        happens()
        return schema

    monkeypatch.setattr(marts, "_schema", found)


def test_tables_that_came_after_the_schema_was_found_are_read(
    monkeypatch: pytest.MonkeyPatch, url: str, owed: Callable[[str], Decimal]
) -> None:
    after_the_schema(monkeypatch, lambda: swap(url))
    assert owed(url) == NEW


@pytest.mark.parametrize("mart", SWAPPED)
def test_a_swap_that_has_begun_is_waited_for(
    url: str, owed: Callable[[str], Decimal], mart: str
) -> None:
    with (
        ThreadPoolExecutor() as pool,
        psycopg.connect(url) as dbt,
        psycopg.connect(url, autocommit=True) as watch,
    ):
        begin_swap(dbt, mart)
        page = pool.submit(owed, url)
        while not page.done() and watch.execute(WAITING).fetchall() == [(0,)]:
            time.sleep(0.01)
        end_swap(dbt, mart)
        assert page.result() == (NEW if mart == "billit__open_items" else OLD)


def test_a_swap_waits_for_the_page(url: str) -> None:
    with marts.opened(url) as opened:
        with pytest.raises(psycopg.errors.LockNotAvailable):
            swap(url)
        (company,) = companies(opened)
    assert company.open["receivable"].total == OLD


def test_a_table_that_went_is_told(
    monkeypatch: pytest.MonkeyPatch, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def drop() -> None:
        with psycopg.connect(url) as connection:
            connection.execute(f"drop table {SCHEMA}.billit__coverage")

    after_the_schema(monkeypatch, drop)
    with pytest.raises(SystemExit):
        main(["--database", url])
    said = capsys.readouterr().err
    assert said == (
        f'The database cannot be read: relation "{SCHEMA}.billit__coverage" does not exist\n'
    )


def test_who_may_only_read_gets_a_page(url: str, owed: Callable[[str], Decimal]) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            f"""
            create role reader login;
            grant usage on schema {SCHEMA} to reader;
            grant select on all tables in schema {SCHEMA} to reader;
            """
        )
    assert owed(url.replace("postgres@", "reader@")) == OLD
