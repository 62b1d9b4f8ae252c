"""What the models are made of in the tests: the demo account and what it lacks, at two moments."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests import postgres
from tests.transform.cases import first_run, second_run
from tests.transform.engines import DuckDb, Engine, PostgreSql, call
from tests.transform.records import messages

if TYPE_CHECKING:
    from collections.abc import Generator

TAP = Path(sys.executable).with_name("tap-billit")


class Messages(NamedTuple):
    """Singer messages: those of the first moment, those of the day after, and the day it is."""

    first: tuple[Path, ...]
    second: tuple[Path, ...]
    today: date


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Messages:
    """Two runs of the tap against the demo account, the second a day ahead, and the cases."""
    folder = tmp_path_factory.mktemp("messages")
    (folder / "config.json").write_text('{"environment": "demo"}', encoding="utf-8")
    day0, day1 = folder / "day0.jsonl", folder / "day1.jsonl"
    _sync(folder, day0, days=0)
    states = [each["value"] for each in messages(day0) if each["type"] == "STATE"]
    (folder / "state.json").write_text(json.dumps(states[-1], default=str), encoding="utf-8")
    _sync(folder, day1, "--state", folder / "state.json", days=1)
    cases = first_run(day0).write(folder / "cases0.jsonl")
    later = second_run(day0).write(folder / "cases1.jsonl")
    times = (each.get("time_extracted") for each in messages(day0))
    today = date.fromisoformat(max(time for time in times if time)[:10])
    return Messages((day0, cases), (day1, later), today)


def _sync(folder: Path, file: Path, *options: str | Path, days: int) -> None:
    env = {"BILLIT_DEMO_DAYS_AHEAD": str(days)}
    log = folder / f"{file.stem}.log"
    command = f'"$0" --config {folder / "config.json"} "$@" > {file} 2> {log}'
    call("/bin/sh", "-c", command, TAP, *options, env=env)


@pytest.fixture(scope="session")
def server() -> Generator[postgres.Postgres, None, None]:
    with ExitStack() as stack:
        try:
            yield stack.enter_context(postgres.running())
        except postgres.NoServerError as error:
            if "CI" in os.environ:
                raise
            pytest.skip(str(error))


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Engine:
    """Each engine in turn, empty at first; the tests of a module fill it in their order."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "duckdb":
        return DuckDb(folder)
    return PostgreSql(folder, request.getfixturevalue("server"))
