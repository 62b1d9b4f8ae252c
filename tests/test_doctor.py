"""`tap-billit-doctor` against the demo: it finds each dialect, and gives nothing away."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from click.testing import CliRunner

from tap_billit.demo import Account, DemoServer, Reply
from tap_billit.demo.dialect import QUESTIONS, Dialect
from tap_billit.doctor.command import ASKED, main
from tap_billit.doctor.examination import Examination
from tap_billit.doctor.report import QUESTIONS as TITLES
from tap_billit.doctor.shapes import Shape
from tap_billit.tap import TapBillit

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tap_billit.demo.messages import Request

NOT_ASKED = ("grant_errors", "spent")
"""What a read cannot settle, or not without using up a login."""

SEEN_AS = {"either": "header"}

ANSWERS = [
    (question, answer)
    for question, answers in QUESTIONS.items()
    if question not in NOT_ASKED
    for answer in answers
]

_names = itertools.count()


@pytest.fixture(scope="module")
def account() -> Account:
    now = datetime(2026, 10, 1, 10, tzinfo=timezone.utc)
    account = Account(orders=40, companies=2, clock=lambda: now)
    company = account.companies[0]["PartyID"]
    account.delete(account.rows(company)[0]["OrderID"])
    return account


@pytest.fixture(autouse=True)
def _at_once() -> Generator[None]:
    with (
        mock.patch("singer_sdk.plugin_base.signal.signal"),
        mock.patch("time.sleep"),
    ):
        yield


def config_of(demo: DemoServer) -> dict[str, Any]:
    return {
        "api_url": demo.url,
        "client_id": demo.client_id,
        "client_secret": demo.client_secret,
        "refresh_token": demo.issue_refresh_token(),
        "token_store": f"memory://doctor-{next(_names)}",
        "requests_per_minute": 100_000,
    }


def examined(demo: DemoServer) -> tuple[dict[str, str], Examination]:
    tap = TapBillit(config=config_of(demo), setup_mapper=False)
    examination = Examination(tap.account)
    return {
        finding.question: finding.answer for finding in examination.findings(ASKED)
    }, examination


def busy_once(demo: DemoServer) -> None:
    left = [Reply.error(429, "TooManyRequests")]

    def hook(request: Request) -> Reply | None:
        if len(demo.requests) < 20 or not left:
            return None
        return demo.dialect.finish(request.path, left.pop())

    demo.hooks.append(hook)


@pytest.mark.parametrize(("question", "answer"), ANSWERS)
def test_the_doctor_finds_the_dialect(question: str, answer: Any, account: Account) -> None:
    with DemoServer(account, page_size=6, dialect=Dialect(**{question: answer})) as demo:
        if question == "too_many":
            busy_once(demo)
        found, _ = examined(demo)
    assert found[question] == SEEN_AS.get(answer, answer)
    for other, answers in QUESTIONS.items():
        if other not in {question, *NOT_ASKED, "too_many"}:
            documented = SEEN_AS.get(answers[0], answers[0])
            assert found[other] == documented or (question, other) in ENTAILED, other


ENTAILED = {("grant_body", "client")}
"""Where one answer hides another."""


def test_what_else_the_doctor_finds(account: Account) -> None:
    with DemoServer(account) as demo:
        found, examination = examined(demo)
        assert 25 <= len(demo.requests) <= 35
        assert "about thirty requests" in (main.help or "")
        assert {request.method for request in demo.requests} == {"GET", "POST"}
        posts = {request.path for request in demo.requests if request.method == "POST"}
        assert posts == {"/OAuth2/token"}
    assert (
        found
        | {
            "login": "OAuth, refreshed",
            "companies": "2 reached",
            "reach": "each answers",
            "operator gt": "taken",
            "two keys": "taken",
            "$top": "ends paging",
            "$select": "refused",
            "zone": "Europe/Brussels is possible",
            "comparison": "as written",
            "no PartyID": "a company of the login",
            "limit headers": "none seen",
        }
        == found
    )
    assert not any(shape.unknown or shape.wrong for shape in examination.shapes.values())


def test_the_report_names_no_one(tmp_path: Path, account: Account) -> None:
    config, report = tmp_path / "config.json", tmp_path / "report.md"
    with DemoServer(account, dialect=Dialect(rows="more", ids="text")) as demo:
        busy_once(demo)
        settings = config_of(demo)
        config.write_text(json.dumps(settings))
        result = CliRunner().invoke(main, ["--config", str(config), "--report", str(report)])
    assert result.exit_code == 0, result.output
    text = report.read_text()
    assert "| `OrderID ge` | taken |" in text
    assert "Colour (string)" in text
    assert "CounterParty.Mood (object)" in text
    assert "Today" not in text
    assert "OrderID (string)" in text
    secrets = [str(value) for key, value in settings.items() if key != "requests_per_minute"]
    people = [str(company["PartyID"]) for company in account.companies]
    people += [company["Name"] for company in account.companies]
    rows = [row for company in account.companies for row in account.rows(company["PartyID"])]
    told = ("TotalIncl", "OrderID", "OrderNumber")
    money = [str(row[name]) for row in rows for name in told if name in row]
    names = [row["CounterParty"]["DisplayName"] for row in rows]
    keys = ["Werf"]
    for known in (*secrets, *people, *money, *names, *keys):
        assert known not in text
        assert known not in result.output


def test_environment_variables_are_read(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    with DemoServer(account) as demo:
        monkeypatch.setenv("TAP_BILLIT_API_URL", demo.url)
        monkeypatch.setenv("TAP_BILLIT_API_KEY", demo.api_key)
        result = CliRunner().invoke(main, ["--config", "ENV"])
    assert result.exit_code == 0, result.output
    assert f"{TITLES['login'][0]:<38} API key" in result.output


def test_a_login_that_is_refused_is_reported(tmp_path: Path, account: Account) -> None:
    report = tmp_path / "report.md"
    config = tmp_path / "config.json"
    with DemoServer(account) as demo:
        config.write_text(json.dumps({"api_url": demo.url, "api_key": "wrong"}))
        result = CliRunner().invoke(main, ["--config", str(config), "--report", str(report)])
    assert result.exit_code == 1
    assert "ApiKeyNotValid" in result.output
    assert "ended early" in report.read_text()


@pytest.mark.parametrize("text", ["{}", "[]", None])
def test_a_config_that_does_not_do_is_a_sentence(text: str | None, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    if text is not None:
        config.write_text(text)
    result = CliRunner().invoke(main, ["--config", str(config)])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")


def test_an_account_without_orders_is_examined_too() -> None:
    with DemoServer(Account(orders=0)) as demo:
        found, _ = examined(demo)
    assert (found["times"], found["dates"], found["link"]) == ("taken", "none seen", "none seen")


def test_a_shape_has_names_and_types() -> None:
    schema = {"properties": {"a": {"type": ["integer", "null"]}, "open": {"type": ["object"]}}}
    shape = Shape(schema).add([{"a": "1", "open": {"secret": 1}, "b": [1]}, {"a": None}])
    assert shape.wrong == {"a": {"string"}}
    assert shape.unknown == {"b"}
    assert shape.missing == []
    assert dict(shape.types) == {"a": {"string", "null"}, "open": {"object"}, "b": {"array"}}
