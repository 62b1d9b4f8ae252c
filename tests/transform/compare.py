"""Rows of a mart as comparable values, wherever they come from."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml

from tests.transform.engines import TRANSFORM, contract, marts
from tests.transform.oracle import Books

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.transform.engines import Engine
    from tests.transform.records import Tables

_PROJECT = yaml.safe_load((TRANSFORM / "dbt_project.yml").read_text(encoding="utf-8"))
STREAMS = _PROJECT["vars"]["billit"]["billit_streams"]

KEYS = {
    "billit__ageing_monthly": ("as_of", "company_id", "side", "bucket"),
    "billit__cash_flow": ("week_start", "company_id", "kind", "source"),
    "billit__contacts": ("company_id", "contact_id"),
    "billit__coverage": ("company_id", "stream"),
    "billit__deleted_invoices": ("invoice_id",),
    "billit__invoice_lines": ("invoice_id", "line_number"),
    "billit__invoice_vat": ("invoice_id", "group_number"),
    "billit__invoices": ("invoice_id",),
    "billit__open_items": ("invoice_id",),
    "billit__payments": ("payment_id",),
}

VERSION = "version"
"""A column that says nothing but that it is another."""

Row = dict[str, Any]


def wrong(
    engine: Engine,
    tables: Tables,
    as_of: date,
    *,
    multiply: bool = False,
    streams: Iterable[str] = STREAMS,
) -> list[str]:
    """Where the marts are not what the records say, in words; each column of each row counts."""
    books = Books(tables, as_of, multiply=multiply)
    expected: dict[str, Iterable[Row]] = {
        "billit__ageing_monthly": books.ageing_monthly(),
        "billit__cash_flow": books.cash_flow(),
        "billit__contacts": books.contacts.values(),
        "billit__coverage": books.coverage(streams),
        "billit__deleted_invoices": books.deleted_invoices(),
        "billit__invoice_lines": books.invoice_lines(),
        "billit__invoice_vat": books.invoice_vat(),
        "billit__invoices": books.invoices.values(),
        "billit__open_items": books.open_items,
        "billit__payments": books.payments,
    }
    assert [*expected] == [*marts()], "a mart that the oracle does not know"
    return [
        said
        for mart, rows in expected.items()
        for said in differences(mart, engine.mart(mart), rows)
    ]


def by_key(mart: str, rows: Iterable[Row]) -> dict[tuple[Any, ...], Row]:
    """The rows of a mart by key, each value as its contract types it."""
    types = contract(mart)
    types.pop(VERSION, None)
    found: dict[tuple[Any, ...], Row] = {}
    for each in rows:
        row = {name: value for name, value in each.items() if name != VERSION}
        assert row.keys() == types.keys(), row.keys() ^ types.keys()
        typed = {name: _typed(row[name], types[name]) for name in types}
        key = tuple(typed[name] for name in KEYS[mart])
        assert key not in found, f"{mart}: {key} is there twice"
        found[key] = typed
    return found


def differences(mart: str, have: Iterable[Row], want: Iterable[Row]) -> list[str]:
    """Where rows are not what they should be, in words."""
    there, expected = by_key(mart, have), by_key(mart, want)
    said = [f"{mart}: {key} is missing" for key in expected.keys() - there.keys()]
    said += [f"{mart}: {key} should not be" for key in there.keys() - expected.keys()]
    for key in there.keys() & expected.keys():
        for name, value in expected[key].items():
            if there[key][name] != value:
                said.append(f"{mart} {key}: {name} is {there[key][name]!r}, should be {value!r}")
    return sorted(said)


def _typed(value: Any, type_: str) -> Any:
    if value is None:
        return None
    if type_.startswith("numeric"):
        return Decimal(str(value)).normalize() + 0
    if type_ in {"bigint", "integer"}:
        return int(value)
    if type_ == "date":
        return date.fromisoformat(str(value))
    if type_ == "timestamp":
        return value if isinstance(value, datetime) else datetime.fromisoformat(padded(value))
    return value


def padded(value: str) -> str:
    """A time of PostgreSQL's with all six decimals, as Python 3.10 wants them."""
    whole, _, fraction = value.partition(".")
    return f"{whole}.{fraction:0<6}"
