"""`source-billit spec`, `check` and `discover`: what Airbyte asks before it reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from tap_billit.settings import SETTINGS
from tap_billit.streams import STREAMS
from tests.kit.airbyte import Source, source_of
from tests.kit.demo import ACCOUNT, ALWAYS, error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_billit.demo import DemoServer
    from tests.kit.run import Json


@pytest.fixture
def source(demo: DemoServer, tmp_path: Path) -> Source:
    return source_of(demo, tmp_path)


@pytest.fixture
def form(tmp_path: Path) -> Json:
    """The specification of a configuration."""
    said: Json = Source(tmp_path, {}).spec().only("SPEC")["connectionSpecification"]
    return said


def settings_in(form: Json) -> dict[str, Json]:
    """The settings in a form, those of each way in as well."""
    ways = form["properties"]["credentials"]["oneOf"]
    return {
        name: definition
        for properties in (form["properties"], *(way["properties"] for way in ways))
        for name, definition in properties.items()
    }


def test_the_form_has_the_taps_settings_as_the_tap_declares_them(form: Json) -> None:
    declared, shown = SETTINGS.to_dict()["properties"], settings_in(form)
    assert declared.keys() - shown.keys() == {"rate_limit_store"}
    assert shown.keys() - declared.keys() == {"credentials", "auth_type", "tokens"}
    for name in declared.keys() & shown.keys():
        assert shown[name]["title"] == declared[name]["title"]
        assert shown[name].get("default") == declared[name].get("default")


def test_whatever_is_secret_is_said_to_be(form: Json) -> None:
    declared = SETTINGS.to_dict()["properties"]
    secret = {name for name, each in settings_in(form).items() if each.get("airbyte_secret")}
    assert secret == {name for name in declared if declared[name].get("secret")} | {"tokens"}


def test_airbyte_can_make_a_form_of_it(form: Json) -> None:
    Draft7Validator.check_schema(form)
    groups = {each["id"] for each in form["groups"]}
    assert {each["group"] for each in form["properties"].values()} == groups
    orders = [each["order"] for each in form["properties"].values()]
    assert orders == [*range(len(orders))]
    for part in _objects(form):
        assert isinstance(part.get("type", ""), str), "Airbyte knows no type that may be null"


def _objects(part: Any) -> Iterator[Json]:
    if isinstance(part, dict):
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _objects(each)


@pytest.mark.parametrize(
    ("config", "fits"),
    [
        ({"environment": "demo"}, True),
        ({"credentials": {"auth_type": "none"}, "environment": "demo"}, True),
        ({"credentials": {"auth_type": "api_key", "api_key": "k"}, "company_ids": [1]}, True),
        ({"credentials": {"auth_type": "api_key"}}, False),
        ({"credentials": {"auth_type": "oauth_store", "client_id": "c"}}, False),
        ({"environment": "moon"}, False),
        ({"requests_per_minute": 0}, False),
    ],
    ids=repr,
)
def test_a_configuration_fits_the_form_or_not(form: Json, config: Json, *, fits: bool) -> None:
    assert Draft7Validator(form).is_valid(config) is fits


def test_a_check_that_works(source: Source) -> None:
    assert source.check().only("CONNECTION_STATUS") == {"status": "SUCCEEDED"}


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"environment": "production"}, "There are no credentials"),
        ({"environment": "production", "credentials": "?"}, "`credentials` is no object"),
        ({"environment": "demo", "lookback_minutes": "x"}, "`lookback_minutes` is 'x'"),
        ("{", "config.json is not JSON"),
        ('{"lookback_minutes": NaN}', "NaN is no number in JSON"),
        ("[" * 100_000, "nested more than 100 levels deep"),
        ("[]", "holds JSON, but no object"),
        ("", "holds JSON, but no object"),
    ],
    ids=repr,
)
def test_a_check_says_what_is_wrong(tmp_path: Path, config: Any, says: str) -> None:
    said = Source(tmp_path, config).check()
    status = said.only("CONNECTION_STATUS")
    assert (said.status, status["status"]) == (0, "FAILED")
    assert says in status["message"]


def test_a_check_says_that_a_key_is_refused_and_does_not_show_it(
    source: Source, demo: DemoServer
) -> None:
    source.config["credentials"]["api_key"] = "12345678-wrong"
    said = source.check()
    assert said.only("CONNECTION_STATUS")["status"] == "FAILED"
    assert "12345678-wrong" not in json.dumps(said.messages)
    assert len(demo.requests) == 1


def test_a_check_does_not_wait_for_a_quarter_of_an_hour(
    source: Source, demo: DemoServer, waits: Any
) -> None:
    demo.fail(error(503, "Maintenance"), path=ACCOUNT, times=ALWAYS)
    assert "Maintenance" in source.check().only("CONNECTION_STATUS")["message"]
    assert sum(waits.seconds) <= 60


def test_the_catalog_has_the_taps_streams(source: Source) -> None:
    by_name = {stream["name"]: stream for stream in source.streams()}
    assert [*by_name] == [each.name for each in STREAMS if not each.needs]
    for each in STREAMS:
        if not each.needs:
            keys = by_name[each.name]["source_defined_primary_key"]
            assert keys == [[key] for key in each.primary_keys]


def test_only_what_is_crawled_can_be_read_by_increments(source: Source) -> None:
    for stream in source.streams():
        if "LastModified" not in stream["json_schema"]["properties"] or not stream.get(
            "default_cursor_field"
        ):
            assert stream["supported_sync_modes"] == ["full_refresh"]
            assert "default_cursor_field" not in stream
        else:
            assert stream["supported_sync_modes"] == ["full_refresh", "incremental"]
            assert stream["source_defined_cursor"] is True
            assert stream["default_cursor_field"] == ["LastModified"]


def test_a_refresh_is_resumable_where_nothing_is_read_again(source: Source) -> None:
    resumable = {each["name"] for each in source.streams() if each["is_resumable"]}
    assert "sales_invoice_details" in resumable
    assert not resumable & {"sales_invoices", "parties", "documents", "companies"}


def test_files_are_offered_where_they_can_be_put(source: Source, tmp_path: Path) -> None:
    assert "invoice_files" not in {each["name"] for each in source.streams()}
    source.config["files_url"] = str(tmp_path / "files")
    (files,) = [each for each in source.streams() if each["name"] == "invoice_files"]
    assert files["is_resumable"]


def test_date_times_have_no_time_zone(source: Source) -> None:
    found = 0
    for stream in source.streams():
        Draft7Validator.check_schema(stream["json_schema"])
        for part in _objects(stream["json_schema"]):
            if part.get("format") == "date-time":
                found += 1
                assert part["airbyte_type"] == "timestamp_without_timezone"
    assert found


def test_a_catalog_that_cannot_be_made_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    said = Source(tmp_path, {"environment": "moon"}).discover()
    assert said.status == 1
    (error,) = said.errors
    assert error["failure_type"] == "config_error"
    assert "`environment` is 'moon'" in error["message"]
