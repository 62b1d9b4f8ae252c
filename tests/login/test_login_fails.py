"""A login that does not come about: denied, expired, mistyped, refused, lost."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tap_billit.auth import login
from tap_billit.auth.callback import code_in
from tap_billit.demo.messages import Reply
from tests.kit.demo import ACCOUNT, TOKEN, rotate_then
from tests.kit.login import count_companies, login_to
from tests.kit.person import Person, failed

if TYPE_CHECKING:
    from pathlib import Path


def test_denied(person: Person) -> None:
    person.decision = "0"
    assert "denied" in failed(person.runs())


def test_refused_otherwise(person: Person) -> None:
    person.pastes = lambda address: [re.sub("code=[^&]+", "error=server_error", address)]
    assert "'server_error'" in failed(person.runs())


def test_expired(clock: list[datetime], person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.0, 11 * 60.0])
    monkeypatch.setattr(login, "monotonic", lambda: next(seconds))

    def late(address: str) -> list[str]:
        clock[0] += timedelta(minutes=11)
        return [address]

    person.pastes = late
    assert "expired: codes last ten minutes, and the page was opened 11 minutes ago" in failed(
        person.runs()
    )


def test_reused(person: Person) -> None:
    person.runs()
    used = person.address
    person.pastes = lambda _: [used]
    assert "was used before" in failed(person.runs())
    assert count_companies(person.demo, login_to(person.demo, person.store)) == 2


def test_of_another_login(person: Person) -> None:
    person.pastes = lambda address: [re.sub("state=.*", "state=other", address)]
    assert "belongs to another login" in failed(person.runs())
    person.pastes = lambda address: [re.sub("&state=.*", "", address)]
    assert "belongs to another login" in failed(person.runs())


def test_mistyped(person: Person) -> None:
    person.pastes = lambda address: [address.replace("code=", "code=x")]
    assert "mistyped or cut off" in failed(person.runs())
    assert person.store.load() is None


def test_pasted_something_else_first(person: Person) -> None:
    person.pastes = lambda address: ["http://example.com", "what?", f"  {address} "]
    result = person.runs()
    assert result.exit_code == 0, result.output
    assert result.output.count("There is no code in that") == 2


def test_pasted_nothing_at_all(person: Person) -> None:
    person.pastes = lambda _: []
    assert "Aborted" in failed(person.runs())


def test_a_plus_in_a_code_stays_one() -> None:
    address = "https://example.com/billit?code=a+b%2Bc&state=s"
    assert code_in(address, state="s", known=()) == "a+b+c"


def test_a_wrong_secret(person: Person) -> None:
    person.config["client_secret"] = "wrong"
    assert "client ID with this client secret" in failed(person.runs())


def test_an_answer_that_was_lost(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoff._sync.time", SimpleNamespace(sleep=lambda _: None))
    rotate_then(person.demo, Reply(cut="close"))
    assert "whose answer did not arrive" in failed(person.runs())


def test_an_answer_without_a_refresh_token(person: Person) -> None:
    body = {"access_token": person.demo.issue_access_token()}
    person.demo.fail(Reply(200, body), path=TOKEN)
    assert "no refresh token" in failed(person.runs())
    assert person.store.load() is None


def test_a_damaged_store_is_found_before_the_login(person: Person, tmp_path: Path) -> None:
    place = tmp_path / "tokens.json"
    place.write_text("{")
    person.config["token_store"] = str(place)
    assert str(place) in failed(person.runs())
    assert not person.pages
    assert place.read_text() == "{"


def test_companies_that_cannot_be_listed_do_not_cost_the_login(person: Person) -> None:
    person.demo.fail(Reply.error(403, "NoLicence"), path=ACCOUNT)
    result = person.runs()
    assert "NoLicence" in failed(result)
    assert "Logged in" in result.output
    assert person.store.load() is not None


def test_a_login_without_companies(person: Person) -> None:
    person.demo.account.companies.clear()
    assert "no company" in failed(person.runs())


@pytest.mark.parametrize("environment", ["demo", "nowhere"])
def test_an_environment_without_a_login_page(environment: str, person: Person) -> None:
    del person.config["api_url"]
    assert re.search(
        "production(, | or )sandbox", failed(person.runs("--environment", environment))
    )


@pytest.mark.parametrize("content", ["{", "[]", "\xff", '{"x": NaN}', "[" * 100_000, None])
def test_a_config_that_is_none(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    if content:
        file.write_text(content, encoding="latin-1")
    result = CliRunner().invoke(login.main, ["--config", str(file)])
    assert re.search("not JSON|no object|not UTF-8|cannot be read|nested", failed(result))


@pytest.mark.parametrize(
    "name", ["environment", "api_url", "client_id", "client_secret", "timezone"]
)
@pytest.mark.parametrize("value", [["production"], {"a": 1}, True, 1.5])
def test_a_setting_of_another_type_is_a_sentence(name: str, value: Any, person: Person) -> None:
    if name == "environment":
        del person.config["api_url"]  # which would stand for it
    person.config[name] = value
    said = failed(person.runs())
    assert said.startswith(f"`{name}` ")
    assert "give " in said
    assert not person.pages
