"""`tap-billit-doctor` and a Billit that answers oddly: that Billit is what the report is for."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from click.testing import CliRunner

from tap_billit.demo import Account, DemoServer, Reply
from tap_billit.doctor.around import _LIMITS, _shown
from tap_billit.doctor.command import ASKED, main

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tap_billit.demo import Request

ORDERS, ACCOUNT = "/v1/orders", "/v1/account/accountInformation"
ROW = {"OrderID": 1, "CompanyID": 1, "LastModified": "2026-01-01T00:00:00"}


@pytest.fixture(autouse=True)
def _at_once() -> Generator[None, None, None]:
    with mock.patch("singer_sdk.plugin_base.signal.signal"), mock.patch("time.sleep"):
        yield


@pytest.fixture
def demo() -> Generator[DemoServer, None, None]:
    with DemoServer(Account(orders=5)) as demo:
        yield demo


class Visit:
    """One run of the doctor: how it ended, what it said and what the report says."""

    def __init__(self, demo: DemoServer, folder: Path, **config: Any) -> None:
        file, report = folder / "config.json", folder / "report.md"
        settings = {"api_url": demo.url, "api_key": demo.api_key, "requests_per_minute": 100_000}
        file.write_text(json.dumps(settings | config))
        result = CliRunner().invoke(main, ["--config", str(file), "--report", str(report)])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        self.status, self.output = result.exit_code, result.output
        self.report = report.read_text()

    @property
    def unasked(self) -> int:
        return self.report.count("could not be asked")

    @property
    def complete(self) -> bool:
        return "ended early" not in self.report


def everywhere(reply: Reply) -> Callable[[Request], Reply | None]:
    """Answers this to all but the question which companies there are."""
    return lambda request: None if request.path == ACCOUNT else reply


ODD_ROWS: dict[str, Any] = {
    "no such date": {**ROW, "LastModified": "2026-13-45T00:00:00"},
    "no such hour": {**ROW, "LastModified": "2026-01-01T25:61:61"},
    "the last day": {**ROW, "LastModified": "9999-12-31T23:59:59"},
    "the first day": {**ROW, "LastModified": "0001-01-01T00:00:00"},
    "too many digits": {**ROW, "LastModified": "2026-01-01T00:00:00." + "9" * 40},
    "points": {**ROW, "LastModified": "2026-01-01T::..::"},
    "a date that is a number": {**ROW, "LastModified": 20260101},
    "a date that is a list": {**ROW, "LastModified": ["2026-01-01T00:00:00"]},
    "no id": {"CompanyID": 1},
    "an odd id": {**ROW, "OrderID": {"a": 1}},
    "a huge id": {**ROW, "OrderID": 10**400},
    "a path for an id": {**ROW, "OrderID": "../revoke"},
    "names that are somebody": {**ROW, "jan.peeters@example.com": 1, "a|b\nc": 2},
    "odd everywhere": {name: [[], {}] for name in ROW},
    "nested": {**ROW, "OrderLines": json.loads("[" * 200 + "]" * 200)},
}


@pytest.mark.parametrize("row", ODD_ROWS.values(), ids=ODD_ROWS)
def test_an_odd_row_costs_at_most_a_few_questions(
    row: Any, demo: DemoServer, tmp_path: Path
) -> None:
    demo.fail(Reply(200, {"Items": [row]}), path=ORDERS, times=100)
    visit = Visit(demo, tmp_path)
    assert visit.status == 0, visit.output
    assert visit.complete
    assert visit.unasked <= 3
    assert "jan.peeters" not in visit.report + visit.output
    assert "\nc" not in visit.report


LINKS = ["http://[::1", 5, True, {"href": "x"}, "\x00", "http://a:b/"]


@pytest.mark.parametrize("link", LINKS)
def test_an_odd_link_costs_its_own_question(link: Any, demo: DemoServer, tmp_path: Path) -> None:
    demo.fail(Reply(200, {"Items": [ROW], "NextPageLink": link}), path=ORDERS, times=100)
    visit = Visit(demo, tmp_path)
    assert visit.status == 0, visit.output
    assert visit.complete
    assert visit.unasked <= 1


BODIES: dict[str, Any] = {
    "nothing": b"",
    "HTML": b"<html>Maintenance</html>",
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "text": b'"text"',
    "a number": b"1e400",
    "null": b"null",
    "a list of odd things": [1, None, "x", [], {}],
    "Items that are none": {"Items": {"a": 1}},
    "bytes": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_an_odd_body_ends_nothing(body: Any, demo: DemoServer, tmp_path: Path) -> None:
    demo.hooks.append(everywhere(Reply(200, body)))
    visit = Visit(demo, tmp_path)
    assert visit.status == 0, visit.output
    assert visit.complete


@pytest.mark.parametrize("status", [204, 301, 401, 404, 429, 503])
def test_an_odd_status_ends_nothing(status: int, demo: DemoServer, tmp_path: Path) -> None:
    demo.hooks.append(everywhere(Reply(status, b"")))
    visit = Visit(demo, tmp_path)
    assert visit.status == 0, visit.output
    assert visit.complete


@pytest.mark.parametrize("cut", ["close", "reset", "short"])
def test_one_lost_answer_costs_its_own_question(cut: Any, demo: DemoServer, tmp_path: Path) -> None:
    demo.fail(Reply(cut=cut), path="/v1/products")
    visit = Visit(demo, tmp_path)
    assert visit.status == 0, visit.output
    assert visit.unasked == 1
    assert "| could not be asked: TransientError |" in visit.report
    assert visit.complete


def test_every_question_may_fail_alone(demo: DemoServer, tmp_path: Path) -> None:
    """Whatever a question does: here each raises."""

    def fails(_: object) -> Any:
        raise ZeroDivisionError

    with mock.patch.dict(ASKED, dict.fromkeys(ASKED, fails)):
        visit = Visit(demo, tmp_path)
    assert visit.status == 0, visit.output
    assert visit.unasked == len(ASKED)
    assert visit.report.count("ZeroDivisionError") == len(ASKED)


def test_an_outage_ends_the_questions_and_not_the_report(demo: DemoServer, tmp_path: Path) -> None:
    demo.fail(Reply(cut="close"), path=ORDERS, times=1000)
    visit = Visit(demo, tmp_path)
    assert visit.status == 1
    assert "could not be reached" in visit.output
    assert not visit.complete
    assert visit.unasked == 2
    assert "| How the tap gets in | API key |" in visit.report


COMPANIES: dict[str, Any] = {
    "none": {"Companies": []},
    "no object": [1],
    "companies that are text": {"Companies": "x"},
    "a company that is a number": {"Companies": [5]},
    "a company without an id": {"Companies": [{"Name": "x"}]},
}


@pytest.mark.parametrize("body", COMPANIES.values(), ids=COMPANIES)
def test_without_companies_there_is_a_report_and_a_sentence(
    body: Any, demo: DemoServer, tmp_path: Path
) -> None:
    demo.fail(Reply(200, body), path=ACCOUNT, times=10)
    visit = Visit(demo, tmp_path)
    assert visit.status == 1
    assert visit.output.rpartition("Error: ")[2].strip()
    assert not visit.complete


def test_a_damaged_store_leaves_a_report_too(demo: DemoServer, tmp_path: Path) -> None:
    store = tmp_path / "tokens.json"
    store.write_text("{")
    oauth = {"api_key": None, "client_id": "c", "client_secret": "s", "token_store": str(store)}
    visit = Visit(demo, tmp_path, **oauth)
    assert visit.status == 1
    assert str(store) in visit.output
    assert not visit.complete


def test_a_report_that_cannot_be_written_is_found_before_anything_is_asked(
    demo: DemoServer, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"api_url": demo.url, "api_key": demo.api_key}))
    command = ["--config", str(config), "--report", str(tmp_path / "no" / "folder.md")]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert "folder.md cannot be written: No such file" in result.output
    assert not demo.requests


# What of a header goes into the report


PRIVATE = {
    "X-Generated-For": "jan.peeters@example.com",
    "X-Corporate-Id": "BE0123456789",
    "X-RateLimit-User": "jan.peeters",
    "X-RateLimit-Account": "0123456789",
    "X-Quota-Of": "Peeters BV, Gent",
    "RateLimit-Policy": '"Peeters";q=100',
    "X-Throttled-Until": "Mon, 05 Jan 2026 10:00:00 GMT Peeters",
    "Retry-After-For": "+32 475 12 34 56",
}
PUBLIC = {
    "X-RateLimit-Limit": "60",
    "X-Rate-Limit-Remaining": "59",
    "RateLimit-Reset": "12.5",
    "X-Daily-Limit": "5000",
    "X-Quota-Reset": "Mon, 05 Jan 2026 10:00:00 GMT",
}


def test_headers_are_shown_where_they_are_numbers_or_dates(
    demo: DemoServer, tmp_path: Path
) -> None:
    def hook(request: Request) -> Reply | None:
        if request.path != "/v1/products":
            return None
        return Reply(200, {"Items": []}, PRIVATE | PUBLIC)

    demo.hooks.append(hook)
    visit = Visit(demo, tmp_path)
    shown = visit.report + visit.output
    for private in ("jan", "Peeters", "0123456789", "Gent", "475", "Generated", "Corporate"):
        assert private not in shown
    for name, value in list(PUBLIC.items())[:-1]:
        assert f"{name}: {value}" in shown
    assert "X-Quota-Reset: 2026-01-05 10:00:00+0000" in shown
    assert "X-RateLimit-User: text, 11 characters" in shown
    assert "X-RateLimit-Account: digits, 10 characters" in shown


@pytest.mark.parametrize(
    "name",
    [
        *("X-Generated-For", "X-Corporate-Id", "X-Accelerate", "Unlimited", "X-Rated"),
        *("X-Quotation", "Strict-Transport-Security", "X-Operate", "Delimiter"),
    ],
)
def test_whole_words_of_a_name_count(name: str) -> None:
    assert not _LIMITS.search(name)


def test_no_value_goes_out_but_a_number_or_a_date() -> None:
    pieces = ["jan", "0123456789", "BE0123.456.789", "12345678", "1e5", "٣", "², ", "Mon, 05 Jan"]
    for parts in itertools.product(pieces, repeat=2):
        value = " ".join(parts)
        assert not any(piece in _shown(value) for piece in pieces)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"x": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested more than 100 levels deep"),
        ('{"retry_minutes": NaN}', "NaN is no number in JSON"),
        ('{"api_key": "k", "environment": ["sandbox"]}', "`environment` is ['sandbox']: give a t"),
        ('{"api_key": ["k"], "company_ids": {"a": 1}}', "`api_key` cannot be read: give a text."),
    ],
)
def test_a_config_that_will_not_do_is_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(text)
    result = CliRunner().invoke(main, ["--config", str(config)])
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output
