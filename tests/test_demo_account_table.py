"""The table of what is in the demo's account says what is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_billit import demo
from tap_billit.demo.lifecycle import REFERENCE as MOMENT
from tap_billit.demo.lifecycle import Lifecycles
from tests.kit.demo_account import Holdings, whole_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

DOLLARS = "USD"


def kind(direction: str, order_type: str) -> Callable[[Holdings], int]:
    wanted = {"OrderDirection": direction, "OrderType": order_type}
    return lambda held: count(held.rows.values(), **wanted)


def count(rows: Iterable[Mapping[str, Any]], **wanted: object) -> int:
    return sum(wanted.items() <= {key: row.get(key) for key in wanted}.items() for row in rows)


def lines(held: Holdings, **wanted: object) -> int:
    every = (line for details in held.details.values() for line in details["OrderLines"])
    return count(every, **wanted)


def reduced(held: Holdings) -> int:
    every = (line for details in held.details.values() for line in details["OrderLines"])
    return sum("ReductionPercentage" in line for line in every)


def linked(held: Holdings) -> int:
    every = (line for details in held.details.values() for line in details["OrderLines"])
    return sum("LinkedOrderLineID" in line for line in every) // 2


def converted(held: Holdings) -> int:
    """Of those that are not deleted, from the lifecycles: a row does not show what it was."""
    lives = Lifecycles(seed=1, companies=len(held.companies), orders=len(held.rows))
    found = 0
    for number in range(-2 * len(held.rows), 2 * len(held.rows)):
        created = lives.created(number) or MOMENT
        if created < MOMENT:
            past = [
                each.kind for each in lives.lifecycle(number, created).events if each.at <= MOMENT
            ]
            found += "converted" in past and "deleted" not in past
    return found


def assigned(held: Holdings, *, several: bool) -> int:
    counts = (len(each["AssignedEntities"]) for each in held.transactions)
    return sum(each > 1 if several else not each for each in counts)


def waiting(held: Holdings) -> int:
    return sum(
        not each["AssignedEntities"] and each["FreeMessage"].startswith("+++")
        for each in held.transactions
    )


ROWS: dict[str, Callable[[Holdings], int]] = {
    "sales invoices": kind("Income", "Invoice"),
    "sales credit notes": kind("Income", "CreditNote"),
    "supplier invoices": kind("Cost", "Invoice"),
    "supplier credit notes": kind("Cost", "CreditNote"),
    "offers": kind("Income", "Offer"),
    "order forms": kind("Income", "OrderForm"),
    "delivery notes": kind("Income", "DeliveryNote"),
    "of another kind than at first": converted,
    "self-billing": lambda held: count(held.rows.values(), OrderSubType="SelfBilling"),
    "refused": lambda held: count(held.rows.values(), OrderStatus="Refused"),
    "cancelled": lambda held: count(held.rows.values(), OrderStatus="Canceled"),
    "credited": lambda held: count(held.rows.values(), OrderStatus="Credited"),
    "without a due date": lambda held: sum("ExpiryDate" not in e for e in held.rows.values()),
    "lines with a reduction": reduced,
    "allowances": lambda held: lines(held, AllowanceChargeIndicator=False),
    "of them on one line": linked,
    "charges": lambda held: lines(held, AllowanceChargeIndicator=True),
    "in another currency": lambda held: sum(e["FXRateToForeign"] != 1 for e in held.rows.values()),
    "of the company in dollars": lambda held: sum(
        held.companies[row["CompanyID"]]["DefaultCurrencyTC"] == DOLLARS
        for row in held.rows.values()
    ),
    "part paid": lambda held: sum(0 < e["ToPay"] < e["TotalIncl"] for e in held.rows.values()),
    "paid in cash": lambda held: count(held.rows.values(), PaymentMethod="Contant"),
    "set off": lambda held: count(held.rows.values(), PaymentMethod="Other"),
    "paid without a date": lambda held: count(held.rows.values(), Paid=True, PaidDate=None),
    "bank transactions": lambda held: len(held.transactions),
    "of them for several orders": lambda held: assigned(held, several=True),
    "of them for none": lambda held: assigned(held, several=False),
    "of them not yet matched": waiting,
}


def test_the_table_says_what_is_there() -> None:
    table = dict(re.findall(r"^(\S.*?) {2,}(\d+) ", demo.__doc__ or "", re.MULTILINE))
    held = whole_account()
    assert {name: int(number) for name, number in table.items()} == {
        name: counted(held) for name, counted in ROWS.items()
    }
