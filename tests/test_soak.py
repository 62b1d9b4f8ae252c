"""The soak's comparison of tables and account: it must be able to fail."""

from __future__ import annotations

import json
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from scripts.soak_compare import differences
from tap_billit.demo import DemoServer
from tests.kit.demo import account
from tests.kit.run import sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_billit.demo import Account

ROWS, DETAILS = "sales_invoices", "sales_invoice_details"
Tables = dict[str, list[dict[str, Any]]]


def loaded(server: DemoServer) -> Tables:
    """What DuckDB holds after a sync: lower case, doubles, nested values as JSON."""
    run = sync(server)
    streams = {each["stream"] for each in run.messages if each["type"] == "SCHEMA"}
    return {
        stream: [
            {name.lower(): _stored(value) for name, value in row.items()}
            for row in run.records[stream]
        ]
        for stream in streams
    }


def _stored(value: Any) -> Any:
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=float)
    return float(value) if isinstance(value, Decimal) else value


def one_lost(tables: Tables) -> None:
    tables[ROWS].pop(3)


def one_stale(tables: Tables) -> None:
    tables[DETAILS][3]["totalincl"] += 0.01


def one_stale_inside(tables: Tables) -> None:
    row = tables[DETAILS][3]
    lines = json.loads(row["orderlines"])
    row["orderlines"] = json.dumps([*lines[:-1], lines[-1] | {"Quantity": -1}])


def one_made_up(tables: Tables) -> None:
    tables[ROWS].append(tables[ROWS][0] | {"orderid": 1})


def one_twice(tables: Tables) -> None:
    tables[ROWS].append(tables[ROWS][0])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (one_lost, "is lost"),
        (one_stale, "is stale: {'totalincl'"),
        (one_stale_inside, "is stale: {'orderlines'"),
        (one_made_up, "1 is neither in Billit nor deleted there"),
        (one_twice, "rows of"),
    ],
)
def test_the_comparison_bites(damage: Callable[[Tables], None], says: str) -> None:
    billit: Account = account()
    with DemoServer(billit) as server:
        tables = loaded(server)
    store: Any = SimpleNamespace(rows=tables.__getitem__)
    assert list(differences(billit, store)) == []
    damage(tables)
    [difference] = differences(billit, store)
    assert says in difference
