"""Tokens that work once, kept in the configuration of an Airbyte source."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.kit.airbyte import Said, Source
from tests.kit.demo import ALWAYS, TOKEN, error
from tests.kit.login import token_requests
from tests.kit.person import Person
from tests.kit.run import UNHURRIED

if TYPE_CHECKING:
    from pathlib import Path

    from tap_billit.demo import DemoServer
    from tests.kit.run import Json


@pytest.fixture
def person(demo: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    person = Person(demo, tmp_path)
    monkeypatch.setattr("webbrowser.open", person.browses)
    return person


@pytest.fixture
def source(demo: DemoServer, tmp_path: Path) -> Source:
    """A source that has a first refresh token."""
    credentials = {
        "auth_type": "oauth_airbyte",
        "client_id": demo.client_id,
        "client_secret": demo.client_secret,
        "refresh_token": demo.issue_refresh_token(),
    }
    return Source(tmp_path, {"api_url": demo.url, "credentials": credentials} | UNHURRIED)


def pasted(source: Source, person: Person) -> Json:
    """The source with what `tap-billit-login --airbyte` prints in place of the first token."""
    result = person.runs("--airbyte")
    assert result.exit_code == 0, result.output
    (tokens,) = [line for line in result.output.splitlines() if line.startswith("{")]
    del source.config["credentials"]["refresh_token"]
    source.config["credentials"]["tokens"] = tokens
    document: Json = json.loads(tokens)
    return document


def aged(source: Source) -> None:
    """The access token in the configuration has ended."""
    tokens = json.loads(source.config["credentials"]["tokens"])
    tokens["renew_at"] = tokens["expires_at"] = "2026-01-01T00:00:00Z"
    source.config["credentials"]["tokens"] = json.dumps(tokens)


def problem(said: Said) -> str:
    assert said.status == 0
    status: Json = said.only("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    message: str = status["message"]
    return message


def test_the_first_token_is_spent_by_the_first_sync(source: Source, demo: DemoServer) -> None:
    check = source.check()
    assert check.only("CONNECTION_STATUS") == {"status": "SUCCEEDED"}
    assert "not tried" in check.log
    assert not demo.requests
    said = source.read("companies")
    assert said.status == 0
    kept = said.configs[-1]
    assert {**kept["credentials"], "tokens": None} == {
        **source.config["credentials"],
        "tokens": None,
    }
    assert {**kept, "credentials": None} == {**source.config, "credentials": None}
    source.config = kept
    assert source.read("companies").status == source.check().status == 0
    assert len(token_requests(demo)) == 1


def test_new_tokens_leave_before_any_record(source: Source) -> None:
    kinds = [each["type"] for each in source.read("companies").messages]
    assert "CONTROL" not in kinds[kinds.index("RECORD") :]


def test_what_the_login_prints_is_tried_and_spends_nothing(
    source: Source, demo: DemoServer, person: Person
) -> None:
    document = pasted(source, person)
    assert document.keys() >= {"access_token", "refresh_token", "expires_at", "renew_at"}
    check = source.check()
    assert check.only("CONNECTION_STATUS") == {"status": "SUCCEEDED"}
    assert not check.configs
    assert demo.refreshes == 0
    assert not list(source.folder.glob("**/tokens.json"))


def test_the_check_of_a_source_that_is_not_saved_spends_nothing(
    source: Source, demo: DemoServer, person: Person
) -> None:
    pasted(source, person)
    aged(source)
    said = problem(source.check())
    assert "tap-billit-login --airbyte" in said
    assert demo.refreshes == 0


def test_the_first_sync_learns_whether_tokens_are_kept(
    source: Source, demo: DemoServer, person: Person
) -> None:
    pasted(source, person)
    (source.config,) = source.read("companies").configs
    assert demo.refreshes == 0
    aged(source)
    check = source.check()
    assert check.only("CONNECTION_STATUS") == {"status": "SUCCEEDED"}
    assert demo.refreshes == 1
    source.config = check.configs[-1]
    assert source.read("companies").status == 0
    assert demo.refreshes == 1


def test_a_configuration_from_before_a_refresh_is_recognised(
    source: Source, demo: DemoServer
) -> None:
    source.config = source.read("companies").configs[-1]
    aged(source)
    stale = source.config
    source.config = source.read("companies").configs[-1]
    assert demo.refreshes == 2
    source.config = stale
    said = source.read("companies", "parties")
    assert said.status == 1
    (error,) = said.errors
    assert error["failure_type"] == "config_error"
    assert "tap-billit-login --airbyte" in error["message"]
    assert demo.spent_token_attempts == 1
    assert not said.configs, "Airbyte has a newer one, and would lose it"
    assert said.statuses("parties") == ["INCOMPLETE"]


def test_a_spent_token_that_is_still_configured_is_never_sent_again(
    source: Source, demo: DemoServer
) -> None:
    source.config = source.read("companies").configs[-1]
    aged(source)
    said = source.read("companies")
    assert said.status == 0
    assert demo.spent_token_attempts == 0
    assert source.config["credentials"]["refresh_token"]


def test_an_answer_that_is_lost_costs_the_login_and_says_so(
    source: Source, demo: DemoServer
) -> None:
    source.config["retry_minutes"] = 0
    demo.fail(error(503, "Maintenance"), path=TOKEN, times=ALWAYS)
    said = source.read("companies")
    assert said.errors[0]["failure_type"] == "transient_error"


@pytest.mark.parametrize(
    ("tokens", "says"),
    [
        ("{}", "cannot be read"),
        ("nonsense", "cannot be read"),
        ("null", "cannot be read"),
        (3, "no text"),
    ],
)
def test_tokens_that_cannot_be_read_are_a_sentence(source: Source, tokens: Any, says: str) -> None:
    source.config["credentials"]["tokens"] = tokens
    message = problem(source.check())
    assert says in message
    assert "tap-billit-login --airbyte" in message


def test_tokens_of_another_environment_are_a_sentence(source: Source, person: Person) -> None:
    document = pasted(source, person)
    source.config["credentials"]["tokens"] = json.dumps(document | {"environment": "sandbox"})
    assert "another environment" in problem(source.check())


def test_no_secret_is_in_what_people_read(source: Source, demo: DemoServer) -> None:
    first = source.config["credentials"]["refresh_token"]
    said = source.read("companies")
    tokens = json.loads(said.configs[-1]["credentials"]["tokens"])
    secrets = {first, demo.client_secret, tokens["access_token"], tokens["refresh_token"]}
    for each in said.messages:
        if each["type"] != "CONTROL":
            assert not any(secret in json.dumps(each, default=str) for secret in secrets)
