"""What takes minutes: `make long`. Days ahead, tables that are missing, other settings."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.transform.compare import by_key, wrong
from tests.transform.conftest import Demo
from tests.transform.engines import NO_TESTS, SCHEMA, TRANSFORM, DuckDb, Engine
from tests.transform.records import Copy, Tables

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transform.conftest import Messages

pytestmark = pytest.mark.long

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
    demo, files = Demo(tmp_path), []
    for days in (0, 1, 30):
        files.append(demo.sync(days))
        engine.load(files[-1])
        tables = Tables.of(files)
        today = _today(tables)
        engine.dbt("build", *NO_TESTS, billit_as_of=str(today))
        assert wrong(engine, tables, today) == [], f"after {days} days"


def test_rows_are_enough(engine: Engine, loaded: Messages) -> None:
    """Without details, bank, products, and a column of the rest."""
    files = loaded.runs[0]
    engine.load(*files)
    engine.drop(*LISTS)
    engine.execute(f'alter table {SCHEMA}.sales_invoices drop column "PaymentMethod"')
    tables = Tables.of(files).without(*LISTS)
    rows = tables.streams["sales_invoices"]
    for key, copy in rows.items():
        record = {name: value for name, value in copy.record.items() if name != "PaymentMethod"}
        rows[key] = Copy(copy.stream, record, copy.extracted)
    engine.dbt("build", billit_as_of=str(loaded.today))
    assert wrong(engine, tables, loaded.today) == []


def test_details_are_enough(engine: Engine, loaded: Messages) -> None:
    files = loaded.runs[0]
    rows = ("sales_invoices", "sales_credit_notes", "supplier_invoices", "supplier_credit_notes")
    engine.load(*files)
    engine.drop(*rows)
    engine.dbt("build", *NO_TESTS, billit_as_of=str(loaded.today))
    assert wrong(engine, Tables.of(files).without(*rows), loaded.today) == []


def test_settings(engine: Engine, loaded: Messages) -> None:
    """A past day, the other direction of rates, streams left out, and a table of another name."""
    files = loaded.runs[0]
    engine.load(*files)
    engine.execute(f"alter table {SCHEMA}.parties rename to contacts")
    engine.dbt(
        "build",
        *NO_TESTS,
        billit_as_of="2026-09-30",
        billit_exchange="multiply",
        billit_identifiers={"parties": "contacts"},
    )
    assert wrong(engine, Tables.of(files), date(2026, 9, 30), multiply=True) == []
    said = engine.dbt("run", "--select", "billit__invoices", billit_exchange="other", expect=2)
    assert "billit_exchange is divide or multiply" in said


def test_a_month_of_the_ageing_is_that_days_open_items(tmp_path: Path, loaded: Messages) -> None:
    engine = DuckDb(tmp_path)
    engine.load(*loaded.runs[0])
    engine.dbt("build", *NO_TESTS, billit_as_of=str(loaded.today))
    months = {
        key[1:]: row["company_open_amount"]
        for key, row in by_key(
            "billit__ageing_monthly", engine.mart("billit__ageing_monthly")
        ).items()
        if key[0] == date(2026, 9, 30)
    }
    engine.dbt("build", *NO_TESTS, billit_as_of="2026-09-30")
    items: Counter[tuple[Any, ...]] = Counter()
    for row in engine.mart("billit__open_items"):
        if row["company_open_amount"] is not None:
            items[row["company_id"], row["side"], row["bucket"]] += row["company_open_amount"]
    assert months == items
    assert len(items) > 10


def test_dbts_own_tests_and_docs(engine: Engine, loaded: Messages) -> None:
    """Freshness is asked of what each run reads; the docs are one page."""
    engine.load(*loaded.runs[0])
    engine.dbt("build")
    engine.dbt("source", "freshness")
    engine.dbt("docs", "generate", "--static")
    assert "billit__open_items" in (engine.folder / "target" / "static_index.html").read_text(
        encoding="utf-8"
    )


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
    sold = sum(copy.record["TotalIncl"] for copy in tables.copies("sales_invoices"))
    assert engine.mart("sold") == [{"sold": sold}]


def _today(tables: Tables) -> date:
    newest = max(copy.extracted for copy in tables.copies("companies"))
    return newest.date()
