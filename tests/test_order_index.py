"""The index `orders`: every order of any kind, in six columns, as cheaply as can be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.kit.demo import ORDERS
from tests.kit.expected import ROWS, companies_of

if TYPE_CHECKING:
    from tap_billit.demo.account import Account
    from tests.kit.demo import Clock
    from tests.kit.run import Runner


def test_it_has_its_columns_alone_and_calls_no_other_property_odd(run: Runner) -> None:
    run.demo.dialect = replace(run.demo.dialect, rows="more")
    index = run("orders")
    columns = {"OrderID", "CompanyID", "OrderDirection", "OrderType", "OrderStatus", "LastModified"}
    assert all(row.keys() == columns for row in index.records["orders"])
    assert "otherwise than the schema" not in index.said


def test_it_asks_for_all_kinds_at_once_and_for_nothing_where_nothing_changed(
    run: Runner, account: Account, clock: Clock
) -> None:
    company = companies_of(account)[0]
    clock.forward(hours=1)
    first = run("orders", *ROWS, refresh_unpaid=False)
    assert {"$orderby": "OrderID asc"} in first.queries(company=company)
    idle = run("orders", *ROWS, state=first.state, refresh_unpaid=False)
    assert len(idle.queries(ORDERS, company)) == 1
    offer = account.create(company, OrderType="Offer")
    clock.forward(minutes=10)
    changed = run("orders", state=idle.state)
    assert [row["OrderID"] for row in changed.records["orders"]] == [offer]
    assert len(changed.queries(company=company)) == 2
