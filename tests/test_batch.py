"""BATCH, stream maps, flattening and selection together: the files hold what the SCHEMA says."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tap_billit.api.json_text import read_strictly
from tap_billit.errors import BillitError
from tests.kit.run import catalog_of, digits, metadata_of

if TYPE_CHECKING:
    from tests.kit.run import Json, Run, Runner

PARTY = {"PartyID": 1, "LastModified": "2026-01-01T00:00:00", "Name": "Jan"}


@pytest.fixture
def batches(tmp_path: Path) -> Json:
    return {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": tmp_path.as_uri(), "prefix": "test-"},
        "batch_size": 7,
    }


def in_files(result: Run) -> dict[str, list[Json]]:
    """The records in the files of each stream."""
    found: dict[str, list[Json]] = {}
    for message in result.messages:
        if message["type"] == "BATCH":
            for file in message["manifest"]:
                lines = gzip.decompress(Path(urlsplit(file).path).read_bytes()).splitlines()
                records = [read_strictly(line) for line in lines]
                found.setdefault(message["stream"], []).extend(records)
    return found


def schemas(result: Run) -> dict[str, Json]:
    return {m["stream"]: m["schema"] for m in result.messages if m["type"] == "SCHEMA"}


WAYS: dict[str, Json] = {
    "plain": {},
    "map": {"stream_maps": {"sales_invoices": {"OrderID": "OrderID", "__else__": None}}},
    "filter": {"stream_maps": {"sales_invoices": {"__filter__": "Paid"}}},
    "alias": {"stream_maps": {"sales_invoices": {"__alias__": "invoices"}}},
    "two of one": {
        "stream_maps": {
            "sales_invoices": {"__filter__": "Paid"},
            "open": {"__source__": "sales_invoices", "__filter__": "not Paid"},
        }
    },
    "none": {"stream_maps": {"sales_invoices": None}},
    "flat": {"flattening_enabled": True, "flattening_max_depth": 2},
    "flat map": {
        "flattening_enabled": True,
        "flattening_max_depth": 1,
        "stream_maps": {"sales_invoices": {"CounterParty": None}},
    },
}


@pytest.mark.parametrize("config", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("deselected", [(), ("CounterParty", "Reference")])
def test_files_hold_what_records_would(
    config: Json, deselected: tuple[str, ...], run: Runner, batches: Json
) -> None:
    catalog = catalog_of("sales_invoices")
    for name in deselected:
        metadata_of(catalog["streams"][0], "properties", name)["selected"] = False
    plain = run(catalog=catalog, **config)
    batched = run(catalog=catalog, batch_config=batches, **config)
    files = in_files(batched)
    assert schemas(batched) == schemas(plain)
    assert files.keys() == plain.records.keys()
    assert digits(files) == digits({**plain.records})
    for stream, records in files.items():
        columns = schemas(batched)[stream]["properties"].keys()
        assert all(record.keys() <= columns for record in records)
        assert not columns & {*deselected}


@pytest.mark.parametrize("size", [0, -1, "3"])
def test_a_size_that_is_none_is_a_sentence(size: Any, run: Runner, batches: Json) -> None:
    """With 0 nothing would be written, and all would look well."""
    with pytest.raises(BillitError, match="`batch_size` in `batch_config` is"):
        run("sales_invoices", batch_config=batches | {"batch_size": size})
