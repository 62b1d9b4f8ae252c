"""Databases with handmade marts, and the page that the command makes of them."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import duckdb
import pytest
from markupsafe import Markup

from tap_billit.report import charts
from tap_billit.report.command import main
from tests import postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tests.report.books import Books


@pytest.fixture
def file(tmp_path: Path) -> Callable[[Books], str]:
    """Put marts into a DuckDB file of their own."""
    numbers = count()

    def make(books: Books) -> str:
        path = tmp_path / f"books{next(numbers)}.duckdb"
        with duckdb.connect(str(path)) as db:
            db.execute(books.script())
        return str(path)

    return make


@pytest.fixture(scope="module")
def postgres_server() -> Generator[postgres.Postgres, None, None]:
    with postgres.running_or_skipped() as started:
        yield started


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the time that charts take, where a test is about something else."""
    for chart in ("cash", "ageing", "trade", "history"):
        monkeypatch.setattr(charts, chart, lambda *_: Markup("<svg></svg>"))


@pytest.fixture
def page(tmp_path: Path, file: Callable[[Books], str]) -> Callable[..., str]:
    """The page of marts in a file."""

    def made(books: Books, *options: str) -> str:
        output = tmp_path / "report.html"
        main(["--database", file(books), "--output", str(output), *options])
        return output.read_text(encoding="utf-8")

    return made
