"""`make demo` tells of its run in a few lines; the whole log is in a file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from scripts.calm import Story, main

if TYPE_CHECKING:
    from pathlib import Path

LOG = """\
2026-11-26T19:15:51Z [info     ] meltano      Installing loader 'target-duckdb'
2026-11-26T19:16:00Z [info     ] tap-billit   Beginning sync of 'companies' in full_table mode
2026-11-26T19:16:00Z [info     ] target-duckdb Creating... CREATE TABLE "companies" ("id" hugeint)
2026-11-26T19:16:01Z [info     ] tap-billit   METRIC    metric_name=sync_duration metric_value=0.4
2026-11-26T19:16:01Z [info     ] tap-billit   METRIC    metric_name=record_count metric_value=3
2026-11-26T19:16:01Z [info     ] tap-billit   Beginning sync of 'sales_invoices' in incremental mode
2026-11-26T19:16:01Z [info     ] tap-billit   METRIC    metric_name=record_count metric_value=1597
2026-11-26T19:16:02Z [warning  ] tap-billit   Something is odd
2026-11-26T19:34:46Z [info     ] dbt-duckdb   Found 25 models, 48 data tests, 2 seeds
2026-11-26T19:34:47Z [info     ] dbt-duckdb   75 of 85 PASS accepted_values_billit
2026-11-26T19:34:48Z [info     ] dbt-duckdb   76 of 85 WARN 3 statuses_are_known
2026-11-26T19:35:17Z [info     ] dbt-duckdb   Done. PASS=83 WARN=1 ERROR=0 SKIP=0 TOTAL=85
"""


def test_the_story_has_streams_models_and_what_went_wrong() -> None:
    story = Story()
    told = [" ".join(line.split()) for line in story.told(LOG.splitlines())]
    assert told == [
        "Installing target-duckdb, once",
        "companies 3",
        "sales_invoices 1,597",
        "2026-11-26T19:16:02Z [warning ] tap-billit Something is odd",
        "Making 25 models and testing them 48 times",
        "2026-11-26T19:34:48Z [info ] dbt-duckdb 76 of 85 WARN 3 statuses_are_known",
        "83 well, 1 warnings, 0 errors",
    ]
    assert story.records == {"companies": 3, "sales_invoices": 1597}


def run(log: Path, script: str, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    """What the command exits with and prints."""
    with pytest.raises(SystemExit) as exit_:
        main([str(log), sys.executable, "-c", script])
    return exit_.value.code, capsys.readouterr().out


def test_the_whole_log_is_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "output" / "demo.log"
    code, said = run(log, f"import sys; sys.stderr.write({LOG!r})", capsys)
    assert code == 0
    assert log.read_text(encoding="utf-8") == LOG
    assert "CREATE TABLE" not in said
    assert said.splitlines()[-1] == "2 streams, 1,600 records, in 0 min 0 s"


def test_a_failure_shows_the_end_of_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "demo.log"
    code, said = run(log, "print('a'); print('what went wrong'); raise SystemExit(3)", capsys)
    assert code == 3
    assert "what went wrong" in said
    assert said.splitlines()[-1] == f"It failed. The whole log: {log}"
