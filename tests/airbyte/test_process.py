"""The command `source-billit` as Airbyte runs it: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from threading import Event
from typing import TYPE_CHECKING

import pytest

from tap_billit.demo import DemoServer, Reply
from tap_billit.shutdown import GRACE
from tests.kit.airbyte import COMMAND, Said, Source, configured, process, saved, source_of
from tests.kit.demo import TOKEN, account
from tests.kit.process import SOON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_billit.demo import Request

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")

ROWS = "sales_invoices"
NOISY = "import sys, warnings; print('noise'); warnings.warn('noise'); sys.stdout.flush()"


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(account(orders=900), page_size=20) as server:
        yield server


@pytest.fixture
def source(server: DemoServer, tmp_path: Path) -> Source:
    return source_of(server, tmp_path)


def run(folder: Path, *arguments: str, **files: object) -> Said:
    """The installed command, once, without a home: nothing of it is in standard error."""
    options = [f"--{name}={path}" for name, path in saved(folder, **files).items()]
    done = subprocess.run(  # noqa: S603
        [str(COMMAND), *arguments, *options],
        env={name: os.environ[name] for name in ("PATH", "PYTHONWARNINGS")},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert not done.stderr
    return Said(done.stdout.splitlines(), done.returncode)


def test_the_demo_from_the_specification_to_its_records(tmp_path: Path) -> None:
    assert run(tmp_path, "spec").only("SPEC")["connectionSpecification"]["properties"]
    config = {"environment": "demo"}
    assert run(tmp_path, "check", config=config).only("CONNECTION_STATUS")["status"] == "SUCCEEDED"
    offered = run(tmp_path, "discover", config=config).only("CATALOG")["streams"]
    catalog = configured(offered, "companies", ROWS)
    said = run(tmp_path, "read", "--debug", config=config, catalog=catalog)
    assert said.status == 0
    assert len(said.records("companies")) == 3
    assert "METRIC" not in said.log


def test_what_is_wrong_with_a_file_is_a_message(tmp_path: Path) -> None:
    said = run(tmp_path, "read", config={"environment": "demo"}, catalog="{}")
    assert said.status == 1
    assert said.errors[0]["failure_type"] == "config_error"
    assert "no configured catalog" in said.errors[0]["message"]


def second_page_late(request: Request) -> Reply | None:
    return Reply(delay=30) if "OrderID ge" in request.query.get("$filter", "") else None


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_as_such_with_all_that_was_written(
    signum: int, source: Source, server: DemoServer
) -> None:
    server.hooks.append(second_page_late)
    with process(source, ROWS, "parties") as running:
        begun = running.until(b'"sales_invoices, company')
        running.process.send_signal(signum)
        said = running.rest(*begun)
    assert said.status == -signum
    for stream in (ROWS, "parties"):
        assert said.statuses(stream)[-1] == "INCOMPLETE"
    server.hooks.clear()
    rest = source.read(ROWS, state=said.states)
    found = {row["OrderID"] for row in said.records(ROWS) + rest.records(ROWS)}
    assert found == {row["OrderID"] for row in source.read(ROWS).records(ROWS)}


def test_a_reader_that_is_stuck_does_not_hold_it_up(source: Source) -> None:
    with process(source, ROWS) as running:
        running.until(b'"RECORD"')
        running.process.terminate()
        assert running.process.wait(GRACE + SOON) == -signal.SIGTERM


def test_a_reader_that_goes_away_ends_it_quietly(source: Source) -> None:
    with process(source, ROWS) as running:
        running.until(b'"RECORD"')
        running.out.close()
        assert running.process.wait(SOON) == 1
        assert not running.errors


def test_in_a_refresh_the_new_tokens_still_leave(source: Source, server: DemoServer) -> None:
    came = Event()

    def slowly(request: Request) -> Reply | None:
        if request.path != TOKEN:
            return None
        came.set()
        return Reply(delay=0.5)

    server.hooks.append(slowly)
    source.config["credentials"] = {
        "auth_type": "oauth_airbyte",
        "client_id": server.client_id,
        "client_secret": server.client_secret,
        "refresh_token": server.issue_refresh_token(),
    }
    with process(source, "companies") as running:
        assert came.wait(30)
        running.process.terminate()
        said = running.rest()
    assert said.status == -signal.SIGTERM
    assert said.statuses("companies") == ["STARTED", "INCOMPLETE"]
    tokens = json.loads(said.configs[-1]["credentials"]["tokens"])
    assert tokens["refresh_token"] in server._refresh
