"""What the models are made of in the tests: the demo account and what it lacks, at two moments."""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from filelock import FileLock

from tests import postgres
from tests.transform.cases import first_run, second_run
from tests.transform.engines import DuckDb, Engine, PostgreSql, call
from tests.transform.records import messages

if TYPE_CHECKING:
    from collections.abc import Generator

TAP = Path(sys.executable).with_name("tap-billit")


class Messages(NamedTuple):
    """Singer messages in the order they came, a list for each day; and the day of the first."""

    runs: tuple[tuple[Path, ...], ...]
    today: date

    @property
    def files(self) -> list[Path]:
        """Those of all runs."""
        return [file for run in self.runs for file in run]


class Demo:
    """The demo account as the tap brings it, today and on days ahead, one run after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state: list[str | Path] = []
        config = {"environment": "demo", "requests_per_minute": 100_000}
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")

    def sync(self, days: int) -> Path:
        """What the next run writes, so many days ahead."""
        file = self._folder / f"day{days}.jsonl"
        log = self._folder / f"day{days}.log"
        command = f'"$0" --config {self._folder / "config.json"} "$@" > {file} 2> {log}'
        call("/bin/sh", "-c", command, TAP, *self._state, env={"BILLIT_DEMO_DAYS_AHEAD": str(days)})
        state = self._folder / "state.json"
        states = [each["value"] for each in messages(file) if each["type"] == "STATE"]
        state.write_text(json.dumps(states[-1]), encoding="utf-8")
        self._state = ["--state", state]
        return file


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Messages:
    """Two runs of the tap against the demo account, the second a day ahead, and the cases."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # of all workers
    folder /= "messages"
    files = [folder / f"{name}.jsonl" for name in ("day0", "cases0", "day1", "cases1")]
    with FileLock(f"{folder}.lock"):
        if not files[-1].exists():
            folder.mkdir(exist_ok=True)
            demo = Demo(folder)
            day0, _ = demo.sync(0), demo.sync(1)
            first_run(day0).write(files[1])
            second_run(day0).write(files[3])
    return Messages(((files[0], files[1]), (files[2], files[3])), _day(files[0]))


def _day(file: Path) -> date:
    times = [each["time_extracted"] for each in messages(file) if each["type"] == "RECORD"]
    return date.fromisoformat(max(times)[:10])


@pytest.fixture(scope="session")
def server() -> Generator[postgres.Postgres, None, None]:
    with postgres.running_or_skipped() as started:
        yield started


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """Each engine in turn, empty."""
    if request.param == "duckdb":
        return DuckDb(tmp_path)
    postgresql = PostgreSql(tmp_path, request.getfixturevalue("server"))
    postgresql.empty()
    return postgresql
