"""Values that Billit sends otherwise than the schemas say: mended, or null and named."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from tap_billit.api.json_text import read_strictly
from tap_billit.demo.messages import Reply
from tap_billit.schema_drift import KnownProperties
from tap_billit.schemas.order import ORDER
from tests.kit.demo import PARTIES
from tests.kit.run import catalog_of

if TYPE_CHECKING:
    from tap_billit.demo.server import DemoServer
    from tests.kit.run import Json, Runner

INTEGER, NUMBER, TEXT, BOOLEAN, DATE = "OrderID", "TotalExcl", "OrderNumber", "Paid", "OrderDate"

MENDED: dict[str, tuple[str, Any, Any]] = {
    "integer as text": (INTEGER, "7", 7),
    "integer with a point": (INTEGER, Decimal("21.0"), 21),
    "text with a point": (INTEGER, " 21.00 ", 21),
    "blank integer": (INTEGER, " ", None),
    "no integer": (INTEGER, {}, None),
    "number as text": (NUMBER, " 12.300", Decimal("12.300")),
    "power of ten": (NUMBER, "-1e2", Decimal("-1e2")),
    "blank number": (NUMBER, "", None),
    "number for a text": (TEXT, 20260001, "20260001"),
    "decimal for a text": (TEXT, Decimal("1.10"), "1.10"),
    "boolean for a text": (TEXT, True, "true"),
    "boolean as text": (BOOLEAN, "True", True),
    "boolean as number": (BOOLEAN, 0, False),
    "blank date": (DATE, "", None),
    "date with a space": (DATE, "2026-01-31 09:30:00", "2026-01-31T09:30:00"),
    "date to the minute": (DATE, "2026-01-31T09:30z", "2026-01-31T09:30:00Z"),
    "offset without colon": (DATE, "2026-01-31T09:30:00+0100", "2026-01-31T09:30:00+01:00"),
    "first moment": (DATE, "0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00"),
    "last moment": (DATE, "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999"),
    "leap day": (DATE, "2024-02-29T00:00:00", "2024-02-29T00:00:00"),
    "list for an object": ("CustomFields", [], None),
    "one object for an array": ("OrderLines", {"Quantity": 1}, [{"Quantity": 1}]),
    "nulls in an array": ("OrderLines", [None, {"Quantity": 1}], [{"Quantity": 1}]),
}


@pytest.mark.parametrize(("name", "value", "expected"), MENDED.values(), ids=MENDED)
def test_what_has_one_reading_is_mended(name: str, value: Any, expected: Any) -> None:
    record = {name: value}
    assert not KnownProperties(ORDER).mend(record)
    assert record == {name: expected}
    assert str(record[name]) == str(expected)


UNREADABLE: dict[str, tuple[str, Any]] = {
    "word for an integer": (INTEGER, "seven"),
    "fraction": (INTEGER, Decimal("7.5")),
    "more than a bigint": (INTEGER, 2**70),
    "boolean for an integer": (INTEGER, True),
    "two readings": (NUMBER, "1.234,56"),
    "comma": (NUMBER, "12,50"),
    "more than any amount": (NUMBER, Decimal("1e999999")),
    "less than any amount": (NUMBER, read_strictly(b"1e-999999")),
    "more than a double": (NUMBER, read_strictly(b"1e400")),
    "no number": (NUMBER, "NaN"),
    "object for a text": (TEXT, {"a": 1}),
    "word for a boolean": (BOOLEAN, "perhaps"),
    "two for a boolean": (BOOLEAN, 2),
    "no such day": (DATE, "2026-02-30T00:00:00"),
    "no such hour": (DATE, "2026-02-01T25:00:00"),
    "year 0": (DATE, "0000-01-01T00:00:00"),
    "year 10000": (DATE, "10000-01-01T00:00:00"),
    "word for a date": (DATE, "soon"),
    "number for a date": (DATE, 20260131),
    "text for an object": ("CounterParty", "Acme"),
}


@pytest.mark.parametrize(("name", "value"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_has_none_is_null_and_named(name: str, value: Any) -> None:
    record = {name: value}
    [(path, done)] = KnownProperties(ORDER).mend(record)
    assert record == {name: None}
    assert path == name
    assert done.startswith("left out, as it is no ")


def test_part_of_an_array_is_lost_alone() -> None:
    record: Json = {"OrderLines": [{"Quantity": "x", "Description": 5}, "a line", {"Quantity": 2}]}
    odd = KnownProperties(ORDER).mend(record)
    assert record == {"OrderLines": [{"Quantity": None, "Description": "5"}, {"Quantity": 2}]}
    assert [path for path, _ in odd] == ["OrderLines", "OrderLines.Quantity"]


NAMES = sorted(ORDER["properties"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["", " 1", "1.0", "true", "0001-01-01", "2026-02-30T00:00:00"])
    | st.datetimes().map(datetime.isoformat),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*ORDER["properties"]]), inner)
    ),
    max_leaves=8,
)
RECORDS = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6)
FITS = Draft7Validator(ORDER, format_checker=Draft7Validator.FORMAT_CHECKER)


@given(RECORDS)
def test_whatever_comes_a_loader_can_take(record: Json) -> None:
    known = KnownProperties(ORDER)
    known.mend(record)
    assert FITS.is_valid(record)
    again = dict(record)
    assert not [done for _, done in known.mend(again) if done != "kept"]
    assert again == record


def test_unknown_properties_have_a_column_and_are_named_once(run: Runner, demo: DemoServer) -> None:
    rows: list[Json] = [
        {"PartyID": 1, "LastModified": "2026-01-01T00:00:00", "Colour": 1, "Mood": None},
        {"PartyID": 2, "LastModified": "2026-01-01T00:00:00", "Colour": 2, "Other": "own"},
    ]
    demo.fail(Reply(body={"Items": rows}), path=PARTIES, times=2)
    result = run("parties", company_ids=[demo.account.companies[0]["PartyID"]])
    assert [row["Other"] for row in result.records["parties"]] == [
        {"Colour": 1},
        {"Colour": 2, "Other": "own"},
    ]
    assert not any("Colour" in row for row in result.records["parties"])
    assert sum("Colour" in line for line in result.log) == 1


def test_a_column_that_the_catalog_lacks_is_in_no_other(run: Runner) -> None:
    """Whoever takes a column out of the catalog wants its values nowhere."""
    catalog = catalog_of("parties")
    del catalog["streams"][0]["schema"]["properties"]["Name"]
    records = run(catalog=catalog).records["parties"]
    assert records
    assert not any("Name" in row or "Name" in row.get("Other", {}) for row in records)


@pytest.mark.parametrize("company", [None, 0, "0", "", "x"])
def test_the_company_is_never_null(company: Any, run: Runner, demo: DemoServer) -> None:
    asked = demo.account.companies[0]["PartyID"]
    row = {"PartyID": 1, "LastModified": "2026-01-01T00:00:00", "CompanyID": company}
    demo.fail(Reply(body={"Items": [row]}), path=PARTIES, times=2)
    [record] = run("parties", company_ids=[asked]).records["parties"]
    assert record["CompanyID"] == asked


ROW = b'{"PartyID": 1, "LastModified": "2026-01-01T00:00:00", "Name": "Caf%s"}'
PAGE = b'{"Items": [' + ROW + b"]}"

TEXTS: dict[str, tuple[bytes, str, str]] = {
    "half an emoji": (PAGE % rb"\ud83d", "application/json", "Caf\ufffd"),
    "a whole emoji": (PAGE % rb"\ud83d\ude00", "application/json", "Caf\U0001f600"),
    "a byte order mark": (b"\xef\xbb\xbf" + PAGE % b"e", "application/json", "Cafe"),
    "UTF-16": ((PAGE % b"e").decode().encode("utf-16"), "application/json", "Cafe"),
    "UTF-32": ((PAGE % b"e").decode().encode("utf-32"), "application/json", "Cafe"),
    "Latin-1": (PAGE % b"\xe9", "application/json; charset=iso-8859-1", "Café"),
    "Windows": (PAGE % b"\x80", "application/json; charset=windows-1252", "Caf€"),
    "a charset nobody knows": (PAGE % b"\xe9", "application/json; charset=nobody", "Caf\ufffd"),
    "a charset that is no text": (PAGE % b"\xe9", "application/json; charset=zlib", "Caf\ufffd"),
    "a broken byte": (PAGE % b"\xff", "application/json", "Caf\ufffd"),
    "a control character": (PAGE % b"\x01", "application/json", "Caf\x01"),
    "a NUL": (PAGE % rb"\u0000", "application/json", "Caf\x00"),
}


@pytest.mark.parametrize(("body", "kind", "name"), TEXTS.values(), ids=TEXTS)
def test_odd_characters_cost_themselves_alone(
    body: bytes, kind: str, name: str, run: Runner, demo: DemoServer
) -> None:
    reply = Reply(body=body, headers={"Content-Type": kind})
    demo.fail(reply, path=PARTIES, times=2)
    [record] = run("parties", company_ids=[demo.account.companies[0]["PartyID"]]).records["parties"]
    assert record["Name"] == name


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1" * 5000, "1e9999999999999999999"])
def test_what_is_no_number_is_null(number: str, run: Runner, demo: DemoServer) -> None:
    """Where nobody knows that it should be one, it is the text that came."""
    values = f'"DefaultReductionPercentage": {number}, "Discount": {number}'
    row = f'{{"PartyID": 1, "LastModified": "2026-01-01T00:00:00", {values}}}'
    demo.fail(Reply(body=f'{{"Items": [{row}]}}'.encode()), path=PARTIES, times=2)
    [record] = run("parties", company_ids=[demo.account.companies[0]["PartyID"]]).records["parties"]
    assert msgspec.json.encode(record)
    assert record["DefaultReductionPercentage"] is None
    assert record["Other"] == {"Discount": number}
