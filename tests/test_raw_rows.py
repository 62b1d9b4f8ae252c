"""Rows that go out as the very bytes that came in: only those that the usual way would print so."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.singerlib import RecordMessage

from tap_billit.api.json_text import NOT_JSON, read_strictly
from tap_billit.api.raw_rows import is_as_it_came
from tap_billit.demo.messages import Reply
from tap_billit.tap import TapBillit
from tap_billit.writer import LineWriter
from tests.kit.demo import PARTIES
from tests.kit.run import UNHURRIED, Collector, catalog_of, ids

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from tap_billit.demo.server import DemoServer
    from tests.kit.command import Command
    from tests.kit.run import Json, Runner

COMPANY = 7
STAMP = "2026-01-01T00:00:00"


@cache
def stream(name: str) -> Any:
    tap = TapBillit(config={"api_url": "http://127.0.0.1:1", "api_key": "none"})
    return tap.streams[name]


def read(row: str, *, name: str = "deleted_orders") -> Any:
    """The row, in a page of its own, as the stream reads it."""
    content = b'{"Items":[%b],"NextPageLink":null}' % row.encode()
    [read] = stream(name)._raw_reader.page(COMPANY, content)["Items"]
    return read


CLEAN = {
    "amounts to the digit": '"TotalExcl": 12.50000, "ToPay": -0.00',
    "the largest number": '"TemplateID": 9223372036854775807',
    "text in any script": r'"Reference": "caf\u00e9 \ud83d\ude00 \/ \u0000 \u0027 \n"',
    "text like an odd date": '"Reference": "2026-01-01T10:00"',
    "text with escapes": r'"Reference": "caf\u00e9, \u00E92,3\u0027 1e23", "Comments": "E40, 7e"',
    "nothing": '"TotalExcl": null, "OrderLines": null, "Customer": null, "CustomFields": null',
    "empty": '"OrderLines": [], "Customer": {}, "CustomFields": {}, "Reference": ""',
    "parts": '"OrderLines": [{"Quantity": 2.50, "CustomFields": {"a": [1, {"b": 1.0}]}}]',
    "a date-time": '"OrderDate": "2024-02-29T23:59:59.999999999"',
    "its own time": f'"LastModified": "{STAMP}.123"',
    "a name twice": '"Reference": "a", "Reference": "b"',
}

REFUSED = {
    "a name that nobody knows": '"Colour": 1',
    "a name of ours": '"Other": {}',
    "a part's name that nobody knows": '"OrderLines": [{"Colour": 1}]',
    "no part": '"OrderLines": [null]',
    "text for a number": '"TotalExcl": "12.50"',
    "number for a text": '"Reference": 12',
    "number for a truth": '"Paid": 1',
    "fraction for a whole number": '"TemplateID": 7.0',
    "more than a bigint": '"TemplateID": 9223372036854775808',
    "more than any amount": '"TotalExcl": 9300000000000000000.5',
    "an exponent that makes it 0": '"TotalExcl": 1.0e-400',
    "an exponent, after many zeros": f'"TotalExcl": 0.{"0" * 299}1e-9',
    "an amount of too many places": f'"TotalExcl": 0.{"0" * 400}1',
    "a list for a number": '"TotalExcl": [1]',
    "a list for an open object": '"CustomFields": []',
    "a long number inside an open object": f'"CustomFields": {{"a": {"1" * 30}}}',
    "an exponent before a tab": '"CustomFields": {"a": 1E-400\t}',
    "an exponent inside an open object": '"CustomFields": {"a": 1E-400}',
    "a date with a space": '"OrderDate": "2026-01-31 10:00:00"',
    "a date with a small t": '"OrderDate": "2026-01-31t10:00:00"',
    "a date with a space, escaped": r'"OrderDate": "2026-01-31\u002010:00:00"',
    "a date with a small t, escaped": r'"OrderDate": "2026-01-31\u007410:00:00"',
    "a date with a colon, escaped": r'"OrderDate": "2026-01-31 10\u003A00:00"',
    "a date in a part": '"Customer": {"Created": "2026-01-31 10:00:00"}',
    "a date in an array": '"Messages": [{"CreationDate": "2026-01-31t10:00:00"}]',
    "too many digits of a second": '"OrderDate": "2026-01-31T10:00:00.1234567890"',
    "too many digits, one escaped": r'"OrderDate": "2026-01-31T10:00:00.123456789\u0030"',
    "too many digits, the point escaped": r'"OrderDate": "2026-01-31T10:00:00\u002e1234567890"',
    "no such day": '"OrderDate": "2026-02-30T10:00:00"',
    "no time of its own": '"LastModified": "soon"',
    "a time of its own with an offset": f'"LastModified": "{STAMP}.123+01:00"',
    "a line's end": '"Reference":\n"x"',
    "an old line's end": '"Reference":\r"x"',
    "another company": '"CompanyID": 8',
    "no company": '"CompanyID": null',
}


@pytest.mark.parametrize("properties", CLEAN.values(), ids=CLEAN)
def test_a_row_that_needs_nothing_done_is_left_as_it_came(properties: str) -> None:
    row = f'{{"OrderID": 1, "CompanyID": {COMPANY}, {properties}}}'
    assert bytes(read(row).raw).decode() == row


@pytest.mark.parametrize("properties", REFUSED.values(), ids=REFUSED)
def test_any_other_row_is_read(properties: str) -> None:
    assert isinstance(read(f'{{"OrderID": 1, "CompanyID": {COMPANY}, {properties}}}'), dict)


@pytest.mark.parametrize("key", ["", '"OrderID": null,', '"OrderID": "1",'])
def test_a_row_without_its_key_is_read(key: str) -> None:
    assert isinstance(read(f'{{{key} "CompanyID": {COMPANY}}}'), dict)


@pytest.mark.parametrize("direction", ["Cost", "income"])
def test_a_row_of_another_kind_is_read(direction: str) -> None:
    row = '{"OrderID": 1, "OrderType": "Invoice", "OrderDirection": "%s"}'
    assert is_as_it_came(read(row % "Income", name="sales_invoices"))
    assert isinstance(read(row % direction, name="sales_invoices"), dict)


ODD = [
    *("null", "true", "0", "-0", "7", "1.0", "12.50000", "1e2", "1E-05", "0e-400", "1e-400"),
    *("1e400", f"0.{'0' * 299}1e-9", "9223372036854775807", "-9223372036854775808", "1" * 30),
    *("[]", "{}", "[null]", "[[]]", '{"a": 1.50, "a": 1e-400}', '{"a": "\\ud83d"}'),
    *('""', '" "', '"true"', '"1.5"', r'"caf\u00e9"', r'"\u0000"', r'"\ud83d"', '"\x7f"', '"\x01"'),
    *(f'"{STAMP}{end}"' for end in ("", "Z", "+01:00", "+0100", ".1", ".1234567890", ".")),
    *('"2026-01-31 09:30:00"', '"2026-01-31t09:30:00"', r'"2026-01-31\u002009:30:00"'),
    *('"2026-01-31"', '"2026-01-31T09:30"', '"2026-02-30T00:00:00"', '"0001-01-01T00:00:00"'),
    '"9999-12-31T23:59:59.9999999"',
]
FITTING: dict[str, st.SearchStrategy[str]] = {
    "string": st.text(max_size=5).map(json.dumps),
    "boolean": st.sampled_from(["true", "false"]),
    "integer": st.integers(-(2**63), 2**63 - 1).map(str),
    "number": st.decimals(places=3, allow_nan=False, allow_infinity=False).map("{:f}".format),
    "date": st.datetimes().map(lambda at: json.dumps(at.isoformat())),
}


@st.composite
def texts(draw: st.DrawFn, schema: Json) -> str:
    """JSON of something that fits the schema, mostly."""
    if draw(st.integers(0, 15)) == 0:
        return draw(st.sampled_from(ODD))
    if "items" in schema:
        return f"[{','.join(draw(st.lists(texts(schema['items']), max_size=2)))}]"
    if properties := schema.get("properties"):
        names = draw(st.lists(st.sampled_from([*properties]), max_size=5))
        parts = [f"{json.dumps(name)}: {draw(texts(properties[name]))}" for name in names]
        return f"{{{', '.join(parts)}}}"
    if "object" in schema["type"]:
        return f'{{"a": [{draw(st.sampled_from(ODD))}]}}'
    return draw(FITTING["date" if "format" in schema else schema["type"][0]])


@st.composite
def rows(draw: st.DrawFn) -> str:
    properties = stream("deleted_orders").schema["properties"]
    company = draw(st.sampled_from(["", f', "CompanyID": {COMPANY}']))
    names = draw(st.lists(st.sampled_from([*properties.keys() - {"OrderID"}]), max_size=8))
    parts = [f', "{name}": {draw(texts(properties[name]))}' for name in names]
    return f'{{"OrderID": 1{company}{"".join(parts)}}}'


def usual(row: str) -> Any:
    """The values of the row as the stream prints it, without any short cut."""
    record = stream("deleted_orders").post_process(read_strictly(row), {"CompanyID": COMPANY})
    return values_of(LineWriter().format_message(RecordMessage("deleted_orders", record)))


def values_of(line: Buffer) -> Any:
    return msgspec.json.Decoder(float_hook=Decimal).decode(line)["record"]


@given(rows())
def test_what_is_left_as_it_came_says_what_the_usual_way_would(row: str) -> None:
    try:
        expected = usual(row)
    except NOT_JSON:
        with pytest.raises(NOT_JSON):
            read(row)
        return
    if is_as_it_came(found := read(row)):
        message = RecordMessage("deleted_orders", {})
        assert values_of(LineWriter().format_records(message, [found.raw])) == expected


ROW = '{"PartyID": 1%d, "LastModified": "%s", "DefaultReductionPercentage": 12.50000}'
ODD_ROW = (
    '{"PartyID": 2%d, "LastModified": "%s", "DefaultReductionPercentage": "12.50000", "Colour": 1}'
)


def page(*kinds: str) -> bytes:
    """A page of parties, each with a number of its own."""
    rows = (kind % (number, STAMP) for number, kind in enumerate(kinds))
    return f'{{"Items": [{", ".join(rows)}]}}'.encode()


def test_the_very_bytes_go_out_and_in_order(demo: DemoServer, command: Command) -> None:
    [company, *_] = [each["PartyID"] for each in demo.account.companies]
    demo.fail(Reply(body=page(ROW, ROW, ODD_ROW, ODD_ROW, ROW)), path=PARTIES, times=2)
    config = {"api_url": demo.url, "api_key": demo.api_key, "company_ids": [company]}
    Path("config.json").write_text(json.dumps(config))
    Path("catalog.json").write_text(json.dumps(catalog_of("parties")))
    outcome = command("--config", "config.json", "--catalog", "catalog.json")
    assert outcome.status == 0
    lines = [line for line in outcome.printed.splitlines() if '"RECORD"' in line]
    assert [json.loads(line)["record"]["PartyID"] for line in lines] == [10, 11, 22, 23, 14]
    assert f'{(ROW % (0, STAMP))[:-1]},"CompanyID":{company}}}' in lines[0]
    assert all(json.loads(line)["time_extracted"] for line in lines)
    assert '"metric":"record_count","value":5' in outcome.log


def test_an_odd_row_leaves_the_others_as_they_came() -> None:
    odd = '{"OrderID": 1, "OrderDate": "2026-01-31 10:00:00"}'
    content = f'{{"Items": [{{"OrderID": 2}},\n{odd}, {{"OrderID": 3}}]}}'.encode()
    rows = stream("deleted_orders")._raw_reader.page(COMPANY, content)["Items"]
    assert [is_as_it_came(row) for row in rows] == [True, False, True]


def test_not_every_page_is_a_line_in_the_log(
    run: Runner, demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_billit.streams.orders.monotonic", lambda: 7.0)
    [company, *_] = [each["PartyID"] for each in demo.account.companies]
    result = run("sales_invoices", company_ids=[company])
    assert len(result.records["sales_invoices"]) > 10
    assert sum("rows so far" in line for line in result.log) == 1


def test_rows_on_many_lines_are_a_line_each(run: Runner, demo: DemoServer) -> None:
    body = page(ROW, ROW).replace(b", ", b",\n\t")
    demo.fail(Reply(body=body), path=PARTIES, times=2)
    [company, *_] = [each["PartyID"] for each in demo.account.companies]
    assert ids(run("parties", company_ids=[company]).records["parties"], "PartyID") == [10, 11]


def test_a_row_in_which_something_is_set_is_like_any_other() -> None:
    row = read(f'{{"OrderID": 1, "Reference": "a", "CompanyID": {COMPANY}}}')
    row["OrderID"] = 1
    assert is_as_it_came(row)
    row["Reference"] = "b"
    assert not is_as_it_came(row)
    assert dict(row) == {"OrderID": 1, "Reference": "b", "CompanyID": COMPANY}


def test_a_row_reads_like_a_dict() -> None:
    row = read(f'{{"OrderID": 1, "TotalExcl": 1.10, "Paid": null, "CompanyID": {COMPANY}}}')
    assert (row["OrderID"], row.get("TotalExcl"), row["Paid"]) == (1, Decimal("1.10"), None)
    assert (row.get("Reference"), row.get("OrderType", "x"), "Paid" in row) == (None, "x", True)
    with pytest.raises(KeyError):
        row["OrderType"]
    assert [*row] == ["OrderID", "TotalExcl", "Paid", "CompanyID"]


def test_a_limit_of_records_holds(demo: DemoServer) -> None:
    messages: list[Json] = []
    tap = TapBillit(
        config={"api_url": demo.url, "api_key": demo.api_key} | UNHURRIED,
        catalog=catalog_of("parties"),
        message_writer=Collector(messages),
    )
    tap.run_sync_dry_run(1, [tap.streams["parties"]])
    assert [message["type"] for message in messages].count("RECORD") == 1
