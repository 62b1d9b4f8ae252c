"""What stands around the code agrees with it: Meltano's files, docs, sample config, versions."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

import pytest
import yaml

from tap_billit.settings import SETTINGS
from tap_billit.tap import TapBillit

ROOT = Path(__file__).parents[1]
OWN: dict[str, dict[str, Any]] = SETTINGS.to_dict()["properties"]
PROJECT = yaml.safe_load((ROOT / "meltano.yml").read_text(encoding="utf-8"))
(EXTRACTOR,) = PROJECT["plugins"]["extractors"]
LOADERS = {loader["name"]: loader for loader in PROJECT["plugins"]["loaders"]}
IN_MELTANO = {setting["name"]: setting for setting in EXTRACTOR["settings"]}

KINDS = {
    "accept_unreadable": "integer",
    "api_url": "string",
    "company_ids": "array",
    "context_party_id": "integer",
    "environment": "options",
    "files_max_mb": "integer",
    "full_lists_hours": "integer",
    "lookback_minutes": "integer",
    "recent_days": "integer",
    "refresh_unpaid": "boolean",
    "refresh_unpaid_hours": "integer",
    "request_timeout": "integer",
    "requests_per_minute": "integer",
    "retry_minutes": "integer",
    "start_date": "date_iso8601",
}


@pytest.mark.parametrize("name", OWN)
def test_meltano_knows_each_setting_as_the_tap_does(name: str) -> None:
    tap, meltano = OWN[name], IN_MELTANO[name]
    assert meltano["kind"] == KINDS.get(name, "string")
    assert meltano["label"] == tap["title"]
    assert meltano["description"] == tap["description"]
    assert meltano.get("value") == tap.get("default")
    assert meltano.get("sensitive", False) == tap.get("secret", False)
    assert [option["value"] for option in meltano.get("options", [])] == tap.get("enum", [])


def test_meltano_knows_no_setting_that_the_tap_lacks() -> None:
    assert IN_MELTANO.keys() - OWN.keys() == {
        "batch_config",
        "flattening_enabled",
        "flattening_max_depth",
        "flattening_max_key_length",
        "flattening_separator",
        "stream_map_config",
        "stream_maps",
    }
    tap = TapBillit(config={"environment": "demo"})
    assert IN_MELTANO.keys() < tap.config_jsonschema["properties"].keys()


def test_secrets_are_sensitive() -> None:
    secret = {name for name, setting in IN_MELTANO.items() if setting.get("sensitive")}
    assert secret == {"client_secret", "refresh_token", "token_store_key", "api_key"}


@pytest.mark.locked_sdk
def test_meltano_knows_the_capabilities() -> None:
    assert EXTRACTOR["capabilities"] == [each.value for each in TapBillit.capabilities]


def test_each_environment_of_meltano_is_one_of_the_tap() -> None:
    for environment in PROJECT["environments"]:
        (extractor,) = environment["config"]["plugins"]["extractors"]
        assert extractor["config"]["environment"] == environment["name"]
    assert {each["name"] for each in PROJECT["environments"]} == {*OWN["environment"]["enum"]}
    assert PROJECT["default_environment"] == "demo"


def test_each_group_of_settings_is_a_way_in() -> None:
    assert EXTRACTOR["settings_group_validation"] == [
        ["environment", "client_id", "client_secret"],
        ["environment", "api_key"],
    ]
    for group in EXTRACTOR["settings_group_validation"]:
        config = dict.fromkeys(group, "given") | {"environment": "production"}
        TapBillit(config=config, validate_config=True)


def test_no_plugin_needs_the_hub() -> None:
    for plugin in (EXTRACTOR, *LOADERS.values()):
        assert {"namespace", "pip_url", "executable", "settings"} <= plugin.keys()


def test_meltano_sends_nothing_home() -> None:
    assert PROJECT["send_anonymous_usage_stats"] is False
    assert PROJECT["cli"]["disable_version_check"] is True


def test_the_duckdb_loader_keeps_to_versions_that_lose_no_row() -> None:
    assert "duckdb<1.3" in LOADERS["target-duckdb"]["pip_url"].split()


def test_the_sample_config_is_valid() -> None:
    config = json.loads((ROOT / "sample_config.json").read_text(encoding="utf-8"))
    assert config.keys() <= OWN.keys()
    TapBillit(config=config, validate_config=True)


@pytest.mark.locked_sdk
def test_the_docs_are_fresh() -> None:
    command = [sys.executable, "-m", "scripts.docs", "--check"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 0, result.stdout + result.stderr


def test_what_is_cleaned_away_is_not_meltanos_state(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".meltano/loaders").mkdir(parents=True)
    (tmp_path / ".meltano/meltano.db").touch()
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)  # noqa: S607
    assert [path.name for path in (tmp_path / ".meltano").iterdir()] == ["meltano.db"]


def test_the_version_is_one() -> None:
    assert TapBillit.plugin_version == version("tap-billit")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in changelog or f"## [{version('tap-billit')}]" in changelog


def test_each_command_is_installed() -> None:
    commands = {each.name for each in entry_points(group="console_scripts")}
    wanted = {"", "-demo", "-doctor", "-login", "-report"}
    assert {f"tap-billit{name}" for name in wanted} <= commands
