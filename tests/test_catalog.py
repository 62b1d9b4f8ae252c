"""The catalog is a contract: columns, keys and replication of each stream.

A change that is meant: `UPDATE_SNAPSHOTS=1 pytest tests/test_catalog.py`, then look at the diff.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.streams import STREAMS
from tap_billit.tap import TapBillit

if TYPE_CHECKING:
    from collections.abc import Iterator

SNAPSHOTS = Path(__file__).parent / "snapshots"
NAMES = [stream.name for stream in STREAMS]


@pytest.fixture(scope="module")
def catalog() -> dict[str, Any]:
    catalog = TapBillit(config={"environment": "demo", "files_url": "memory://files"}).catalog_dict
    return {entry["tap_stream_id"]: entry for entry in catalog["streams"]}


def contract(entry: dict[str, Any]) -> dict[str, Any]:
    root = next(each for each in entry["metadata"] if not each["breadcrumb"])["metadata"]
    return {
        "key": entry["key_properties"],
        "replication_method": entry["replication_method"],
        "replication_key": entry.get("replication_key"),
        "selected_by_default": root.get("selected-by-default", root.get("selected")),
        "schema": entry["schema"],
    }


@pytest.mark.parametrize("name", NAMES)
def test_streams_are_as_they_were(name: str, catalog: dict[str, Any]) -> None:
    file = SNAPSHOTS / f"{name}.json"
    now = json.dumps(contract(catalog[name]), indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(now, encoding="utf-8")
    assert file.is_file(), "a new stream: see the top of this file"
    assert json.loads(now) == json.loads(file.read_text(encoding="utf-8"))


def test_no_stream_is_lost(catalog: dict[str, Any]) -> None:
    assert sorted(catalog) == sorted(NAMES) == sorted(file.stem for file in SNAPSHOTS.iterdir())


def properties(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property below a schema, with its path."""
    for name, definition in schema.get("properties", {}).items():
        yield f"{path}{name}", definition
        yield from properties(definition, f"{path}{name}.")
        yield from properties(definition.get("items", {}), f"{path}{name}[].")


def test_each_property_is_described_and_optional(catalog: dict[str, Any]) -> None:
    """What Billit leaves out, sends as null or lists as a new value never breaks a load."""
    for name, entry in catalog.items():
        assert not entry["schema"].get("required")
        for path, definition in properties(entry["schema"]):
            assert definition.get("description", "").strip(), f"{name}: {path} has no description"
            assert "null" in definition["type"], f"{name}: {path} cannot be null"
            assert not {"enum", "const", "required", "pattern", "maxLength"} & definition.keys()


def test_nested_objects_are_open(catalog: dict[str, Any]) -> None:
    for name, entry in catalog.items():
        for path, definition in properties(entry["schema"]):
            for schema in (definition, definition.get("items", {})):
                assert schema.get("additionalProperties", True) is not False, f"{name}: {path}"


def test_keys_are_columns(catalog: dict[str, Any]) -> None:
    for entry in catalog.values():
        columns = entry["schema"]["properties"].keys()
        assert entry["key_properties"]
        assert {*entry["key_properties"]} <= columns
        assert entry.get("replication_key") in {None, *columns}
