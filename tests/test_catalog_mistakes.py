"""A catalog says what is read, not how: its mistakes are sentences, before anything is asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.kit.run import UNHURRIED, catalog_of, metadata_of

if TYPE_CHECKING:
    from pathlib import Path

    from tap_billit.demo.server import DemoServer
    from tests.kit.command import Command
    from tests.kit.run import Json, Runner

NO_SHAPE: dict[str, Json] = {
    "an id": {"tap_stream_id": 5},
    "a name": {"stream": ["parties"]},
    "a replication key": {"replication_key": 5},
    "a key": {"key_properties": "PartyID"},
    "no metadata": {"metadata": None},
    "metadata": {"metadata": {"selected": True}},
    "an entry": {"metadata": ["selected"]},
    "no breadcrumb": {"metadata": [{"metadata": {}}]},
    "a breadcrumb": {"metadata": [{"breadcrumb": "properties", "metadata": {}}]},
    "nothing said": {"metadata": [{"breadcrumb": [], "metadata": None}]},
    "a choice": {"metadata": [{"breadcrumb": [], "metadata": {"selected": "false"}}]},
    "an inclusion": {"metadata": [{"breadcrumb": [], "metadata": {"inclusion": "x"}}]},
    "no schema": {"schema": None},
    "a schema": {"schema": []},
    "properties": {"schema": {"properties": ["PartyID"]}},
    "a property": {"schema": {"properties": {"PartyID": None}}},
    "a type": {"schema": {"properties": {"PartyID": {"type": 5}}}},
}
NO_MEANING: dict[str, tuple[Json, str]] = {
    "another id": ({"tap_stream_id": "partys"}, "`partys` is selected, but there is no such"),
    "another name": ({"stream": "partners"}, "the name of parties is partners, not parties: rena"),
    "a replication key": (
        {"replication_key": "Name"},
        "the replication_key of parties is Name, no",
    ),
    "a method": ({"replication_method": "LOG_BASED"}, "parties is read as LOG_BASED: take it out"),
    "a key": ({"key_properties": ["Name"]}, "the key of parties is Name, not CompanyID, PartyID"),
    "no schema": ({"schema": {}}, "the schema of parties has no CompanyID, which is in its key"),
    "no key": (
        {"schema": {"properties": {"CompanyID": {"type": "integer"}}}},
        "the schema of parties has no PartyID, which is in its key",
    ),
}


def catalog_with(**changes: Any) -> Json:
    catalog = catalog_of("parties")
    catalog["streams"][0] |= changes
    return catalog


def refused(catalog: Json, command: Command, folder: Path, demo: DemoServer) -> str:
    """The sentence that ends a run with this catalog."""
    config = {"api_url": demo.url, "api_key": demo.api_key}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "catalog.json").write_text(json.dumps(catalog))
    result = command("--config", "config.json", "--catalog", "catalog.json")
    assert (result.status, result.printed) == (1, "")
    assert not demo.requests
    [sentence] = result.problems
    return sentence


@pytest.mark.parametrize("changes", NO_SHAPE.values(), ids=NO_SHAPE)
def test_what_no_catalog_has_is_named(
    changes: Json, command: Command, tmp_path: Path, demo: DemoServer
) -> None:
    said = refused(catalog_with(**changes), command, tmp_path, demo)
    assert said.startswith("The catalog file catalog.json is no Singer catalog: ")
    assert f"`$.streams[0].{next(iter(changes))}" in said


@pytest.mark.parametrize(("changes", "sentence"), NO_MEANING.values(), ids=NO_MEANING)
def test_what_this_tap_cannot_do_is_named(
    changes: Json, sentence: str, command: Command, tmp_path: Path, demo: DemoServer
) -> None:
    assert sentence in refused(catalog_with(**changes), command, tmp_path, demo)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("replication-key", "Name"),
        ("table-key-properties", ["Name"]),
        ("forced-replication-method", "LOG_BASED"),
    ],
)
def test_metadata_that_this_tap_cannot_follow_is_named(
    name: str, value: Any, command: Command, tmp_path: Path, demo: DemoServer
) -> None:
    catalog = catalog_with(replication_key=None, key_properties=None, replication_method=None)
    metadata_of(catalog["streams"][0])[name] = value
    assert "In the catalog " in refused(catalog, command, tmp_path, demo)


def test_nothing_selected_is_named(command: Command, tmp_path: Path, demo: DemoServer) -> None:
    catalog = catalog_of("parties")
    metadata_of(catalog["streams"][0])["selected"] = False
    assert "No stream is selected" in refused(catalog, command, tmp_path, demo)


def test_what_is_not_selected_may_say_what_it_likes(run: Runner) -> None:
    catalog = catalog_of("parties", "products")
    catalog["streams"][1] |= {"replication_key": "Name", "tap_stream_id": "products"}
    metadata_of(catalog["streams"][1])["selected"] = False
    gone = {"tap_stream_id": "gone", "metadata": [{"breadcrumb": [], "metadata": {}}]}
    catalog["streams"].append(gone)
    assert {*run(catalog=catalog, **UNHURRIED).records} == {"parties"}


@pytest.mark.parametrize("left_out", ["key_properties", "replication_key"])
def test_what_a_catalog_leaves_out_is_as_ever(left_out: str, run: Runner) -> None:
    catalog = catalog_of("parties")
    del catalog["streams"][0][left_out]
    for name in ("table-key-properties", "replication-key"):
        metadata_of(catalog["streams"][0]).pop(name, None)
    first, second = run(catalog=catalog), run("parties")
    assert first.messages[0] == second.messages[0]
    assert first.records == second.records
    assert first.state == second.state
