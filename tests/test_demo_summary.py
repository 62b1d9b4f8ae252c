"""What `make demo` says about a DuckDB file."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from scripts import demo_summary as summary

if TYPE_CHECKING:
    from pathlib import Path

FIRST = datetime(2026, 10, 1, 9)
SECOND = FIRST + timedelta(hours=1)
ORDER = {
    "orderid": 1,
    "companyid": 7,
    "currency": "EUR",
    "totalincl": 1234.5,
    "topay": 1234.5,
    "paid": False,
    "overdue": False,
    "orderstatus": "ToPay",
    "lastmodified": FIRST,
    "_sdc_extracted_at": FIRST + timedelta(seconds=1),
}
DRAFT = {"orderstatus": "Draft", "overdue": True}
LATE = {"overdue": True, "totalincl": 100.0, "topay": 40.0}


def database(
    path: Path, *orders: dict[str, Any], ran: datetime = FIRST, deleted: tuple[int, ...] = ()
) -> Path:
    """A file as target-duckdb leaves it, all orders being sales invoices."""
    with duckdb.connect(path) as db:
        db.execute("CREATE SCHEMA demo")
        db.execute("CREATE TABLE demo.companies AS SELECT 7 partyid, 'Boon BV' AS name")
        db.execute("ALTER TABLE demo.companies ADD COLUMN _sdc_extracted_at TIMESTAMP")
        db.execute("UPDATE demo.companies SET _sdc_extracted_at = ?", [ran])
        db.execute("CREATE TABLE demo.deleted_orders (orderid HUGEINT)")
        db.execute("CREATE TABLE demo.parties AS FROM range(3)")
        for stream in summary.KINDS:
            db.execute(f"""CREATE TABLE demo.{stream} (
                orderid HUGEINT, companyid HUGEINT, currency VARCHAR, totalincl DOUBLE,
                topay DOUBLE, paid BOOLEAN, overdue BOOLEAN, orderstatus VARCHAR,
                lastmodified TIMESTAMP, _sdc_extracted_at TIMESTAMP)""")
        for number, order in enumerate(orders, start=1):
            values = [*({**ORDER, "orderid": number} | order).values()]
            db.execute("INSERT INTO demo.sales_invoices VALUES (?,?,?,?,?,?,?,?,?,?)", values)
        for order_id in deleted:
            db.execute("INSERT INTO demo.deleted_orders VALUES (?)", [order_id])
    return path


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[str]:
    summary.main([str(argument) for argument in arguments])
    return capsys.readouterr().out.splitlines()


def test_amounts_are_summed_by_kind_and_currency(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = database(tmp_path / "a.duckdb", {}, DRAFT, LATE, {"currency": "USD"})
    lines = told(capsys, file)
    head, row = (re.split(" {2,}", line.strip()) for line in lines[1:3])
    assert head == [
        "Boon BV (7)",
        "orders",
        "total EUR",
        "open EUR",
        "overdue EUR",
        "other currencies",
    ]
    assert row == ["Sales invoices", "4", "2,569", "1,274", "40", "USD 1,234"]
    assert "This run was the first: it read all 4 orders." in lines
    assert "Also there: deleted_orders 0, parties 3" in lines


def test_a_run_is_told_by_what_it_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = database(tmp_path / "before.duckdb", {}, {}, {}, {})
    now = {"_sdc_extracted_at": SECOND + timedelta(seconds=1)}
    paid = now | {"paid": True, "topay": 0.0, "orderstatus": "Paid", "lastmodified": SECOND}
    after = database(tmp_path / "after.duckdb", paid, now, {}, {}, now, ran=SECOND, deleted=(3,))
    lines = told(capsys, after, "--before", before)
    assert lines[2].split()[:5] == ["Sales", "invoices", "4", "1", "1"]
    news = "\n".join(lines)
    assert "it read what changed since the run of 2026-10-01 09:00:00 UTC." in news
    assert "3 orders: 1 new, 1 changed (1 of them now paid), 1 read again" in news
    assert "; 1 deleted." in news


def test_an_order_that_became_another_kind_is_counted_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = database(tmp_path / "before.duckdb", {}, {})
    now = {"_sdc_extracted_at": SECOND + timedelta(seconds=1), "lastmodified": SECOND}
    after = database(tmp_path / "after.duckdb", {}, {}, ran=SECOND)
    with duckdb.connect(after) as db:
        values = [*(ORDER | now).values()]
        db.execute("INSERT INTO demo.sales_credit_notes VALUES (?,?,?,?,?,?,?,?,?,?)", values)
    lines = told(capsys, after, "--before", before)
    invoices, notes = (line.split() for line in lines[2:4])
    assert invoices[:5] == ["Sales", "invoices", "1", "-", "-"]
    assert notes[:6] == ["Sales", "credit", "notes", "1", "-", "1"]
    assert "1 orders: 0 new, 1 changed (0 of them now paid)" in "\n".join(lines)
    assert "; 0 deleted." in "\n".join(lines)


def test_without_the_file_from_before_only_what_was_read_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = database(tmp_path / "a.duckdb", {}, {"_sdc_extracted_at": SECOND}, ran=SECOND)
    none = tmp_path / "none.duckdb"
    lines = told(capsys, file, "--before", none)
    assert "This run was incremental: it read 1 of 2 orders." in lines


def test_the_file_from_before_may_be_incomplete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tmp_path / "before.duckdb"
    duckdb.connect(before).close()
    lines = told(capsys, database(tmp_path / "a.duckdb", {}), "--before", before)
    assert "This run was the first: it read all 1 orders." in lines


@pytest.mark.parametrize("schema", ["demo", "production"])
def test_a_file_that_is_missing_or_of_another_environment_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], schema: str
) -> None:
    file = tmp_path / "a.duckdb"
    if schema == "production":
        database(file, {})
    with pytest.raises(SystemExit) as exit_:
        told(capsys, file, "--schema", schema)
    assert exit_.value.code == 1
    assert "a.duckdb" in capsys.readouterr().err
