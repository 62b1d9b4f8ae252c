"""`tap-billit.yml`, by which others add the tap to a Meltano project of theirs.

`make lint` sees that it is up to date. What Meltano's hub asks of a definition is
repeated here as far as it matters.
"""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tap_billit.demo import Account, DemoServer
from tap_billit.settings import SETTINGS
from tests.kit.expected import KEYS
from tests.pipeline import MELTANO, ROOT, build, clean

if TYPE_CHECKING:
    from pathlib import Path

FILE = ROOT / "tap-billit.yml"

# Not `decimal`: with a value from a variable, Meltano 4.4 fails on it.
KINDS = {"array", "boolean", "date_iso8601", "integer", "object", "options", "string"}
OF_A_SETTING = {"name", "kind", "value", "label", "description", "options", "sensitive"}
OF_AN_EXTRACTOR = {
    *("name", "namespace", "variant", "label", "description", "pip_url", "executable"),
    *("capabilities", "commands", "settings", "settings_group_validation", "select", "log_parser"),
    *("domain_url", "keywords", "maintenance_status", "quality", "supported_python_versions"),
}


LOADER = """
import json, sys
with open("loaded", "w", encoding="utf-8") as file:
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "RECORD":
            file.write(line)
        elif message["type"] == "STATE":
            state = message["value"]
print(json.dumps(state))
"""
"""All that a loader is: it keeps what comes, and says which state it has."""


@pytest.fixture(scope="module")
def definition() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


def test_it_is_what_the_hub_takes(definition: dict[str, Any]) -> None:
    assert definition.keys() == OF_AN_EXTRACTOR
    assert definition["quality"] in {"gold", "silver", "bronze", "unknown"}
    assert definition["maintenance_status"] in {"active", "beta", "development"}
    assert all(re.fullmatch(r"3\.\d+", each) for each in definition["supported_python_versions"])
    for setting in definition["settings"]:
        assert {"name", "kind", "label", "description"} <= setting.keys() <= OF_A_SETTING
        assert setting["kind"] in KINDS


def test_it_has_the_settings_of_the_tap(definition: dict[str, Any]) -> None:
    ours = SETTINGS.to_dict()["properties"]
    settings = {setting["name"]: setting for setting in definition["settings"]}
    assert ours.keys() <= settings.keys()
    secret = {name for name, schema in ours.items() if schema.get("secret")}
    assert secret == {name for name, setting in settings.items() if setting.get("sensitive")}
    assert {name for group in definition["settings_group_validation"] for name in group} <= {*ours}


def test_a_project_takes_and_runs_it_without_a_hub(
    tmp_path: Path, definition: dict[str, Any]
) -> None:
    """Such a project selects everything, as Meltano does: what needs a setting is not offered."""
    build(tmp_path / "wheels")
    project = tmp_path / "project"
    environment = clean() | {
        "MELTANO_HUB_URL": "http://127.0.0.1:9",
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "1",
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "UV_FIND_LINKS": str(tmp_path / "wheels"),
    }

    def meltano(*arguments: str | Path, cwd: Path = project, **variables: str) -> str:
        done = subprocess.run(  # noqa: S603
            [MELTANO, *arguments],
            cwd=cwd,
            env=environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    meltano("init", "project", cwd=tmp_path)
    meltano("add", "tap-billit", "--from-ref", FILE)
    file = project / "meltano.yml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    [added] = content["plugins"]["extractors"]
    assert added["settings"] == definition["settings"]
    added.pop("select", None)
    loader = project / "loader"
    loader.write_text(f"#!{sys.executable}{LOADER}", encoding="utf-8")
    loader.chmod(0o755)
    content["plugins"]["loaders"] = [
        {"name": "target-own", "namespace": "target_own", "executable": str(loader)}
    ]
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    account = Account(companies=1, orders=60)
    account.delete(account.rows(account.companies[0]["PartyID"])[0]["OrderID"])
    with DemoServer(account) as demo:
        meltano(
            *("run", "tap-billit", "target-own"),
            TAP_BILLIT_API_URL=demo.url,
            TAP_BILLIT_API_KEY=demo.api_key,
        )
    lines = (project / "loaded").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["stream"] for line in lines} == {*KEYS} - {"invoice_files"}
    with closing(sqlite3.connect(project / ".meltano" / "meltano.db")) as db:
        [(state,)] = db.execute("SELECT completed_state FROM state").fetchall()
    assert "sales_invoice_details" in json.loads(state)["singer_state"]["bookmarks"]
