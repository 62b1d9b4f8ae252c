"""Settings: from files and variables; each that will not do is one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.tap import TapBillit
from tests.kit.run import UNHURRIED, Runner, ids

if TYPE_CHECKING:
    from tap_billit.demo.account import Account
    from tap_billit.demo.server import DemoServer
    from tests.kit.command import Command

KEY = {"api_key": "some-key"}
OAUTH = {"client_id": "id", "client_secret": "some-secret"}


def config_file(folder: Path, config: Any) -> str:
    file = folder / "config.json"
    file.write_text(config if isinstance(config, str) else json.dumps(config), encoding="utf-8")
    return str(file)


DEEP = '{"x": ' + "[" * 100_000 + "]" * 100_000 + "}"

UNUSABLE: dict[str, tuple[Any, str]] = {
    "no way in": ({}, "There are no credentials: give `client_id` and `client_secret`"),
    "half a way in": ({"client_id": "x"}, "There are no credentials"),
    "an empty key": ({"api_key": ""}, "There are no credentials"),
    "a demo elsewhere": (
        {"environment": "demo", "api_url": "https://x"},
        "or remove `api_url`: the account inside the tap has no address",
    ),
    "both kinds": (KEY | OAUTH, "`api_key` and OAuth's client_id, client_secret"),
    "a key and a token": (KEY | {"refresh_token": "t"}, "two kinds of credentials: `api_key`"),
    "an environment": (
        {**KEY, "environment": "test"},
        "`environment` is 'test': give one of",
    ),
    "a date": ({**KEY, "start_date": "01/02/2026"}, "`start_date` cannot be read: '01/02/2026' is"),
    "a day": ({**KEY, "start_date": "2026-02-30"}, "`start_date` cannot be read: day is out of"),
    "a zone": ({**KEY, "timezone": "Europe/Brussel"}, "`timezone` is unknown: 'Europe/Brussel'"),
    "a zone outside": ({**KEY, "timezone": "../../etc/passwd"}, "`timezone` is unknown"),
    "an address": (
        {**KEY, "rate_limit_store": "s3://x"},
        "`rate_limit_store` is an address that turns cannot be booked at",
    ),
    "a company": (
        {**KEY, "company_ids": ["x"]},
        "`company_ids` is ['x']: give a whole number",
    ),
    "companies": ({**KEY, "company_ids": {"1": 2}}, "`company_ids` is {'1': 2}: give a whole"),
    "a lookback": ({**KEY, "lookback_minutes": -1}, "is -1: give a whole number from 0 to 527040"),
    "a pace": ({**KEY, "requests_per_minute": 0}, "is 0: give a whole number from 1 to 1000000"),
    "a fraction": ({**KEY, "requests_per_minute": 1.5}, "is 1.5: give a whole number from 1"),
    "a timeout": ({**KEY, "request_timeout": 0}, "is 0: give a number above 0, 86400 at most"),
    "patience": ({**KEY, "retry_minutes": -1}, "is -1: give a number from 0 to 10080"),
    "a size": ({**KEY, "files_max_mb": 0}, "is 0: give a number above 0, 1000000 at most"),
    "a choice": ({**KEY, "refresh_unpaid": "nope"}, "is 'nope': give true or false"),
    "a number for a text": ({**KEY, "timezone": 1.5}, "`timezone` is 1.5: give a text"),
    "no JSON": ("api_key = x", "config.json is not JSON: Expecting value"),
    "no object": ("[1]", "config.json holds JSON, but no object"),
    "nothing": ("", "config.json is not JSON"),
    "no number": ('{"retry_minutes": NaN}', "config.json is not JSON: NaN is no number"),
    "no number, deep": (
        '{"stream_maps": {"a": [-Infinity]}}',
        "is not JSON: -Infinity is no number",
    ),
    "deep": (DEEP, "config.json is nested more than 100 levels deep"),
    "a little deep": ('{"x": ' * 101 + "1" + "}" * 101, "is nested more than 100 levels deep"),
}


@pytest.mark.parametrize(("config", "sentence"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_config_that_will_not_do_is_named(
    config: Any, sentence: str, command: Command, tmp_path: Path
) -> None:
    result = command("--config", config_file(tmp_path, config))
    assert result.status == 1
    assert sentence in result.problems[0]
    assert not set(result.problems[1:]) - {"Config validation failed"}
    assert not result.printed
    assert "some-key" not in result.log
    assert "some-secret" not in result.log


def test_several_problems_are_named_at_once(command: Command, tmp_path: Path) -> None:
    config = {**KEY, **OAUTH, "start_date": "soon"}
    problems = command("--config", config_file(tmp_path, config)).problems
    assert "two kinds of credentials" in problems[0]
    assert "`start_date`" in problems[1]


@pytest.mark.parametrize("option", ["--test", "--test=schema"])
def test_a_connection_test_names_them_too(option: str, command: Command, tmp_path: Path) -> None:
    result = command("--config", config_file(tmp_path, {}), option)
    assert result.status == 1
    assert "There are no credentials" in result.problems[0]


@pytest.mark.parametrize("option", [[], ["--discover"], ["--test"], ["--about"]])
def test_a_config_file_that_is_not_there_is_named(option: list[str], command: Command) -> None:
    result = command("--config", "missing.json", *option)
    assert (result.status, result.printed) == (1, "")
    assert result.problems == [
        "The config file missing.json cannot be read: No such file or directory."
    ]


def test_other_files_are_no_config(command: Command, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    for file, sentence in ((".", "cannot be read: Is a dir"), ("picture", "is not UTF-8 text")):
        result = command("--config", file)
        assert result.status == 1
        assert sentence in result.problems[0]


BROKEN_FILES: dict[str, tuple[str, str, str]] = {
    "state: no JSON": ("--state", '{"bookmarks": ', "file.json is not JSON"),
    "state: no object": ("--state", "[]", "file.json holds JSON, but no object"),
    "state: a message": ("--state", '{"type": "STATE", "value": {}}', "it has no `bookmarks`"),
    "state: a list": ("--state", '{"bookmarks": []}', "it has no `bookmarks`"),
    "state: no company": (
        "--state",
        '{"bookmarks": {"parties": {"replication_key_value": "2026-01-01"}}}',
        "The state of parties is not kept by company",
    ),
    "state: nobody's": (
        "--state",
        '{"bookmarks": {"parties": {"partitions": [{"context": {}}]}}}',
        "The state of parties has a partition whose CompanyID is None, not a number",
    ),
    "state: a name": (
        "--state",
        '{"bookmarks": {"parties": {"partitions": [{"context": {"CompanyID": "Acme"}}]}}}',
        "The state of parties has a partition whose CompanyID is 'Acme', not a number",
    ),
    "state: no number": ("--state", '{"bookmarks": {"x": NaN}}', "NaN is no number in JSON"),
    "state: deep": ("--state", DEEP, "file.json is nested more than 100 levels deep"),
    "state: two of one company": (
        "--state",
        json.dumps({"bookmarks": {"parties": {"partitions": [{"context": {"CompanyID": 1}}] * 2}}}),
        "The state of parties has two partitions of company 1",
    ),
    "catalog: no number": ("--catalog", '{"streams": Infinity}', "Infinity is no number in JSON"),
    "catalog: deep": ("--catalog", DEEP, "file.json is nested more than 100 levels deep"),
    "catalog: no JSON": ("--catalog", "streams: []", "file.json is not JSON"),
    "catalog: no object": ("--catalog", "[]", "file.json holds JSON, but no object"),
    "catalog: a config": ("--catalog", '{"environment": "demo"}', "no Singer catalog"),
    "catalog: bare names": ("--catalog", '{"streams": ["parties"]}', "no Singer catalog"),
    "catalog: no id": ("--catalog", '{"streams": [{"stream": "parties"}]}', "no Singer catalog"),
}


@pytest.mark.parametrize(("option", "text", "sentence"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_a_state_or_catalog_that_is_none_is_named(
    option: str, text: str, sentence: str, command: Command, tmp_path: Path
) -> None:
    """A catalog without streams would select nothing, and succeed."""
    (tmp_path / "file.json").write_text(text, encoding="utf-8")
    config = config_file(tmp_path, {"environment": "demo"})
    result = command("--config", config, option, "file.json")
    assert (result.status, result.printed) == (1, "")
    assert len(result.problems) == 1
    assert sentence in result.problems[0]


def test_a_state_file_that_is_not_there_is_named(command: Command, tmp_path: Path) -> None:
    result = command("--config", config_file(tmp_path, KEY), "--state", "missing.json")
    assert result.status == 2
    assert "'missing.json': No such file" in result.log


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
@pytest.mark.parametrize("option", ["--config", "--state", "--catalog"])
def test_a_file_without_end_is_named(
    option: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_billit.cli_files.LARGEST", 1 << 20)
    result = command("--config", config_file(tmp_path, KEY), option, "/dev/zero")
    assert result.status == 1
    assert result.problems[-1].endswith("/dev/zero has no end, or more than 1 MiB.")


def test_a_company_out_of_reach_is_named_beside_those_within(
    command: Command, tmp_path: Path, demo: DemoServer, account: Account
) -> None:
    config = {"api_url": demo.url, "api_key": demo.api_key, "company_ids": [1, 2]}
    result = command("--config", config_file(tmp_path, config))
    reached = ", ".join(f"{each['PartyID']} ({each['Name']})" for each in account.companies)
    assert result.status == 1
    assert result.problems[-1] == (
        f"`company_ids` names 1, 2, which this login does not reach. It reaches {reached}."
    )
    assert len(demo.requests) == 1


def test_a_key_that_is_wrong_is_told_by_billit(
    command: Command, tmp_path: Path, demo: DemoServer
) -> None:
    config = {"api_url": demo.url, "api_key": "00000000-0000-0000-0000-000000000000"}
    result = command("--config", config_file(tmp_path, config))
    assert result.status == 1
    assert "401 to /v1/account/accountInformation: ApiKeyNotValid" in result.problems[-1]


VARIABLES = {
    "ENVIRONMENT": "sandbox",
    "COMPANY_IDS": "[403030]",
    "REFRESH_UNPAID": "false",
    "LOOKBACK_MINUTES": "0",
    "REQUEST_TIMEOUT": "2.5",
    "RETRY_MINUTES": "0",
    "FILES_MAX_MB": "10",
    "REQUESTS_PER_MINUTE": "100000",
    "START_DATE": "2026-01-01",
}


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch, demo: DemoServer) -> pytest.MonkeyPatch:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(f"TAP_BILLIT_{name}", value)
    monkeypatch.setenv("TAP_BILLIT_API_URL", demo.url)
    monkeypatch.setenv("TAP_BILLIT_API_KEY", demo.api_key)
    return monkeypatch


@pytest.mark.usefixtures("variables")
def test_variables_are_settings(demo: DemoServer) -> None:
    config = TapBillit(parse_env_config=True).config
    assert {name: config[name] for name in config if name.upper() in VARIABLES} == {
        "environment": "sandbox",
        "company_ids": [403030],
        "refresh_unpaid": False,
        "lookback_minutes": 0,
        "request_timeout": 2.5,
        "retry_minutes": 0,
        "files_max_mb": 10,
        "requests_per_minute": 100_000,
        "start_date": "2026-01-01",
    }
    assert config["api_url"] == demo.url


def test_a_sync_from_variables_alone(
    command: Command, variables: pytest.MonkeyPatch, demo: DemoServer, account: Account
) -> None:
    company = account.companies[1]["PartyID"]
    variables.setenv("TAP_BILLIT_COMPANY_IDS", f"[{company}]")
    assert command("--config", "ENV", "--test").status == 0
    assert {request.party_id for request in demo.requests} == {None, str(company)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REQUESTS_PER_MINUTE", "sixty"),
        ("LOOKBACK_MINUTES", "1.5"),
        ("REQUEST_TIMEOUT", "a minute"),
        ("COMPANY_IDS", "401117,,403030"),
        ("COMPANY_IDS", "[401117"),
        ("REFRESH_UNPAID", "perhaps"),
    ],
)
def test_a_variable_that_will_not_do_is_named(
    name: str, value: str, command: Command, variables: pytest.MonkeyPatch
) -> None:
    variables.setenv(f"TAP_BILLIT_{name}", value)
    result = command("--config", "ENV")
    assert (result.status, result.printed) == (1, "")
    assert result.problems[0].startswith(f"`{name.lower()}` is '{value}': ")
    assert result.problems[1:] == ["Config validation failed"]


def test_defaults_are_those_of_the_documentation() -> None:
    config = TapBillit(config=dict(KEY)).config
    assert {name: config.get(name) for name in SETTINGS} == SETTINGS


SETTINGS = {
    "environment": "production",
    "timezone": "Europe/Brussels",
    "lookback_minutes": 5,
    "refresh_unpaid": True,
    "requests_per_minute": 60,
    "request_timeout": 60,
    "retry_minutes": 15,
    "files_max_mb": 50,
    "company_ids": None,
    "start_date": None,
}


@pytest.mark.parametrize("ids_in_config", [None, []])
def test_no_companies_named_means_all(
    ids_in_config: list[int] | None, demo: DemoServer, account: Account
) -> None:
    records = Runner(demo)("companies", company_ids=ids_in_config).records["companies"]
    assert ids(records, "PartyID") == [company["PartyID"] for company in account.companies]


def test_a_company_named_twice_is_synced_once(demo: DemoServer, account: Account) -> None:
    company = account.companies[1]["PartyID"]
    records = Runner(demo)("companies", company_ids=[company] * 2, **UNHURRIED).records
    assert ids(records["companies"], "PartyID") == [company]
