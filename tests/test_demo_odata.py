"""The demo's OData: what Billit documents, and refusals of the rest."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tap_billit.demo.api import DOCUMENT, ORDER
from tap_billit.demo.lazy_rows import LazyRows
from tap_billit.demo.odata import Page, Query
from tap_billit.demo.odata_filter import ODataError

ROWS: list[dict[str, Any]] = [
    {
        "OrderID": 10,
        "OrderNumber": "L'Épi (1)",
        "Paid": False,
        "TotalIncl": Decimal("12.50"),
        "LastModified": "2026-03-01T10:00:00.25",
        "CounterParty": {"PartyID": 7},
    },
    {
        "OrderID": 11,
        "OrderNumber": "B",
        "Paid": True,
        "PaidDate": "2026-03-02T00:00:00",
        "TotalIncl": Decimal("100.00"),
        "LastModified": "2026-03-02T10:00:00",
        "CounterParty": {"PartyID": 8},
    },
    {
        "OrderID": 14,
        "Paid": True,
        "PaidDate": "2026-03-01T00:00:00",
        "TotalIncl": Decimal("0.00"),
        "LastModified": "2026-03-01T10:00:00.5",
        "CounterParty": {"PartyID": 7},
    },
]


def page(rows: Any = ROWS, page_size: int = 120, **options: Any) -> Page:
    query = {f"${name}": str(value) for name, value in options.items()}
    return Query(query, entity=ORDER, page_size=page_size).page(rows)


def ids(**options: Any) -> list[int]:
    return [row["OrderID"] for row in page(**options).items]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OrderID eq 11", [11]),
        ("OrderID ge 11", [11, 14]),
        ("OrderID gt 11", [14]),
        ("OrderID ne 11", [10, 14]),
        ("OrderID lt 14 and OrderID gt 10", [11]),
        ("14 le OrderID", [14]),
        ("TotalIncl le 12.5", [10, 14]),
        ("TotalIncl eq 12.50m", [10]),
        ("Paid eq true", [11, 14]),
        ("Paid", [11, 14]),
        ("not Paid", [10]),
        ("not (Paid eq true and OrderID eq 11)", [10, 14]),
        ("Paid eq false or OrderID eq 14 and TotalIncl eq 0", [10, 14]),
        ("(Paid eq false or OrderID eq 11) and TotalIncl gt 50", [11]),
        ("OrderNumber eq 'L''Épi (1)'", [10]),
        ("OrderNumber eq null", [14]),
        ("OrderNumber ne null", [10, 11]),
        ("OrderNumber ne 'B'", [10]),
        ("OrderNumber gt null", []),
        ("PaidDate ge DateTime'2026-03-02'", [11]),
        ("LastModified ge datetime'2026-03-01T10:00:00.5'", [11, 14]),
        ("LastModified ge DateTime'2026-03-01T10:00:00.250000'", [10, 11, 14]),
        ("LastModified lt DateTime'2026-03-01T10:00'", []),
        ("CounterParty/PartyID eq 7", [10, 14]),
    ],
)
def test_filter(text: str, expected: list[int]) -> None:
    assert ids(filter=text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("VATNumber eq 'x'", "Could not find a property named 'VATNumber' on type 'Domain.Order"),
        ("CounterParty/VATNumber eq 'x'", "Could not find a property named 'CounterParty/VAT"),
        ("ToPay gt 0", "Could not find a property named 'ToPay'"),
        ("substringof('x', OrderNumber)", "unknown function"),
        ("OrderID eq '11'", "incompatible types"),
        ("LastModified ge '2026-01-01'", "incompatible types"),
        ("LastModified ge DateTime'2026-13-01'", "Unrecognized"),
        ("LastModified ge DateTime'2026-01-01T10:00:00Z'", "Unrecognized"),
        ("OrderID", "Syntax error"),
        ("OrderID eq 1 and", "Syntax error"),
        ("(OrderID eq 1", "Syntax error"),
        ("OrderID eq 1 OrderID", "Syntax error"),
        ("OrderID == 1", "Syntax error"),
        ("OrderID and Paid", "Syntax error"),
        ("", "Syntax error"),
    ],
)
def test_refused_filters(text: str, message: str) -> None:
    with pytest.raises(ODataError, match=message):
        page(filter=text)


def test_orderby() -> None:
    assert ids(orderby="LastModified desc") == [11, 14, 10]
    assert ids(orderby="CounterParty/PartyID desc, OrderID desc") == [11, 14, 10]
    assert ids(orderby="PaidDate") == [10, 14, 11]
    assert ids(orderby="Paid asc,OrderID asc", top=2) == [10, 11]
    with pytest.raises(ODataError, match="ToPay"):
        page(orderby="ToPay")
    with pytest.raises(ODataError, match="Syntax error"):
        page(orderby="OrderID up")


def test_top_and_skip() -> None:
    assert ids(skip=1, top=1) == [11]
    assert page(skip=1, top=1).more
    assert not page(skip=1).more
    assert len(page(page_size=2, top=50).items) == 2
    assert page(page_size=2, inlinecount="allpages").total == 3
    assert page(page_size=2).total is None
    with pytest.raises(ODataError, match="-1"):
        page(skip=-1)


def test_options_nobody_documents_are_refused() -> None:
    for option in ("select", "expand", "format"):
        with pytest.raises(ODataError, match=f"'\\${option}' is not supported"):
            Query({f"${option}": "x"}, entity=ORDER, page_size=120)


def test_plain_parameters_are_ignored() -> None:
    query = Query({"OrderDirection": "Cost"}, entity=ORDER, page_size=120)
    assert len(query.page(ROWS).items) == 3


def test_an_entity_without_documented_properties_filters_by_none() -> None:
    with pytest.raises(ODataError, match="DocumentID"):
        Query({"$filter": "DocumentID ge 1"}, entity=DOCUMENT, page_size=120)


def test_a_keyset_page_reads_few_rows() -> None:
    read = []

    def make(order_id: int) -> dict[str, Any]:
        read.append(order_id)
        return {"OrderID": order_id, "Paid": True}

    rows = LazyRows(list(range(100_000)), make)
    found = page(
        rows, filter="(Paid eq true) and OrderID ge 90000 and OrderID ge 1", orderby="OrderID asc"
    )
    assert [row["OrderID"] for row in found.items] == list(range(90_000, 90_120))
    assert found.more
    assert len(read) < 160


def test_a_page_newest_key_first_reads_few_rows() -> None:
    read = []

    def make(order_id: int) -> dict[str, Any]:
        read.append(order_id)
        return {"OrderID": order_id}

    found = page(LazyRows([*range(100_000)], make), orderby="OrderID desc", skip="99960")
    assert [row["OrderID"] for row in found.items] == list(range(39, -1, -1))
    assert not found.more
    assert len(read) < 160
