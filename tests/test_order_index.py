"""The index `orders`: every order of any kind, in six columns, as cheaply as can be."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pytest

from tests.kit.demo import ORDERS
from tests.kit.expected import ROWS, companies_of, rows_of
from tests.kit.run import ids

ROOT = Path(__file__).parents[1]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_billit.demo.account import Account
    from tests.kit.demo import Clock
    from tests.kit.run import Runner


class Moved(NamedTuple):
    """A database, and which orders are no longer what they were."""

    database: duckdb.DuckDBPyConnection
    note: int
    offer: int


def test_it_has_its_columns_alone_and_calls_no_other_property_odd(run: Runner) -> None:
    run.demo.dialect = replace(run.demo.dialect, rows="more")
    index = run("orders")
    columns = {"OrderID", "CompanyID", "OrderDirection", "OrderType", "OrderStatus", "LastModified"}
    assert all(row.keys() == columns for row in index.records["orders"])
    assert "otherwise than the schema" not in index.said


def test_it_asks_for_all_kinds_at_once_and_for_nothing_where_nothing_changed(
    run: Runner, account: Account, clock: Clock
) -> None:
    company = companies_of(account)[0]
    clock.forward(hours=1)
    first = run("orders", *ROWS, refresh_unpaid=False)
    assert {"$orderby": "OrderID asc"} in first.queries(company=company)
    idle = run("orders", *ROWS, state=first.state, refresh_unpaid=False)
    assert len(idle.queries(ORDERS, company)) == 1
    offer = account.create(company, OrderType="Offer")
    clock.forward(minutes=10)
    changed = run("orders", state=idle.state)
    assert offer in ids(changed.records["orders"])
    assert len(changed.records["orders"]) < 5
    assert len(changed.queries(company=company)) == 2


@pytest.fixture
def loaded(run: Runner, account: Account, clock: Clock) -> Iterator[Moved]:
    """The tables after an invoice has become a credit note, and another one an offer."""
    first = run("orders", *ROWS)
    company = companies_of(account)[0]
    note, offer, *_ = (row["OrderID"] for row in rows_of(account, ROWS["sales_invoices"], company))
    account.convert(note, "CreditNote")
    account.convert(offer, "Offer")
    clock.forward(minutes=10)
    second = run("orders", *ROWS, state=first.state)
    with duckdb.connect() as database:
        database.execute("create schema billit")
        for stream in ("orders", *ROWS):
            columns = (
                '"OrderID" bigint, "OrderDirection" text, "OrderType" text, "LastModified" text'
            )
            database.execute(f"create table billit.{stream} ({columns})")
            for row in second.table(stream, first).values():
                values = [row[name.split()[0].strip('"')] for name in columns.split(", ")]
                database.execute(f"insert into billit.{stream} values (?, ?, ?, ?)", values)  # noqa: S608
        yield Moved(database, note, offer)


def sql_in(file: str) -> str:
    blocks = re.findall(r"```sql\n(.*?)```", (ROOT / file).read_text("utf-8"), re.DOTALL)
    (found,) = (block for block in blocks if "billit.orders" in block)
    return str(found)


def test_the_documented_sql_names_what_moved(loaded: Moved) -> None:
    moved = loaded.database.execute(sql_in("docs/behaviour.md")).fetchall()
    assert sorted(row[:4] for row in moved) == [
        ("sales_invoices", loaded.note, "Income", "CreditNote"),
        ("sales_invoices", loaded.offer, "Income", "Offer"),
    ]


def test_the_sql_of_the_readme_takes_away_what_moved(loaded: Moved) -> None:
    count = "select count(*) from billit.sales_invoices"
    (before,) = loaded.database.execute(count).fetchall()
    loaded.database.execute(sql_in("README.md"))
    (after,) = loaded.database.execute(count).fetchall()
    assert before[0] - after[0] == 2
