"""What takes minutes: `make long`. Days ahead, tables that are missing, other settings."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from scripts.soak_models import tables_of
from tests.transform.compare import STREAMS, by_key, wrong
from tests.transform.conftest import Demo
from tests.transform.engines import NO_TESTS, SCHEMA, TRANSFORM, DuckDb, Engine
from tests.transform.records import Copy, Tables, money

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transform.conftest import Messages

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]

PAST = date(2026, 9, 30)
ROWS = ("sales_invoices", "sales_credit_notes", "supplier_invoices", "supplier_credit_notes")
LISTS = (
    "companies",
    "deleted_orders",
    "financial_transactions",
    "orders",
    "parties",
    "products",
    "sales_credit_note_details",
    "sales_invoice_details",
    "supplier_credit_note_details",
    "supplier_invoice_details",
)


def test_the_demo_account_day_by_day(engine: Engine, tmp_path: Path) -> None:
    """Builds that are left out or cut off, and an old load that is repeated, do not matter."""
    demo = Demo(tmp_path)
    files = [demo.sync(0)]
    engine.load(*files)
    check_build(engine, files)
    files.append(demo.sync(1))
    engine.load(files[-1])
    engine.dbt("run", "--select", "staging", "+int_billit__orders")  # then it was killed
    files.append(demo.sync(30))
    engine.load(files[-1])
    check_build(engine, files)
    assert wrong(engine, tables_of(engine), _today(Tables.of(files))) == [], "as the soak compares"
    files.append(files[0])
    engine.load(files[-1])
    check_build(engine, files)


def check_build(engine: Engine, files: list[Path]) -> None:
    """A build as it is run each hour."""
    tables = Tables.of(files)
    today = _today(tables)
    engine.dbt("build", *NO_TESTS, as_of=today)
    assert wrong(engine, tables, today) == []


def test_the_same_tables_with_other_settings(engine: Engine, loaded: Messages) -> None:
    """What is loaded and set may change from build to build: nothing of before is left."""
    engine.load(*loaded.runs[0])
    tables = Tables.of(loaded.runs[0])
    check_dbts_own_tests_and_docs(engine, loaded.today)
    months = month_of_the_ageing(engine)
    check_a_past_day_and_the_other_direction_of_rates(engine, tables)
    assert months == open_items(engine)
    without_rows(engine, tables, loaded.today)
    without_all_but_rows(engine, tables, loaded.today)


def check_dbts_own_tests_and_docs(engine: Engine, today: date) -> None:
    """Freshness is asked of what each run reads; the docs are one page."""
    engine.dbt("build", as_of=today)
    engine.dbt("source", "freshness", as_of=today)
    engine.dbt("docs", "generate", "--static", as_of=today)
    page = engine.folder / "target" / "static_index.html"
    assert "billit__open_items" in page.read_text(encoding="utf-8")


def check_a_past_day_and_the_other_direction_of_rates(engine: Engine, tables: Tables) -> None:
    """And a table of another name."""
    engine.execute(f"alter table {SCHEMA}.parties rename to contacts")
    names = {"parties": "contacts"}
    build = ("build", *NO_TESTS)
    engine.dbt(*build, as_of=PAST, billit_exchange="multiply", billit_identifiers=names)
    assert wrong(engine, tables, PAST, multiply=True) == []
    said = engine.dbt("run", "--select", "billit__invoices", billit_exchange="other", expect=2)
    assert "billit_exchange is divide or multiply" in said
    engine.execute(f"alter table {SCHEMA}.contacts rename to parties")
    engine.dbt(*build, billit_as_of=str(PAST))
    assert wrong(engine, tables, PAST) == []


def without_rows(engine: Engine, tables: Tables, today: date) -> None:
    """Details are enough."""
    left = [stream for stream in STREAMS if stream not in ROWS]
    engine.dbt("build", *NO_TESTS, as_of=today, billit_streams=left)
    assert wrong(engine, tables.without(*ROWS), today, streams=left) == []


def without_all_but_rows(engine: Engine, tables: Tables, today: date) -> None:
    """Rows are enough, without details, bank, products, and a column of the rest."""
    engine.drop(*LISTS)
    engine.execute(f'alter table {SCHEMA}.sales_invoices drop column "PaymentMethod"')
    tables = tables.without(*LISTS)
    rows = tables.streams["sales_invoices"]
    for key, copy in rows.items():
        record = {name: value for name, value in copy.record.items() if name != "PaymentMethod"}
        rows[key] = Copy(copy.stream, record, copy.extracted)
    engine.dbt("build", as_of=today)
    assert wrong(engine, tables, today) == []


def month_of_the_ageing(engine: Engine) -> dict[tuple[Any, ...], Any]:
    """What was open at the end of a month, in the mart that has them all."""
    months = by_key("billit__ageing_monthly", engine.mart("billit__ageing_monthly"))
    return {key[1:]: row["company_open_amount"] for key, row in months.items() if key[0] == PAST}


def open_items(engine: Engine) -> dict[tuple[Any, ...], Any]:
    """What is open on the day that the models were built for."""
    items: Counter[tuple[Any, ...]] = Counter()
    for row in by_key("billit__open_items", engine.mart("billit__open_items")).values():
        if row["company_open_amount"] is not None:
            items[row["company_id"], row["side"], row["bucket"]] += row["company_open_amount"]
    assert len(items) > 10
    return items


def test_another_project_uses_it_as_a_package(tmp_path: Path, loaded: Messages) -> None:
    engine, project = DuckDb(tmp_path / "data"), tmp_path / "project"
    engine.load(*loaded.runs[0])
    (project / "models").mkdir(parents=True)
    files = {
        "dbt_project.yml": {
            "name": "books",
            "profile": "billit",
            "vars": {"billit": {"billit_streams": ["sales_invoices", "parties"]}},
        },
        "packages.yml": {"packages": [{"local": str(TRANSFORM)}]},
    }
    for name, content in files.items():
        (project / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    model = "select sum(total) as sold from {{ ref('billit__invoices') }}"
    (project / "models" / "sold.sql").write_text(model, encoding="utf-8")
    engine.dbt("deps", project=project)
    engine.dbt("build", *NO_TESTS, project=project)
    tables = Tables.of(loaded.runs[0])
    totals = (money(copy.record["TotalIncl"]) for copy in tables.copies("sales_invoices"))
    sold = sum(total for total in totals if total is not None)
    assert engine.mart("sold") == [{"sold": sold}]


def _today(tables: Tables) -> date:
    newest = max(copy.extracted for copy in tables.copies("companies"))
    return newest.date()
