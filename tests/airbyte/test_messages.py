"""What else a run says: Billit's limit, estimates, repeats that are left out, odd states."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from singer_sdk.singerlib import RecordMessage, SchemaMessage

from tap_billit.airbyte.log import LogMessages
from tap_billit.airbyte.writer import AirbyteWriter
from tap_billit.errors import BillitError
from tests.kit.airbyte import Said, Source, source_of
from tests.kit.demo import ALWAYS, ORDERS, error

if TYPE_CHECKING:
    from pathlib import Path

    from tap_billit.demo import DemoServer
    from tests.kit.demo import Waits
    from tests.kit.run import Json

DETAILS = "sales_invoice_details"


@pytest.fixture
def source(demo: DemoServer, tmp_path: Path) -> Source:
    return source_of(demo, tmp_path)


class Stream:
    """A stream that is written by hand."""

    def __init__(self) -> None:
        self._out = io.BytesIO()
        self.writer = AirbyteWriter(self._out)
        self.writer.expect(["s"])
        schema: Json = {"type": "object", "properties": {"id": {}}}
        self.writer.write_message(SchemaMessage(stream="s", schema=schema, key_properties=["id"]))

    def record(self, **row: Any) -> None:
        self.writer.write_message(RecordMessage(stream="s", record=row))

    def said(self) -> Said:
        self.writer.end_stream()
        return Said(self._out.getvalue().splitlines(), 0)


def test_a_record_that_is_as_it_was_is_left_out_and_not_counted() -> None:
    stream = Stream()
    rows = [{"id": 1, "n": 1}, {"id": 2, "n": 1}, {"id": 1, "n": 1}]
    for row in rows:
        stream.record(**row)
    said = stream.said()
    assert said.records("s") == rows[:2]
    assert said.states[0]["sourceStats"] == {"recordCount": 2}


def test_a_record_that_changed_back_goes_out_again() -> None:
    stream = Stream()
    rows = [{"id": 1, "n": 1}, {"id": 1, "n": 2}, {"id": 1, "n": 1}]
    for row in rows:
        stream.record(**row)
    assert stream.said().records("s") == rows


def test_records_that_are_json_already_go_out_as_they_are() -> None:
    stream = Stream()
    rows = [msgspec.Raw(row) for row in (b'{"id":1,"n":1.00}', b'{"id":2,"n":1e3}')]
    stream.writer.write_records(RecordMessage(stream="s", record={}), [*rows, rows[0]])
    said = stream.said()
    assert [str(each["n"]) for each in said.records("s")] == ["1.00", "1E+3"]
    assert said.states[0]["sourceStats"] == {"recordCount": 2}


def test_a_secret_is_hidden_wherever_people_read() -> None:
    stream = Stream()
    stream.writer.secrets.update({"a-secret-key", "a-secret-key-that-is-longer", "a"})
    stream.writer.send_error(BillitError("It said a-secret-key-that-is-longer and a-secret-key."))
    record = logging.LogRecord("t", logging.WARNING, "", 0, "a %s", ("a-secret-key",), None)
    LogMessages(stream.writer).emit(record)
    said = stream.said()
    assert said.errors[0]["message"] == "It said **** and ****."
    assert said.log == "a ****"


def test_a_run_that_goes_on_repeats_no_row(source: Source, demo: DemoServer) -> None:
    source.config["retry_minutes"] = 0
    catalog = source.catalog("sales_invoices")
    demo.fail(error(503, "Maintenance"), path=ORDERS, skip=3, times=ALWAYS)
    demo.fail(error(503, "Maintenance"), path="/v1/account/accountInformation", skip=1)
    cut = source.read(catalog=catalog)
    assert cut.records("sales_invoices")
    assert cut.status == 1
    del demo.hooks[-2:]
    rest = [
        row["OrderID"]
        for row in source.read("sales_invoices", state=cut.states).records("sales_invoices")
    ]
    assert rest
    assert len({*rest}) == len(rest)


def test_a_stream_says_that_billits_limit_holds_it(
    source: Source, demo: DemoServer, waits: Waits
) -> None:
    busy = error(429, "Busy", Retry_After="70")
    demo.fail(busy, path=ORDERS, skip=2)
    said = source.read("sales_invoices")
    assert waits.seconds == [70]
    assert said.statuses("sales_invoices") == [
        "STARTED",
        "RUNNING",
        "RUNNING",
        "RUNNING",
        "COMPLETE",
    ]
    statuses = said.traces("STREAM_STATUS")
    (reason,) = statuses[2]["reasons"]
    assert reason["type"] == "RATE_LIMITED"
    assert not any("reasons" in each for each in (*statuses[:2], *statuses[3:]))


def test_the_end_of_a_wait_is_in_milliseconds_and_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tap_billit.airbyte.writer.time", lambda: 1000.0)
    stream = Stream()
    for seconds in (60.0, 61.0, 75.0):
        stream.writer.limited(seconds)
    resets = [
        each["reasons"][0]["rate_limited"]["quota_reset"]
        for each in stream.said().traces("STREAM_STATUS")
        if "reasons" in each
    ]
    assert resets == [1_060_000, 1_075_000]


def test_a_wait_for_a_turn_is_one_for_billits_limit(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tap keeps the limit by itself, and seldom sees a 429."""
    monkeypatch.setattr("tap_billit.api.rate_limit.LONG", -1.0)
    statuses = source.read("sales_invoices").traces("STREAM_STATUS")
    assert any("reasons" in each for each in statuses)


def test_whole_orders_are_estimated_once_all_lists_are_complete(source: Source) -> None:
    said = source.read(DETAILS)
    (estimate,) = said.traces("ESTIMATE")
    rows = len(said.records(DETAILS))
    assert estimate == {"type": "STREAM", "name": DETAILS, "row_estimate": rows}


def test_the_files_of_orders_are_not_estimated(source: Source, tmp_path: Path) -> None:
    source.config["files_url"] = str(tmp_path / "files")
    said = source.read("invoice_files")
    assert said.records("invoice_files")
    assert not said.traces("ESTIMATE")


@pytest.mark.parametrize(
    "state",
    [
        "",
        "[]",
        "{}",
        "null",
        [{"type": "LEGACY", "data": {}}],
        [{"type": "LEGACY", "data": None}],
        [{"stream": {"stream_descriptor": {"name": "parties"}, "stream_state": None}}],
        # As PyAirbyte gives it, and of a stream that is gone.
        [
            {
                "type": "STREAM",
                "global_": None,
                "data": None,
                "stream": {"stream_descriptor": {"name": "gone", "namespace": None}},
            }
        ],
    ],
    ids=repr,
)
def test_a_state_that_says_nothing_is_none(source: Source, state: Any) -> None:
    assert source.read("parties", state=state).records("parties")


def of(stream_state: Any) -> list[Json]:
    """The state of parties."""
    described = {"stream_descriptor": {"name": "parties"}, "stream_state": stream_state}
    return [{"type": "STREAM", "stream": described}]


def test_a_company_that_is_gone_keeps_its_state(source: Source) -> None:
    said = source.read("parties")
    (state,) = said.states
    partitions = state["stream"]["stream_state"]["partitions"]
    partitions.append({**partitions[0], "context": {"CompanyID": 5}})
    after = source.read("parties", state=[state])
    assert after.status == 0
    assert after.state("parties") == state["stream"]["stream_state"]
    assert "the state of company 5 is kept" in after.log


FUTURE = {
    "context": {"CompanyID": 401117},
    "replication_key": "LastModified",
    "replication_key_value": "2999-01-01T00:00:00",
}


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (of({"partitions": [FUTURE]}), "ahead of Billit's clock"),
        (of({"LastModified": "2026-01-01", "replication_key_value": "x"}), "not kept by company"),
        (of({"partitions": [{"context": {"CompanyID": "?"}}]}), "CompanyID is '?'"),
        (of("2026-01-01"), "is no object"),
        ([{"type": "STREAM", "stream": {"stream_state": {}}}], "names no stream"),
        ([{"type": "LEGACY", "data": {"parties": "2026-01-01"}}], "not kept by stream"),
        ({"parties": {"cursor": 3}}, "not kept by stream"),
        (3, "not kept by stream"),
        ([{"type": "GLOBAL", "global": {"stream_states": []}}], "of all streams at once"),
        ("{", "state.json is not JSON"),
    ],
    ids=repr,
)
def test_a_state_that_cannot_be_gone_on_with_is_a_sentence(
    source: Source, state: Any, says: str
) -> None:
    said = source.read("parties", state=state)
    assert said.status == 1
    (problem,) = said.errors
    assert problem["failure_type"] == "config_error"
    assert says in problem["message"]
    assert "meltano" not in problem["message"].lower()
    assert said.statuses("parties")[-1] == "INCOMPLETE"
    assert not said.records("parties")
