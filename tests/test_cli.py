"""The command `tap-billit`, as Meltano and people run it."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo import Account, Reply
from tap_billit.streams import STREAMS
from tap_billit.tap import TapBillit
from tests.kit.demo import ALWAYS
from tests.kit.expected import KEYS
from tests.kit.run import UNHURRIED, catalog_of

if TYPE_CHECKING:
    from tap_billit.demo.server import DemoServer
    from tests.kit.command import Command

COMMAND = Path(sysconfig.get_path("scripts")) / "tap-billit"
DEMO = {"environment": "demo", **UNHURRIED}


def tap_billit(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The installed command, in a process of its own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TAP_BILLIT")}
    return subprocess.run(  # noqa: S603
        [str(COMMAND), *arguments],
        env=own | variables,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def saved(folder: Path, **files: Any) -> list[str]:
    """Options that give these files."""
    options = []
    for name, content in files.items():
        file = folder / f"{name}.json"
        file.write_text(json.dumps(content), encoding="utf-8")
        options += [f"--{name}", str(file)]
    return options


def messages(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


def test_the_demo_needs_no_other_setting_and_goes_on_from_its_state(tmp_path: Path) -> None:
    catalog = catalog_of("companies", "sales_invoices", "supplier_credit_notes")
    first = tap_billit(*saved(tmp_path, config={"environment": "demo"}, catalog=catalog))
    assert first.returncode == 0, first.stderr
    lines = messages(first.stdout)
    rows = Counter(m["stream"] for m in lines if m["type"] == "RECORD")
    account = Account()
    orders = [row for each in account.companies for row in account.rows(each["PartyID"])]
    sold = sum(r["OrderDirection"] == "Income" and r["OrderType"] == "Invoice" for r in orders)
    assert rows["companies"] == len(account.companies)
    assert rows["sales_invoices"] == sold
    assert rows["supplier_credit_notes"]
    assert lines[-1]["type"] == "STATE"
    assert "rows so far" in first.stderr
    assert "Traceback" not in first.stderr

    state = saved(tmp_path, config=DEMO, catalog=catalog, state=lines[-1]["value"])
    second = tap_billit(*state)
    assert second.returncode == 0, second.stderr
    again = Counter(m["stream"] for m in messages(second.stdout) if m["type"] == "RECORD")
    assert 0 < again["sales_invoices"] < sold / 2


def test_a_problem_is_a_sentence_and_a_status(tmp_path: Path) -> None:
    missing = tap_billit("--config", str(tmp_path / "missing.json"))
    wanting = tap_billit("--config=ENV", TAP_BILLIT_REQUESTS_PER_MINUTE="many")
    for result, sentence in (
        (missing, "missing.json cannot be read: No such file or directory."),
        (wanting, "`requests_per_minute` is 'many': give a whole number from 1 to 1000000."),
    ):
        assert result.returncode == 1
        assert sentence in result.stderr
        assert "Traceback" not in result.stderr
        assert not result.stdout


def test_discovery_needs_no_config_and_asks_nothing(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("requests.Session.send", None)
    result = command("--discover")
    assert result.status == 0
    catalog = json.loads(result.printed)
    assert [each["tap_stream_id"] for each in catalog["streams"]] == [*KEYS]


def test_about_says_what_there_is_to_set(command: Command) -> None:
    about = json.loads(command("--about", "--format", "json").printed)
    settings = about["settings"]["properties"]
    assert about["name"] == "tap-billit"
    assert {name for name, each in settings.items() if each.get("secret")} == {
        "client_secret",
        "refresh_token",
        "token_store_key",
        "api_key",
    }
    assert {"state", "catalog", "discover", "about", "stream-maps", "batch"} <= {
        *about["capabilities"]
    }
    for result in (command("--about"), command("--about", "--format", "markdown")):
        assert result.status == 0
        for name in ("environment", "refresh_unpaid", "token_store"):
            assert name in result.printed


def test_the_version_is_told(command: Command) -> None:
    assert command("--version").printed.startswith("tap-billit v")


@pytest.mark.parametrize("option", ["--test", "--test=all", "--test=connection"])
def test_a_connection_test_takes_a_record_of_each_stream(
    option: str, command: Command, tmp_path: Path, demo: DemoServer
) -> None:
    config = {"api_url": demo.url, "api_key": demo.api_key, **UNHURRIED}
    result = command(*saved(tmp_path, config=config), option)
    assert result.status == 0
    assert not result.problems
    lines = messages(result.printed)
    assert {m["stream"] for m in lines if m["type"] == "SCHEMA"} == {*KEYS}
    rows = Counter(m["stream"] for m in lines if m["type"] == "RECORD")
    assert {"sales_invoices", "sales_invoice_details", "products"} <= rows.keys()
    assert max(rows.values()) <= len(demo.account.companies)


def test_a_connection_test_that_is_refused_is_none(
    command: Command, tmp_path: Path, demo: DemoServer
) -> None:
    demo.fail(Reply.error(403, "NoLicence"), path="/v1/orders", times=ALWAYS)
    config = {"api_url": demo.url, "api_key": demo.api_key, **UNHURRIED}
    result = command(*saved(tmp_path, config=config), "--test")
    assert result.status == 1
    assert "2 of 2 companies could not be synced" in result.problems[-1]


def test_a_log_level_that_is_none_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAP_BILLIT_LOGLEVEL", "verbose")
    with pytest.raises(SystemExit, match="no log level 'verbose': give DEBUG, INFO, WARNING"):
        TapBillit.cli()


def test_schemas_are_tested_without_a_request(
    command: Command, tmp_path: Path, demo: DemoServer
) -> None:
    config = {"api_url": demo.url, "api_key": demo.api_key, "files_url": str(tmp_path)}
    result = command(*saved(tmp_path, config=config), "--test=schema")
    assert result.status == 0
    assert {m["stream"] for m in messages(result.printed)} == {s.name for s in STREAMS}
    assert not demo.requests


def test_files_need_a_place(command: Command, tmp_path: Path, demo: DemoServer) -> None:
    config = {"api_url": demo.url, "api_key": demo.api_key, **UNHURRIED}
    options = saved(tmp_path, config=config, catalog=catalog_of("invoice_files"))
    result = command(*options)
    assert result.status == 1
    assert "`invoice_files` is selected, but `files_url` is not set" in result.problems[-1]
