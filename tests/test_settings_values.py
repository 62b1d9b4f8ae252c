"""Settings in every form in which they come: the value, the default, or a sentence."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_billit.demo.messages import Reply
from tap_billit.settings import SETTINGS, Settings
from tests.kit.run import UNHURRIED, catalog_of

if TYPE_CHECKING:
    from pathlib import Path

    from tap_billit.demo.server import DemoServer
    from tests.kit.command import Command
    from tests.kit.demo import Waits

KEY = {"api_key": "some-key"}
SCHEMA = SETTINGS.to_dict()["properties"]
NUMBERS = [name for name, of in SCHEMA.items() if {"integer", "number"} & {*of["type"]}]

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text()
    | st.sampled_from(["NaN", "1e999999999", "-1", "2.0", " 7 ", "\ud83d", "a\nb", "[1", "[[[["]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(sorted(SCHEMA)), ANYTHING, max_size=4))
def test_whatever_is_given_there_are_settings_and_sentences(config: dict[str, Any]) -> None:
    settings = Settings.read(config)
    for sentence in settings.problems:
        assert sentence.endswith(".")
        assert sentence.isprintable()
        assert len(sentence) < 300
    for name, value in settings.plain.items():
        if value is None or config.get(name) in (None, ""):
            assert value in (None, SCHEMA[name].get("default")), name
        else:
            assert not isinstance(value, Decimal)
    if not settings.problems:
        assert settings.clock
        assert settings.agent.encode("latin-1")
        assert settings.lookback.total_seconds() >= 0
        assert settings.start is None or settings.start.tzinfo is None


@pytest.mark.parametrize("name", [name for name in SCHEMA if name != "api_key"])
@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_nothing_is_the_default(name: str, nothing: str | None) -> None:
    settings = Settings.read({**KEY, name: nothing})
    assert not settings.problems
    assert settings.plain[name] == SCHEMA[name].get("default")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -1, Decimal("-0.5"), 10**40, Decimal("1e9999"), "x", True]
)
def test_a_number_out_of_range_is_a_sentence(name: str, value: Any) -> None:
    [problem] = Settings.read({**KEY, name: value}).problems
    assert problem.startswith(f"`{name}` is ")
    assert ": give a" in problem


@pytest.mark.parametrize("name", ["files_max_mb", "request_timeout"])
@pytest.mark.parametrize("value", ["1e-400", Decimal("1e-999999")])
def test_a_number_that_a_float_makes_0_is_a_sentence(name: str, value: Any) -> None:
    [problem] = Settings.read({**KEY, name: value}).problems
    assert problem.startswith(f"`{name}` is ")
    assert "give a number above 0" in problem


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [7, 7.0, Decimal("7.0"), "7", " 7.00 ", Decimal(7)])
def test_a_number_of_every_form_is_one(name: str, value: Any) -> None:
    settings = Settings.read({**KEY, name: value})
    assert not settings.problems
    read = settings.plain[name]
    assert (read, type(read)) == (7, int)


@pytest.mark.parametrize("name", ["request_timeout", "retry_minutes", "files_max_mb"])
@pytest.mark.parametrize("value", [0.5, Decimal("0.5"), "0.5", "5e-1"])
def test_a_fraction_is_a_float(name: str, value: Any) -> None:
    read = Settings.read({**KEY, name: value}).plain[name]
    assert (read, type(read)) == (0.5, float)


@pytest.mark.parametrize("given", [[401117, 403030], "[401117, 403030]", "401117, 403030"])
def test_companies_of_every_form(given: Any) -> None:
    assert Settings.read({**KEY, "company_ids": given}).company_ids == [401117, 403030]
    assert Settings.read({**KEY, "company_ids": 401117}).company_ids == [401117]


def test_fractions_in_a_file_cost_no_retry(
    command: Command, tmp_path: Path, demo: DemoServer, waits: Waits
) -> None:
    """The SDK reads them as decimals, with which neither a socket nor a retry can do anything."""
    numbers = {"retry_minutes": 0.5, "request_timeout": 30.5, "files_max_mb": 1.5}
    config = {"api_url": demo.url, "api_key": demo.api_key, **UNHURRIED, **numbers}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "catalog.json").write_text(json.dumps(catalog_of("companies")))
    demo.fail(Reply(status=503))
    result = command("--config", "config.json", "--catalog", "catalog.json")
    assert result.status == 0
    assert len(waits.seconds) == 1


ADDRESSES: dict[str, tuple[str, str]] = {
    "no scheme": ("api.billit.be", "no address that can be asked"),
    "another scheme": ("ftp://api.billit.be", "no address that can be asked"),
    "no host": ("https://", "no address that can be asked"),
    "a bad port": ("https://host:port", "no address that can be asked"),
    "blanks": ("https://two words/", "no address that can be asked"),
    "credentials": ("https://me:hush@api.billit.be", "credentials in it would be logged"),
    "a user": ("https://me@api.billit.be", "credentials in it would be logged"),
    "a query": ("https://api.billit.be?key=hush", "nothing may follow a ? or #"),
    "clear text": ("http://proxy.example/billit", "clear text; use https://"),
    "clear text by number": ("http://10.0.0.1", "clear text; use https://"),
    "nearly here": ("http://localhost.example", "clear text; use https://"),
}


@pytest.mark.parametrize(("url", "sentence"), ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_that_will_not_do(url: str, sentence: str) -> None:
    [problem] = Settings.read({**KEY, "api_url": url}).problems
    assert problem.startswith("`api_url` is ")
    assert sentence in problem
    assert "hush" not in problem


@pytest.mark.parametrize(
    "url", ["https://x.be/", "http://localhost:1", "http://127.0.0.2", "http://[::1]:80/api"]
)
def test_an_address_that_will(url: str) -> None:
    settings = Settings.read({**KEY, "api_url": url})
    assert not settings.problems
    assert settings.base_url == url.rstrip("/")


@pytest.mark.parametrize("zone", ["Europe", "Romance Standard Time", "../x", "x" * 5000, "\x00"])
def test_a_zone_that_is_none(zone: str) -> None:
    [problem] = Settings.read({**KEY, "timezone": zone}).problems
    assert problem.startswith("`timezone` is ")


ENDS = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"]
FORMS = ["2024-01-01T00:00Z", "2024-01-01T00:00:00+0100", "20240101", "20240101T000000Z"]


@pytest.mark.parametrize("zone", ["Europe/Brussels", "Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("date", [*ENDS, *FORMS])
def test_a_date_of_every_form_in_every_zone(date: str, zone: str) -> None:
    settings = Settings.read({**KEY, "start_date": date, "timezone": zone})
    assert not settings.problems
    assert settings.start


@pytest.mark.parametrize("date", [*ENDS, "0001-01-01"])
def test_a_sync_from_either_end_of_the_calendar(
    date: str, command: Command, tmp_path: Path, demo: DemoServer
) -> None:
    config = {"api_url": demo.url, "api_key": demo.api_key, **UNHURRIED, "start_date": date}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "catalog.json").write_text(json.dumps(catalog_of("sales_invoices", "parties")))
    assert command("--config", "config.json", "--catalog", "catalog.json").status == 0


HEADERS = [
    ("user_agent", "Boekhouding \u2013 Gent"),
    ("user_agent", "tap\nX-Other: 1"),
    ("api_key", "clé"),
    ("api_key", "two words"),
    ("client_secret", "\ud83d"),
]


@pytest.mark.parametrize(("name", "text"), HEADERS)
def test_text_that_no_header_carries(name: str, text: str) -> None:
    [problem, *_] = Settings.read({**KEY, name: text}).problems[::-1]
    assert problem.startswith(f"`{name}` ") or "two kinds of credentials" in problem
    if name != "user_agent":
        assert text not in problem


def test_secrets_are_in_no_repr() -> None:
    assert "some-key" not in repr(Settings.read(KEY))


def test_a_login_without_a_home_is_told_where_to_put_the_tokens(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless(*_: Any) -> Any:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("tap_billit.tokens.store.platformdirs.user_state_path", homeless)
    (tmp_path / "config.json").write_text('{"client_id": "x", "client_secret": "y"}')
    result = command("--config", "config.json")
    assert result.status == 1
    assert "no home directory" in result.problems[-1]
    assert "`token_store`" in result.problems[-1]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nowhere://x", "nowhere"),
        ("s3://bucket/x", "nstall s3fs"),
        ("gs://bucket/x", "nstall gcsfs"),
        ("abfs://bucket/x", "nstall adlfs"),
        ("{folder}/file/below", "Not a directory"),
    ],
)
def test_a_file_store_that_cannot_be_opened(
    url: str, why: str, command: Command, tmp_path: Path, demo: DemoServer
) -> None:
    (tmp_path / "file").write_text("x")
    config = {"api_url": demo.url, "api_key": demo.api_key, **UNHURRIED}
    config["files_url"] = url.format(folder=tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "catalog.json").write_text(json.dumps(catalog_of("invoice_files")))
    result = command("--config", "config.json", "--catalog", "catalog.json")
    assert result.status == 1
    assert result.problems[-1].startswith("`files_url`, ")
    assert why in result.problems[-1]


MISTAKES: dict[str, tuple[Any, str]] = {
    "a syntax error": ({"stream_maps": {"parties": {"Name": "1 +"}}}, "`stream_maps` cannot"),
    "an unknown name": ({"stream_maps": {"parties": {"__filter__": "Nobody == 1"}}}, "Nobody"),
    "a decimal and a float": (
        {"stream_maps": {"sales_invoices": {"x": "TotalExcl * 2.5"}}},
        "float(",
    ),
    "a dropped key": ({"stream_maps": {"parties": {"PartyID": None}}}, "PartyID"),
    "a map that is none": ({"stream_maps": {"parties": 5}}, "5 is not valid"),
    "maps that are none": ({"stream_maps": "parties"}, "not of type 'object'"),
    "an encoding nobody knows": (
        {"batch_config": {"encoding": {"format": "xyz"}, "storage": {"root": "file:///tmp"}}},
        "xyz",
    ),
    "an encoding without its package": (
        {"batch_config": {"encoding": {"format": "parquet"}, "storage": {"root": "file:///tmp"}}},
        "pyarrow",
    ),
    "a place without its package": (
        {"batch_config": {"encoding": {"format": "jsonl"}, "storage": {"root": "s3://bucket"}}},
        "s3fs",
    ),
    "a place that is none": (
        {"batch_config": {"encoding": {"format": "jsonl"}, "storage": {"root": 5}}},
        "5 is not of type 'string'",
    ),
    "no depth": ({"flattening_enabled": True}, "flattening_max_depth is required"),
}


@pytest.mark.parametrize(("mistake", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_the_sdks_settings_is_a_sentence(
    mistake: Any, sentence: str, command: Command, tmp_path: Path, demo: DemoServer
) -> None:
    """`command` itself fails on a traceback."""
    config = {"api_url": demo.url, "api_key": demo.api_key, **UNHURRIED, **mistake}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "catalog.json").write_text(json.dumps(catalog_of("parties", "sales_invoices")))
    result = command("--config", "config.json", "--catalog", "catalog.json")
    assert result.status == 1
    assert any(sentence in problem for problem in result.problems)
    assert not any("not foreseen" in problem for problem in result.problems)


@pytest.mark.locked_sdk
def test_a_batch_without_a_place_is_a_sentence(command: Command, tmp_path: Path) -> None:
    config = {"environment": "demo", "batch_config": {"encoding": {"format": "jsonl"}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    result = command("--config", "config.json")
    assert result.status == 1
    assert "`batch_config` cannot be used: TypeError" in result.problems[-1]
