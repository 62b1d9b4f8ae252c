"""What the catalog, the settings and the stream maps have the tap read and write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_billit.tap import TapBillit
from tests.kit.expected import ROWS, rows_of
from tests.kit.run import catalog_of, ids, metadata_of

if TYPE_CHECKING:
    from tap_billit.demo.account import Account
    from tests.kit.run import Json, Runner


def test_full_table_in_the_catalog_reads_everything_again(run: Runner, account: Account) -> None:
    first = run("sales_invoices", "sales_invoice_details")
    catalog = catalog_of("sales_invoices", "sales_invoice_details")
    for entry in catalog["streams"]:
        entry["replication_method"] = "FULL_TABLE"
        metadata_of(entry)["forced-replication-method"] = "FULL_TABLE"
    second = run(catalog=catalog, state=first.state, refresh_unpaid=False)
    wanted = ids(rows_of(account, ROWS["sales_invoices"]))
    assert ids(second.records["sales_invoices"]) == wanted
    assert ids(second.records["sales_invoice_details"]) == wanted


@pytest.mark.parametrize("left_out", [(), ("Tags",)])
def test_a_stream_that_is_read_whole_can_have_a_version(
    left_out: tuple[str, ...], run: Runner
) -> None:
    """By it a loader tells the rows that are no longer there."""
    catalog = catalog_of("documents")
    for column in left_out:
        metadata_of(catalog["streams"][0], "properties", column)["selected"] = False
    result = run(catalog=catalog, emit_activate_version_messages=True)
    [version] = {m["version"] for m in result.messages if m["type"] == "ACTIVATE_VERSION"}
    assert {m["version"] for m in result.messages if m["type"] == "RECORD"} == {version}


def test_what_is_not_selected_is_not_asked(run: Runner) -> None:
    catalog = TapBillit(config={"environment": "demo"}).catalog_dict
    for entry in catalog["streams"]:
        metadata_of(entry)["selected"] = entry["tap_stream_id"] == "supplier_invoices"
    result = run(catalog=catalog)
    assert {request.path for request in result.requests} == {
        "/v1/account/accountInformation",
        "/v1/orders",
    }
    assert {*result.records} == {"supplier_invoices"}
    assert {m["stream"] for m in result.messages if m["type"] == "SCHEMA"} == {"supplier_invoices"}
    assert not any("'Income'" in query.get("$filter", "") for query in result.queries())
    assert [r.path for r in run("companies").requests] == ["/v1/account/accountInformation"]


def test_deselected_properties_are_left_out(run: Runner) -> None:
    catalog = catalog_of("sales_invoices")
    (entry,) = catalog["streams"]
    metadata_of(entry, "properties", "TotalIncl")["selected"] = False
    nested = ("properties", "CounterParty", "properties", "VATNumber")
    metadata_of(entry, *nested)["selected"] = False
    records = run(catalog=catalog).records["sales_invoices"]
    assert records
    for record in records:
        assert record["TotalExcl"]
        assert "TotalIncl" not in record
        assert record["CounterParty"]["PartyID"]
        assert "VATNumber" not in record["CounterParty"]


@pytest.mark.parametrize(
    "schema", [{}, {"type": ["string", "number", "null"]}, {"anyOf": [{"type": "string"}]}]
)
def test_a_catalog_may_leave_a_type_open(schema: Json, run: Runner) -> None:
    catalog = catalog_of("sales_invoices")
    (entry,) = catalog["streams"]
    entry["schema"]["properties"]["OrderStatus"] = schema
    records = run(catalog=catalog).records["sales_invoices"]
    assert records
    assert all(record["OrderStatus"] for record in records)


def test_an_unknown_property_is_named_once_and_breaks_nothing(
    run: Runner, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    for row in rows_of(account, ROWS["sales_invoices"])[:3]:
        account.change(
            row["OrderID"],
            Novelty="new",
            CurrentDocumentDeliveryDetails={"IsDocumentDelivered": True, "Courier": "snail"},
        )
    records = run("sales_invoices").records["sales_invoices"]
    assert len(records) == len(rows_of(account, ROWS["sales_invoices"]))
    assert not any("Novelty" in record for record in records)
    couriers = [r for r in records if "Courier" in r["CurrentDocumentDeliveryDetails"]]
    assert len(couriers) == 3
    assert caplog.text.count("Novelty") == 1
    assert [r.levelname for r in caplog.records if "Novelty" in r.getMessage()] == ["WARNING"]


def test_stream_maps_reshape_records(run: Runner) -> None:
    maps = {
        "sales_invoices": {
            "OrderID": "record['OrderID']",
            "Number": "record.get('OrderNumber')",
            "__filter__": "record['Paid']",
            "__alias__": "invoices",
            "__else__": None,
        }
    }
    result = run("sales_invoices", stream_maps=maps)
    assert {*result.records} == {"invoices"}
    assert all(record.keys() <= {"OrderID", "Number"} for record in result.records["invoices"])
    assert len(result.records["invoices"]) < len(rows_of(run.demo.account, ("Income", "Invoice")))
