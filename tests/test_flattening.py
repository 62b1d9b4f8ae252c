"""Flattening: what Billit sends within known objects has a column, or goes to `Other`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from tap_billit.demo.messages import Reply
from tests.kit.demo import ORDERS, PARTIES
from tests.kit.run import catalog_of, metadata_of

if TYPE_CHECKING:
    from tests.kit.run import Json, Runner

ROW = {
    "OrderID": 7,
    "OrderDirection": "Income",
    "OrderType": "Invoice",
    "LastModified": "2026-01-01T00:00:00",
    "Colour": {"RAL": [1, 2]},
    "CounterParty": {
        "PartyID": 1,
        "Mood": "sunny",
        "Nothing": None,
        "Addresses": [{"City": "Gent", "Floor": 3}],
    },
    "CurrentDocumentDeliveryDetails": {"Courier": {"Name": "snail"}},
}
TAKEN = {
    "Colour": {"RAL": [1, 2]},
    "CounterParty": {"Mood": "sunny"},
    "CurrentDocumentDeliveryDetails": {"Courier": {"Name": "snail"}},
}


def flat(run: Runner, *, depth: int, row: Json | None = None, **how: Any) -> tuple[Json, Json]:
    """The record of a row, and its schema."""
    run.demo.fail(Reply(body={"Items": [ROW if row is None else row]}), path=ORDERS, times=2)
    company = run.demo.account.companies[0]["PartyID"]
    settings = {"flattening_enabled": True, "flattening_max_depth": depth, "company_ids": [company]}
    how.setdefault("catalog", catalog_of("sales_invoices"))
    result = run(**settings, **how, refresh_unpaid=False)
    [schema] = [m["schema"] for m in result.messages if m["type"] == "SCHEMA"]
    [record] = result.records["sales_invoices"]
    assert record.keys() <= schema["properties"].keys()
    Draft7Validator(schema).validate(record)
    return record, schema


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_nothing_that_is_sent_is_without_a_column(depth: int, run: Runner) -> None:
    record, _ = flat(run, depth=depth)
    assert json.loads(record["Other"]) == TAKEN
    assert record["CounterParty__PartyID"] == 1
    assert json.loads(record["CounterParty__Addresses"]) == [{"City": "Gent", "Floor": 3}]


def test_what_is_deselected_does_not_come_back_by_another_column(run: Runner) -> None:
    catalog = catalog_of("sales_invoices")
    metadata_of(catalog["streams"][0], "properties", "CounterParty")["selected"] = False
    record, _ = flat(run, depth=2, catalog=catalog)
    assert "CounterParty" not in json.loads(record["Other"])
    assert "sunny" not in str(record)


def test_without_flattening_all_stays_where_it_is(run: Runner) -> None:
    run.demo.fail(Reply(body={"Items": [ROW]}), path=ORDERS, times=2)
    company = run.demo.account.companies[0]["PartyID"]
    [record] = run("sales_invoices", company_ids=[company], refresh_unpaid=False).records[
        "sales_invoices"
    ]
    assert record["CounterParty"]["Mood"] == "sunny"
    assert record["Other"] == {"Colour": {"RAL": [1, 2]}}


def test_open_objects_are_whole(run: Runner) -> None:
    row = {
        "PartyID": 1,
        "LastModified": "2026-01-01T00:00:00",
        "Colour": {"RAL": [1, 2]},
        "Size": 3,
    }
    run.demo.fail(Reply(body={"Items": [row]}), path=PARTIES, times=2)
    company = run.demo.account.companies[0]["PartyID"]
    result = run("parties", company_ids=[company], flattening_enabled=True, flattening_max_depth=2)
    [record] = result.records["parties"]
    assert record["Other"] == '{"Colour":{"RAL":[1,2]},"Size":3}'
