"""`source-billit read`: the tap's records, as Airbyte's messages."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tap_billit.demo import Reply
from tests.kit.airbyte import Source, source_of
from tests.kit.demo import ALWAYS, error

if TYPE_CHECKING:
    from pathlib import Path

    from tap_billit.demo import Account, DemoServer
    from tests.kit.run import Runner


DETAILS = "sales_invoice_details"


@pytest.fixture
def source(demo: DemoServer, tmp_path: Path) -> Source:
    return source_of(demo, tmp_path)


def test_the_records_are_the_taps_own_digit_for_digit(source: Source, run: Runner) -> None:
    said, own = source.read(), run()
    assert said.status == 0
    assert said.streams == [*own.records]
    for stream, records in own.records.items():
        assert said.records(stream) == records
    assert any(isinstance(v, Decimal) for v in said.records("sales_invoices")[0].values())


def test_each_stream_says_how_far_it_is(source: Source) -> None:
    said = source.read("companies", "sales_invoices", "documents")
    for stream in ("companies", "sales_invoices", "documents"):
        assert said.statuses(stream) == ["STARTED", "RUNNING", "COMPLETE"]
    assert not said.errors


def test_a_stream_that_is_read_in_two_rounds_ends_after_the_second(source: Source) -> None:
    twice = ["STARTED", "RUNNING", "RUNNING", "COMPLETE"]
    assert source.read(DETAILS).statuses(DETAILS) == twice
    sales, supplier = DETAILS, "supplier_invoice_details"
    said = source.read(sales, supplier)
    for stream in (sales, supplier):
        assert said.statuses(stream) == twice
    order = [
        (each["stream_descriptor"]["name"], each["status"]) for each in said.traces("STREAM_STATUS")
    ]
    assert order.index((sales, "COMPLETE")) > order.index((supplier, "STARTED"))


def test_a_state_is_of_one_stream_and_counts_its_records(source: Source) -> None:
    said = source.read()
    count: Counter[str] = Counter()
    for message in said.messages:
        if message["type"] == "RECORD":
            count[message["record"]["stream"]] += 1
        elif message["type"] == "STATE":
            stream = message["state"]["stream"]["stream_descriptor"]["name"]
            assert message["state"]["sourceStats"] == {"recordCount": count.pop(stream, 0)}
    assert not count
    assert len(said.states) == len(source.streams())


def test_a_stream_ends_after_its_last_state(source: Source) -> None:
    said = source.read("sales_invoices", "parties")
    kinds = [
        (each["type"], each.get("trace", {}).get("stream_status", {}).get("status"))
        for each in said.messages
        if each["type"] != "LOG"
    ]
    ends = [place for place, kind in enumerate(kinds) if kind[1] == "COMPLETE"]
    assert [kinds[place - 1][0] for place in ends] == ["STATE", "STATE"]


def test_the_state_is_the_taps_own_and_is_taken_by_both(
    source: Source, run: Runner, account: Account
) -> None:
    streams = ("sales_invoices", "sales_invoice_details", "parties")
    said, own = source.read(*streams), run(*streams)
    bookmarks = own.state["bookmarks"]
    assert {stream: said.state(stream) for stream in streams} == bookmarks
    account.clock.forward(days=1)  # type: ignore[attr-defined]  # the tests' own clock
    as_singer = {"bookmarks": {stream: said.state(stream) for stream in streams}}
    after = run(*streams, state=as_singer)
    for state in (said.states, own.state, [{"type": "LEGACY", "data": own.state}]):
        again = source.read(*streams, state=state)
        for stream in streams:
            assert again.records(stream) == after.records[stream]


def test_streams_that_are_not_chosen_cost_nothing(source: Source, demo: DemoServer) -> None:
    catalog = source.catalog("documents")
    before = len(demo.requests)
    said = source.read(catalog=catalog)
    assert said.streams == ["documents"]
    assert {each.path for each in demo.requests[before:]} == {
        "/v1/account/accountInformation",
        "/v1/documents",
    }


def test_columns_that_are_not_chosen_do_not_leave(source: Source) -> None:
    catalog = source.catalog("sales_invoices")
    schema = catalog["streams"][0]["stream"]["json_schema"]
    schema["properties"] = {name: schema["properties"][name] for name in ("TotalIncl", "Paid")}
    for record in source.read(catalog=catalog).records("sales_invoices"):
        assert record.keys() == {"OrderID", "CompanyID", "LastModified", "TotalIncl", "Paid"}


def test_a_full_refresh_begins_anew_where_going_on_would_repeat_rows(source: Source) -> None:
    streams = ("sales_invoices", "sales_invoice_details")
    first = source.read(*streams)
    again = source.read(state=first.states, catalog=source.catalog(*streams, mode="full_refresh"))
    assert again.records("sales_invoices") == first.records("sales_invoices")
    assert not again.records("sales_invoice_details")


def test_pyairbyte_asks_for_increments_of_whole_lists(source: Source) -> None:
    catalog = source.catalog("documents")
    catalog["streams"][0]["sync_mode"] = "incremental"
    assert source.read(catalog=catalog).records("documents")


def test_a_refused_company_leaves_its_streams_incomplete(
    source: Source, demo: DemoServer, account: Account
) -> None:
    refused = account.companies[1]["PartyID"]
    demo.hooks.append(
        lambda request: (
            Reply.error(403, "LicenseError") if request.party_id == str(refused) else None
        )
    )
    said = source.read("companies", "sales_invoices", "parties")
    assert said.status == 1
    assert said.statuses("companies")[-1] == "COMPLETE"
    assert said.statuses("sales_invoices")[-1] == said.statuses("parties")[-1] == "INCOMPLETE"
    of = [each.get("stream_descriptor", {}).get("name") for each in said.errors]
    assert of == ["sales_invoices", "parties", None]
    for each in said.errors:
        assert each["failure_type"] == "config_error"
        assert str(refused) in each["message"]


def test_an_error_ends_each_stream_that_was_chosen(source: Source, demo: DemoServer) -> None:
    source.config["retry_minutes"] = 0
    catalog = source.catalog("sales_invoices", "parties", "products")
    demo.fail(error(503, "Maintenance"), path="/v1/orders", skip=3, times=ALWAYS)
    demo.fail(error(503, "Maintenance"), path="/v1/parties", times=ALWAYS)
    demo.fail(error(503, "Maintenance"), path="/v1/account/accountInformation", skip=1)
    said = source.read(catalog=catalog)
    assert said.status == 1
    for stream in ("sales_invoices", "parties", "products"):
        assert said.statuses(stream)[-1] == "INCOMPLETE"
    assert {each["failure_type"] for each in said.errors} == {"transient_error"}


def test_an_order_that_is_set_aside_leaves_its_stream_incomplete_unless_accepted(
    source: Source, demo: DemoServer
) -> None:
    order = source.read(DETAILS).records(DETAILS)[0]["OrderID"]
    demo.fail(error(500, "GenericError"), path=f"/v1/orders/{order}", times=ALWAYS)
    source.config["retry_minutes"] = 0
    said = source.read("sales_invoices", DETAILS)
    assert said.status == 1
    assert said.statuses("sales_invoices")[-1] == "COMPLETE"
    assert said.statuses(DETAILS)[-1] == "INCOMPLETE"
    assert [each["failure_type"] for each in said.errors] == ["transient_error"] * 2
    assert all(str(order) in each["message"] for each in said.errors)
    source.config["accept_unreadable"] = 1
    accepted = source.read(DETAILS)
    assert (accepted.status, accepted.statuses(DETAILS)[-1]) == (0, "COMPLETE")
    assert str(order) in accepted.log


def test_a_stream_that_cannot_be_read_costs_no_other(source: Source) -> None:
    catalog = source.catalog("companies", "parties")
    for name in ("invoice_files", "gone"):
        stream = {**catalog["streams"][0]["stream"], "name": name}
        catalog["streams"].append({**catalog["streams"][0], "stream": stream})
    said = source.read(catalog=catalog)
    assert said.status == 1
    for name in ("companies", "parties"):
        assert said.statuses(name)[-1] == "COMPLETE"
    for name in ("invoice_files", "gone"):
        assert said.statuses(name) == ["INCOMPLETE"]
        assert f"`{name}`" in said.errors[-1]["message"]
    assert {each["failure_type"] for each in said.errors} == {"config_error"}


def test_where_no_stream_can_be_read_it_says_why(source: Source) -> None:
    catalog = source.catalog("companies")
    catalog["streams"][0]["stream"]["name"] = "gone"
    said = source.read(catalog=catalog)
    assert said.status == 1
    assert said.statuses("gone") == ["INCOMPLETE"]
    assert "`gone` cannot be read" in said.errors[-1]["message"]
    (problem,) = source.read(catalog={"streams": []}).errors
    assert "no stream" in problem["message"]
    assert problem["failure_type"] == "config_error"


@pytest.mark.parametrize("name", [None, ["companies"], 7])
def test_a_stream_without_a_name_is_a_sentence(source: Source, name: object) -> None:
    catalog = source.catalog("companies")
    catalog["streams"][0]["stream"]["name"] = name
    (problem,) = source.read(catalog=catalog).errors
    assert problem["failure_type"] == "config_error"
    assert "no configured catalog" in problem["message"]


def test_what_nobody_foresaw_has_a_stack_trace_and_does_not_quote(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        said = "a token, perhaps"
        raise RuntimeError(said.upper())

    monkeypatch.setattr("tap_billit.streams.companies.Companies.get_records", fails)
    said = source.read("companies")
    (problem,) = said.errors
    assert problem["failure_type"] == "system_error"
    assert "RuntimeError" in problem["message"]
    assert "in fails" in problem["stack_trace"]
    assert "A TOKEN" not in str(problem)
    assert said.statuses("companies") == ["STARTED", "INCOMPLETE"]
