"""What `dbt build` costs: the first time, again, and after one order in a hundred has changed.

The orders are the demo account's, loaded by the real loader and multiplied in the database. Before
that, the same builds of so few orders tell what dbt costs by itself.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter, sleep
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import figures
from benchmarks.process import UNUSUAL
from tests import postgres
from tests.transform.conftest import Demo
from tests.transform.engines import MODELS, NO_TESTS, SCHEMA, DuckDb, PostgreSql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.transform.engines import Engine

COLUMNS = (
    "What",
    "Seconds",
    "CPU s",
    "CPU s of the server",
    "MiB at most so far",
    "CPU s with few orders",
    "Of the first",
    "Without what few orders cost",
)
STRIDE = 100_000_000
ROWS = ("sales_invoices", "sales_credit_notes", "supplier_invoices", "supplier_credit_notes")
DETAILS = tuple(f"{name[:-1]}_details" for name in ROWS)
ASSIGNED = {
    "duckdb": """cast(replace(cast("AssignedEntities" as varchar),
        json_extract_string("AssignedEntities", '$[0].EntityID'),
        cast(cast(json_extract_string("AssignedEntities", '$[0].EntityID') as bigint) + {shift}
        as varchar)) as json)""",
    "postgres": """array[jsonb_set("AssignedEntities"[1], '{{EntityID}}',
        to_jsonb(("AssignedEntities"[1] ->> 'EntityID')::bigint + {shift}))]""",
}
"""The only order of a transaction, moved with its order."""


def multiply(engine: Engine, times: int) -> None:
    """Have each order, and each transaction, so many times."""
    shift = f"cast(copy as bigint) * {STRIDE}"
    for table in (*ROWS, *DETAILS, "deleted_orders", "financial_transactions"):
        moved = {name: f"{name} + {shift}" for name in ('"OrderID"', '"BankAccountTransactionID"')}
        # A credit note names its invoice by number: each copy its own.
        moved |= {
            name: f"{name} || '-' || cast(copy as varchar)"
            for name in ('"OrderNumber"', '"AboutInvoiceNumber"')
        }
        moved['"AssignedEntities"'] = ASSIGNED[engine.target].format(shift=shift)
        found = engine.query(
            "select column_name as name from information_schema.columns"
            f" where table_schema = '{SCHEMA}' and table_name = '{table}'"
        )
        names = [f'"{row["name"]}"' for row in found]
        known = {name.lower(): sql for name, sql in moved.items()}
        values = ", ".join(known.get(name.lower(), name) for name in names)
        engine.execute(
            f"insert into {SCHEMA}.{table} ({', '.join(names)}) select {values}"
            f" from {SCHEMA}.{table} cross join generate_series(1, {times - 1}) as g(copy)"
        )


def change(engine: Engine) -> None:
    """One order in a hundred was read again."""
    for table in (*ROWS, *DETAILS):
        engine.execute(
            f"update {SCHEMA}.{table} set _sdc_extracted_at = current_timestamp"
            ' where "OrderID" % 100 = 7'
        )


def an_hour_passes(engine: Engine) -> None:
    """Do what autovacuum does meanwhile, and have it counted before anything else is measured."""
    engine.execute("vacuum analyze" if engine.target == "postgres" else "analyze")
    sleep(1)


class Cost(NamedTuple):
    """What running dbt once takes."""

    seconds: float
    cpu: float
    """Of dbt with DuckDB in it."""
    of_server: float
    peak: int
    """MiB at most, of this run and those before."""

    @property
    def used(self) -> float:
        """All seconds of CPU."""
        return self.cpu + self.of_server


def measure(engine: Engine, server: Path | None, *arguments: str) -> Cost:
    """Run dbt once."""
    began, before, served = perf_counter(), _cpu(), _server_cpu(server)
    engine.dbt(*arguments)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    peak //= 1 << (20 if sys.platform == "darwin" else 10)
    return Cost(perf_counter() - began, _cpu() - before, _server_cpu(server) - served, peak)


def builds(engine: Engine, server: Path | None) -> Iterator[tuple[str, Cost]]:
    """The first build, and those of later hours; each makes the models without dbt's tests."""
    build = ("build", *NO_TESTS)
    yield "the first build", measure(engine, server, *build)
    an_hour_passes(engine)
    yield "nothing has changed", measure(engine, server, *build)
    change(engine)
    an_hour_passes(engine)
    yield "1 % has changed", measure(engine, server, *build)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _server_cpu(folder: Path | None) -> float:
    """What PostgreSQL has used with all clients that have gone; only Linux tells."""
    if folder is None:
        return 0
    (process, *_) = (folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()
    status = Path("/proc", process, "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, status[11:15])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """The command."""
    parser = figures.Options(__doc__, copies=(104, 3))
    parser.add_argument("--engine", choices=("duckdb", "postgres"), default="duckdb")
    options = parser.chosen()
    for name in UNUSUAL:
        os.environ.pop(name, None)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engine: Engine = DuckDb(folder / "duckdb")
        data = None
        if options.engine == "postgres":
            server = stack.enter_context(postgres.running())
            # At a moment of its own choosing it would count for whatever runs then.
            server.run("ALTER SYSTEM SET autovacuum = off; SELECT pg_reload_conf()")
            engine, data = PostgreSql(folder / "postgres", server), server.folder
        engine.load(Demo(folder).sync(0))
        engine.dbt("parse")
        few = dict(builds(engine, data))
        first_of_few, *_ = few.values()
        for schema in (MODELS, f"{MODELS}_staging"):
            engine.execute(f"drop schema {schema} cascade")
        multiply(engine, options.copies)
        an_hour_passes(engine)
        counts = " union all ".join(f"select count(*) as n from {SCHEMA}.{each}" for each in ROWS)
        orders = sum(int(row["n"]) for row in engine.query(counts))
        options.setting += f"; {orders:,} orders with details"
        with figures.table(f"models-{options.engine}", *COLUMNS, options=options) as row:
            first = None
            for what, cost in builds(engine, data):
                first = first or cost
                beyond = cost.used - few[what].used
                row(
                    what,
                    *cost,
                    few[what].used,
                    f"{cost.used / first.used:.1%}",
                    f"{beyond / (first.used - first_of_few.used):.1%}",
                )
            row("dbt's own tests", *measure(engine, data, "test"), "", "", "")


if __name__ == "__main__":
    main()
