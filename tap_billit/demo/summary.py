"""What `make demo` prints: the invoices in a DuckDB file, and what the last run brought.

The companies are the first stream of a run and are read in full: what was extracted after them
belongs to the same run. What the run changed shows against a copy of the file from before it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

KINDS = {
    "sales_invoices": "Sales invoices",
    "sales_credit_notes": "Sales credit notes",
    "supplier_invoices": "Supplier invoices",
    "supplier_credit_notes": "Supplier credit notes",
}

# Both files have these two views; columns are named by the loader, in lower case.
_VIEWS = """
    CREATE SCHEMA {name};
    CREATE VIEW {name}.companies AS FROM {tables}.companies;
    CREATE VIEW {name}.orders AS {orders}
"""

# Billit's FXRateToForeign is what a euro is worth in the order's currency.
_ORDERS = """
    SELECT {number} AS kind, orderid, companyid, lastmodified, paid, coalesce(overdue, false) AS late,
        totalincl / coalesce(fxratetoforeign, 1) AS total,
        topay / coalesce(fxratetoforeign, 1) AS due,
        coalesce(orderstatus, '') NOT IN ('Draft', 'ToSend') AS sent,
        _sdc_extracted_at AS read_at
    FROM {tables}.{stream}
"""

_LINES = """
    SELECT
        name,
        partyid,
        kind,
        count(*),
        sum(now.total),
        coalesce(sum(now.due) FILTER (now.sent), 0),
        coalesce(sum(now.due) FILTER (now.sent AND now.late), 0),
        count(*) FILTER (now.read_at >= run.began),
        count(*) FILTER (was.orderid IS NULL),
        count(*) FILTER (now.lastmodified <> was.lastmodified),
        count(*) FILTER (now.paid AND NOT was.paid)
    FROM now.orders AS now
    LEFT JOIN was.orders AS was USING (kind, orderid)
    JOIN now.companies ON partyid = now.companyid
    CROSS JOIN (SELECT max(_sdc_extracted_at) AS began FROM now.companies) AS run
    GROUP BY name, partyid, kind
    ORDER BY partyid, kind
"""


class Line(NamedTuple):
    """One company's orders of one kind, amounts in euros."""

    name: str
    party_id: int
    kind: int
    orders: int
    total: float
    open: float
    overdue: float
    read: int
    new: int
    changed: int
    paid: int


class Summary(NamedTuple):
    """What the file holds; `since`: when the run before the last one began, if that is known."""

    lines: list[Line]
    since: datetime | None


def read(path: Path, *, schema: str, before: Path | None = None) -> Summary:
    """The summary of `path`; `before` is a copy of it from before the last run."""
    with duckdb.connect() as db:
        _open(db, "now", path, schema)
        known = before is not None and before.exists() and _open(db, "was", before, schema)
        if not known:
            db.execute("CREATE SCHEMA was; CREATE VIEW was.orders AS FROM now.orders WHERE false")
        since = known and db.sql("SELECT max(_sdc_extracted_at) FROM was.companies").fetchall()[0][0]
        return Summary([Line(*line) for line in db.sql(_LINES).fetchall()], since or None)


def _open(db: duckdb.DuckDBPyConnection, name: str, path: Path, schema: str) -> bool:
    """Make the views of a file's tables in the schema `name`; False: it has no companies."""
    file = str(path).replace("'", "''")
    db.execute(f"ATTACH '{file}' AS {name}_file (READ_ONLY)")
    where = "WHERE table_catalog = ? AND table_schema = ?"
    found = db.execute(
        f"SELECT table_name FROM information_schema.tables {where}",  # noqa: S608
        [f"{name}_file", schema],
    ).fetchall()
    tables = f'{name}_file."{schema}"'
    orders = " UNION ALL ".join(
        _ORDERS.format(number=number, tables=tables, stream=stream)
        for number, stream in enumerate(KINDS)
        if (stream,) in found
    )
    if ("companies",) not in found or not orders:
        return False
    db.execute(_VIEWS.format(name=name, tables=tables, orders=orders))
    return True


def table(lines: Sequence[Line], *, news: bool) -> Iterator[str]:
    """The companies and their orders, amounts aligned."""
    heads = ["", "orders", "total", "open", "overdue", *(["new", "changed"] if news else [])]
    body = [
        [
            tuple(KINDS.values())[line.kind],
            f"{line.orders:,}",
            *(f"{amount:,.2f}" if amount else "-" for amount in (line.total, line.open, line.overdue)),
            *([f"{line.new or '-'}", f"{line.changed or '-'}"] if news else []),
        ]
        for line in lines
    ]
    widths = [max(map(len, column)) for column in zip(heads, *body, strict=True)]
    company = None
    for line, cells in zip(lines, body, strict=True):
        if line.party_id != company:
            yield ""
            yield _row([f"{line.name} ({line.party_id})", *heads[1:]], widths)
            company = line.party_id
        yield _row([f"  {cells[0]}", *cells[1:]], widths)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = cells
    return f"{first:<{NAMES}}" + "".join(f"  {c:>{w}}" for c, w in zip(others, widths, strict=True))


def news(summary: Summary) -> str:
    """What the last run brought."""
    rows, read_, new, changed, paid = (
        sum(getattr(line, name) for line in summary.lines)
        for name in ("rows", "read", "new", "changed", "paid")
    )
    if summary.since:
        again = max(0, read_ - new - changed)
        return (
            f"This run was incremental: it read what changed since the run of "
            f"{summary.since:%Y-%m-%d %H:%M:%S} UTC.\n"
            f"{read_:,} rows: {new:,} new, {changed:,} changed ({paid:,} of them now paid), "
            f"{again:,} read again as they are open or lately paid."
        )
    if read_ == rows:
        return f"This run was the first: it read all {rows:,} rows."
    return f"This run was incremental: it read {read_:,} of {rows:,} rows."


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tap_billit.demo.summary", description=__doc__)
    parser.add_argument("file", type=Path, help="the DuckDB file")
    parser.add_argument("--before", type=Path, help="a copy of it from before the run")
    parser.add_argument("--schema", default="demo", help="where the tables are (default: demo)")
    options = parser.parse_args(arguments)
    if not options.file.exists():
        parser.exit(1, f"There is no file {options.file}.\n")
    summary = read(options.file, schema=options.schema, before=options.before)
    print(*table(summary.lines, news=bool(summary.since)), sep="\n")  # noqa: T201
    print(  # noqa: T201
        "\nOpen: sent and not yet paid. Overdue: open, and late today."
        f"\n\n{news(summary)}"
        f"\n\nThe database is {options.file}. Ask it something, say:"
        f'\n  .venv/bin/python -c \'import duckdb; duckdb.connect("{options.file}").sql("""'
        f"\n    SELECT ordernumber, totalincl, currency, daysoverdue FROM "
        f"{options.schema}.sales_invoices"
        f'\n    WHERE overdue ORDER BY daysoverdue DESC LIMIT 5""").show()\''
    )


if __name__ == "__main__":
    main()
