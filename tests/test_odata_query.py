"""Query text, in the dialect of Billit's documentation."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from tap_billit.api import odata

if TYPE_CHECKING:
    from tap_billit.api.odata import Value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Income", "'Income'"),
        ("Café d'été", "'Café d''été'"),
        ("''", "''''''"),
        (True, "true"),
        (False, "false"),
        (1_000_121, "1000121"),
        (datetime(2026, 3, 1), "DateTime'2026-03-01T00:00:00'"),
        (datetime(2026, 3, 1, 9, 30, 59, 999_999), "DateTime'2026-03-01T09:30:59'"),
    ],
)
def test_literals_are_written_as_billit_reads_them(value: Value, text: str) -> None:
    assert odata.literal(value) == text


def test_alternatives_keep_together_between_conditions() -> None:
    unpaid = odata.any_of(odata.ge("OrderID", 7), odata.eq("Paid", False))  # noqa: FBT003
    assert odata.all_of(odata.eq("OrderType", "Invoice"), unpaid) == (
        "OrderType eq 'Invoice' and (OrderID ge 7 or Paid eq false)"
    )


def test_a_single_alternative_needs_no_parentheses() -> None:
    assert odata.all_of(odata.any_of(odata.ge("OrderID", 7))) == "OrderID ge 7"
