"""`tap-billit-report`: both engines, and what it says when it cannot."""

from __future__ import annotations

import builtins
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tap_billit.report.command import main
from tests.report.books import SCHEMA, Books, full

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.postgres import Postgres

    File = Callable[[Books], str]
    Page = Callable[..., str]
    Capture = pytest.CaptureFixture[str]


pytestmark = pytest.mark.usefixtures("undrawn")


def refused(capsys: Capture, *arguments: str) -> str:
    """What it says instead of making a page."""
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.count("\n") == 1
    return said


def test_both_engines_make_the_same_page(
    page: Page, tmp_path: Path, postgres_server: Postgres
) -> None:
    books = full()
    postgres_server.run(books.script())
    output = tmp_path / "postgres.html"
    url = postgres_server.url.replace("postgresql+psycopg", "postgresql")
    main(["--database", url, "--output", str(output)])
    assert output.read_text(encoding="utf-8") == page(books)


def test_a_file_may_have_the_name_of_the_schema(file: File, tmp_path: Path) -> None:
    named = Path(file(full())).rename(tmp_path / f"{SCHEMA}.duckdb")
    main(["--database", str(named), "--output", str(tmp_path / "page.html")])
    assert (tmp_path / "page.html").exists()


def test_one_company_can_be_chosen(page: Page, capsys: Capture) -> None:
    made = page(full(), "--company", "8")
    assert "Boon BV" not in made
    assert "Pré-Vert SA" in capsys.readouterr().out


@pytest.mark.parametrize("with_another", [False, True])
def test_a_company_that_is_not_there_is_told_with_those_that_are(
    file: File, capsys: Capture, *, with_another: bool
) -> None:
    too = ("--company", "7") if with_another else ()
    said = refused(capsys, "--database", file(full()), "--company", "9", *too)
    assert said == "There is no such company. There are: 7 (Boon BV), 8 (Pré-Vert SA).\n"


NASTY = "Caf\u00e9 \x1b[31m\nBV"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", r"Café \x1b[31m\nBV"), ("ascii", r"Caf\xe9 \x1b[31m\nBV")],
)
def test_a_name_does_nothing_to_the_terminal(
    page: Page, monkeypatch: pytest.MonkeyPatch, encoding: str, shown: str
) -> None:
    output = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(output, encoding, write_through=True))
    page(Books().company(company_name=NASTY))
    said = output.getvalue().decode(encoding)
    assert said.endswith(f"report.html: {shown}\n")


def test_nor_does_one_in_a_refusal(file: File, capsys: Capture) -> None:
    path = file(Books().company(company_name=NASTY))
    said = refused(capsys, "--database", path, "--company", "9")
    assert r"7 (Café \x1b[31m\nBV)" in said


def test_marts_of_no_company_are_told(file: File, capsys: Capture) -> None:
    said = refused(capsys, "--database", file(Books()))
    assert said == "There is no such company. There are: none.\n"


def test_a_database_without_marts_is_told(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "a.duckdb"
    duckdb.connect(str(file)).close()
    assert "run `dbt build` in transform/ first" in refused(capsys, "--database", str(file))


def test_a_mart_that_is_missing_is_named(file: File, capsys: Capture) -> None:
    path = file(full())
    with duckdb.connect(path) as db:
        db.execute(f"drop table {SCHEMA}.billit__coverage")
    assert "billit__coverage" in refused(capsys, "--database", path, "--schema", SCHEMA)


def test_of_several_schemas_one_must_be_chosen(file: File, tmp_path: Path, capsys: Capture) -> None:
    path, books = file(full()), Books().company()
    with duckdb.connect(path) as db:
        db.execute(books.script().replace(f"{SCHEMA}.", "other.").replace(SCHEMA, "other"))
    said = refused(capsys, "--database", path)
    assert said == f"Schemas with marts: {SCHEMA}, other. Say which, with --schema.\n"
    output = tmp_path / "page.html"
    main(["--database", path, "--schema", "other", "--output", str(output)])
    assert "Pré-Vert" not in output.read_text(encoding="utf-8")


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: Capture) -> None:
    said = refused(capsys, "--database", str(tmp_path / "none.duckdb"))
    assert "There is no file" in said


def test_a_file_that_is_no_database_is_told(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "a.duckdb"
    file.write_text("not a database" * 1000)
    assert "The database cannot be read: " in refused(capsys, "--database", str(file))


@pytest.mark.parametrize("url", ["mysql://me:s3cret@h/x", "duckdb://x", "s3://me:s3cret@b/x"])
def test_a_database_of_another_kind_is_told_without_its_password(url: str, capsys: Capture) -> None:
    said = refused(capsys, "--database", url)
    assert "is of no kind that is read: give a DuckDB file, or postgresql://" in said
    assert "s3cret" not in said


@pytest.mark.parametrize("scheme", ["POSTGRESQL", "postgres", "postgresql+psycopg2"])
def test_a_url_of_postgresql_in_any_form_is_one(scheme: str, capsys: Capture) -> None:
    said = refused(capsys, "--database", f"{scheme}://me:s3cret@127.0.0.1:1/books")
    assert "127.0.0.1" in said
    assert "efused" in said
    assert "s3cret" not in said


@pytest.mark.parametrize("password", ["s3cret", "s3@cr3t", "s3/cr3t", "s3:cr3t#"])
def test_a_password_is_not_told(capsys: Capture, password: str) -> None:
    url = f"postgresql://me:{password}@127.0.0.1:1/books"
    said = refused(capsys, "--database", url)
    assert "The database cannot be read: " in said
    assert "cr3t" not in said.replace("s3cret", "cr3t")


def test_a_page_that_cannot_be_written_is_told(file: File, tmp_path: Path, capsys: Capture) -> None:
    nowhere = tmp_path / "nowhere" / "page.html"
    said = refused(capsys, "--database", file(full()), "--output", str(nowhere))
    assert said == f"{nowhere} cannot be written: No such file or directory.\n"


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **options: Any) -> Any:
        if name == "tap_billit.report.figures":
            raise ModuleNotFoundError(name="duckdb")
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    said = refused(capsys, "--database", "a.duckdb")
    assert said == "duckdb is missing: pip install 'tap-billit[report]'.\n"
