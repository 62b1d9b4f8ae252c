"""The models hold what the Singer records say, on both engines; so they are equal on both."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

import yaml

from tap_billit.report.command import main as report
from tests.report.reading import article, figure
from tests.transform.compare import wrong
from tests.transform.engines import (
    MODELS,
    NO_TESTS,
    PIP_URLS,
    ROOT,
    TRANSFORM,
    DuckDb,
    marts,
)
from tests.transform.records import Tables

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transform.conftest import Messages
    from tests.transform.engines import Engine


def test_the_marts_hold_what_the_records_say(engine: Engine, loaded: Messages) -> None:
    first, second = loaded.runs
    engine.load(*first)
    engine.dbt("build", *NO_TESTS, as_of=loaded.today)
    engine.load(*second)
    engine.dbt("build", as_of=loaded.today)  # keeps what has not changed
    assert wrong(engine, Tables.of(loaded.files), loaded.today) == []
    assert joined_row_by_row(engine) == []
    check_report(engine)


def test_a_load_during_a_build_is_made_up_for_by_the_next(tmp_path: Path, loaded: Messages) -> None:
    """Of an order that is read again, this build has the lines of before and the rest of after."""
    engine = DuckDb(tmp_path)
    engine.load(*loaded.runs[0])
    engine.dbt("build", *NO_TESTS, as_of=loaded.today)
    engine.load(*loaded.runs[1])
    parts = ("stg_billit__order_lines", "stg_billit__order_vat_groups")
    engine.dbt("run", "--exclude", *parts, as_of=loaded.today)
    assert wrong(engine, Tables.of(loaded.files), loaded.today) != []
    engine.dbt("run", as_of=loaded.today)
    assert wrong(engine, Tables.of(loaded.files), loaded.today) == []


def joined_row_by_row(engine: Engine) -> list[str]:
    """Models whose cost grows with the square of the orders: DuckDB's plans say it for few."""
    if not isinstance(engine, DuckDb):
        return []  # `without_nested_loops` sees to it
    compiled = engine.folder / "target" / "compiled" / "billit" / "models"
    models = [*compiled.glob("*/*.sql")]
    plans = engine.plans(models)
    assert any("HASH_JOIN" in plan for plan in plans)
    return [
        model.stem for model, plan in zip(models, plans, strict=True) if "BLOCKWISE_NL_JOIN" in plan
    ]


def check_report(engine: Engine) -> None:
    """The report takes what dbt made, and says the same."""
    output = engine.folder / "report.html"
    report(["--database", engine.database, "--schema", MODELS, "--output", str(output)])
    page = output.read_text(encoding="utf-8")
    owed: defaultdict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for item in engine.mart("billit__open_items"):
        amount = Decimal(item["company_open_amount"] or 0)
        owed[int(item["company_id"]), item["side"]] += amount
    assert owed
    for (company, side), amount in owed.items():
        assert figure(article(page, f"nl-{company}"), side) == amount


def test_a_build_that_finds_no_table_fails(tmp_path: Path) -> None:
    said = DuckDb(tmp_path).dbt("run", "--select", "stg_billit__companies", expect=1)
    assert "No table of Billit was found in schema 'raw_billit'" in said
    assert "Set the variable billit_schema" in said


def test_each_mart_and_column_is_described() -> None:
    for mart in marts():
        file = TRANSFORM / "models" / "marts" / f"{mart}.yml"
        (model,) = yaml.safe_load(file.read_text(encoding="utf-8"))["models"]
        assert all(each["description"] for each in (model, *model["columns"]))


def test_meltano_has_both_adapters_with_one_dbt() -> None:
    duckdb, postgres = (PIP_URLS[f"dbt-{name}"].split() for name in ("duckdb", "postgres"))
    assert duckdb[0] == postgres[0] == "dbt-core~=1.11.0"
    assert "duckdb<1.3" in duckdb


def test_meltano_gives_the_models_the_schema_of_the_loader() -> None:
    project = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
    for environment in project["environments"]:
        plugins = environment["config"]["plugins"]
        (tap,), (dbt,) = plugins["extractors"], plugins["utilities"]
        assert dbt["config"]["source_schema"] == tap["load_schema"]
    utilities = {each["name"]: each for each in project["plugins"]["utilities"]}
    for utility in utilities.values():
        assert {"namespace", "pip_url", "executable", "settings", "commands"} <= utility.keys()
        settings = {each["env"]: each.get("value") for each in utility["settings"]}
        assert settings["DBT_SEND_ANONYMOUS_USAGE_STATS"] is False
