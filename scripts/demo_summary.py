"""What `make demo` prints: the invoices in a DuckDB file, and what the last run brought.

The companies are the first stream of a run and are read in full: what was extracted after them
belongs to the same run. What the run changed shows against a copy of the file from before it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, NamedTuple

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

KINDS = {
    "sales_invoices": "Sales invoices",
    "sales_credit_notes": "Sales credit notes",
    "supplier_invoices": "Supplier invoices",
    "supplier_credit_notes": "Supplier credit notes",
}

NEEDED = {"companies", "deleted_orders", *KINDS}

_TABLES = """
    SELECT table_name FROM information_schema.tables
    WHERE table_catalog = ? AND table_schema = ? ORDER BY table_name
"""

# Both files have these two views; columns are named by the loader, in lower case. An order that
# became another kind is still in its old table: the newest row is the order.
_VIEWS = """
    CREATE SCHEMA {name};
    CREATE VIEW {name}.companies AS FROM {tables}.companies;
    CREATE VIEW {name}.orders AS FROM ({orders})
    QUALIFY row_number() OVER (PARTITION BY orderid ORDER BY lastmodified DESC) = 1
"""

_ORDERS = """
    SELECT {number} AS kind, orderid, companyid, coalesce(currency, '?') AS currency, lastmodified,
        paid, totalincl, _sdc_extracted_at AS read_at, coalesce(overdue, false) AS late,
        CASE WHEN orderstatus IN ('Draft', 'ToSend') THEN 0 ELSE topay END AS due
    FROM {tables}.{stream}
    WHERE orderid NOT IN (SELECT orderid FROM {tables}.deleted_orders)
"""

_DELETED = "SELECT count(*) FROM was.orders ANTI JOIN now.orders USING (orderid)"

_LINES = """
    WITH amounts AS (
        SELECT
            now.companyid, now.kind, now.currency,
            count(*) AS orders,
            sum(now.totalincl) AS total,
            sum(now.due) AS open,
            coalesce(sum(now.due) FILTER (now.late), 0) AS overdue,
            count(*) FILTER (now.read_at >= run.began) AS read,
            count(*) FILTER (was.orderid IS NULL) AS new,
            count(*) FILTER (now.lastmodified <> was.lastmodified) AS changed,
            count(*) FILTER (now.paid AND NOT was.paid) AS paid
        FROM now.orders AS now
        LEFT JOIN was.orders AS was USING (orderid)
        CROSS JOIN (SELECT max(_sdc_extracted_at) AS began FROM now.companies) AS run
        GROUP BY now.companyid, now.kind, now.currency
    )
    SELECT
        name, partyid, kind,
        sum(orders),
        coalesce(sum(total) FILTER (currency = 'EUR'), 0),
        coalesce(sum(open) FILTER (currency = 'EUR'), 0),
        coalesce(sum(overdue) FILTER (currency = 'EUR'), 0),
        coalesce(
            string_agg(format('{} {:,.0f}', currency, total), ', ' ORDER BY currency)
                FILTER (currency <> 'EUR'),
            ''
        ),
        sum(read), sum(new), sum(changed), sum(paid)
    FROM amounts JOIN now.companies ON partyid = companyid
    GROUP BY name, partyid, kind
    ORDER BY partyid, kind
"""

_QUESTION = """\
  .venv/bin/python -c 'import duckdb; duckdb.connect("{file}").sql("\
SELECT ordernumber, topay, daysoverdue FROM {schema}.sales_invoices WHERE overdue").show()'"""


class Line(NamedTuple):
    """One company's orders of one kind: amounts in euros, and the totals in other currencies."""

    name: str
    party_id: int
    kind: int
    orders: int
    total: float
    open: float
    overdue: float
    foreign: str
    read: int
    new: int
    changed: int
    paid: int


class Summary(NamedTuple):
    """What the file holds; `since` is when the run before the last one began, if that is known."""

    lines: list[Line]
    others: dict[str, int]
    deleted: int
    since: datetime | None


def read(path: Path, *, schema: str, before: Path | None = None) -> Summary:
    """The summary of `path`; `before` is a copy of it from before the last run.

    Raises:
        LookupError: the file is not what a run leaves behind.
    """
    with duckdb.connect() as db:
        tables = _open(db, "now", path, schema)
        if missing := NEEDED.difference(tables):
            raise LookupError(f"{path} has no table {schema}.{min(missing)}.")
        if before and before.exists() and {*_open(db, "was", before, schema)} >= NEEDED:
            [(since,)] = db.sql("SELECT max(_sdc_extracted_at) FROM was.companies").fetchall()
        else:
            db.execute("CREATE SCHEMA was; CREATE VIEW was.orders AS FROM now.orders WHERE false")
            since = None
        lines = [Line(*line) for line in db.sql(_LINES).fetchall()]
        [(deleted,)] = db.sql(_DELETED).fetchall()
        others = {
            name: len(db.table(f'now_file."{schema}".{name}'))
            for name in tables
            if name not in NEEDED - {"deleted_orders"}
        }
        return Summary(lines, others, deleted, since)


def _open(db: duckdb.DuckDBPyConnection, name: str, path: Path, schema: str) -> list[str]:
    """Make the views of a file's tables in the schema `name`; the names of the tables."""
    file = str(path).replace("'", "''")
    db.execute(f"ATTACH '{file}' AS {name}_file (READ_ONLY)")
    rows = db.execute(_TABLES, [f"{name}_file", schema]).fetchall()
    found = [table for (table,) in rows]
    if {*found} >= NEEDED:
        tables = f'{name}_file."{schema}"'
        orders = " UNION ALL ".join(
            _ORDERS.format(number=number, tables=tables, stream=stream)
            for number, stream in enumerate(KINDS)
        )
        db.execute(_VIEWS.format(name=name, tables=tables, orders=orders))
    return found


def table(lines: Sequence[Line], *, incremental: bool) -> Iterator[str]:
    """The companies and their orders, numbers aligned."""
    heads = ("orders", "new", "changed") if incremental else ("orders",)
    company = None
    for line in lines:
        if line.party_id != company:
            company = line.party_id
            name = f"{line.name} ({company})"
            yield ""
            yield _row(name, heads, ("total EUR", "open EUR", "overdue EUR"), "other currencies")
        counts = (line.orders, line.new, line.changed) if incremental else (line.orders,)
        amounts = (line.total, line.open, line.overdue)
        kind = tuple(KINDS.values())[line.kind]
        yield _row(f"  {kind}", map(_number, counts), map(_number, amounts), line.foreign)


def _number(number: float) -> str:
    return f"{number:,.0f}" if number else "-"


def _row(name: str, counts: Iterable[str], amounts: Iterable[str], last: str) -> str:
    numbers = "".join(f"{count:>9}" for count in counts) + "".join(f"{x:>13}" for x in amounts)
    return f"{name:<30}{numbers}   {last}".rstrip()


def news(summary: Summary) -> str:
    """What the last run brought."""
    orders, read_, new, changed, paid = (
        sum(getattr(line, name) for line in summary.lines)
        for name in ("orders", "read", "new", "changed", "paid")
    )
    if summary.since:
        again = max(0, read_ - new - changed)
        return (
            f"This run was incremental: it read what changed since the run of "
            f"{summary.since:%Y-%m-%d %H:%M:%S} UTC.\n"
            f"{read_:,} orders: {new:,} new, {changed:,} changed ({paid:,} of them now paid), "
            f"{again:,} read again as they are open, or were; {summary.deleted:,} deleted."
        )
    if read_ == orders:
        return f"This run was the first: it read all {orders:,} orders."
    return f"This run was incremental: it read {read_:,} of {orders:,} orders."


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.demo_summary", description=__doc__)
    parser.add_argument("file", type=Path, help="the DuckDB file")
    parser.add_argument("--before", type=Path, help="a copy of it from before the run")
    parser.add_argument("--schema", default="demo", help="where the tables are (default: demo)")
    options = parser.parse_args(arguments)
    try:
        summary = read(options.file, schema=options.schema, before=options.before)
    except (LookupError, duckdb.IOException) as error:
        parser.exit(1, f"{error}\n")
    print(
        *table(summary.lines, incremental=summary.since is not None),
        "",
        "Open: sent and not yet paid. Overdue: open, and late today.",
        "",
        news(summary),
        "",
        fill(f"Also there: {', '.join(f'{n} {rows:,}' for n, rows in summary.others.items())}", 96),
        "",
        f"The database is {options.file}. Ask it something, say:",
        _QUESTION.format(file=options.file, schema=options.schema),
        sep="\n",
    )


if __name__ == "__main__":
    main()
