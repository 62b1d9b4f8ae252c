"""The row of an order: what a list of orders shows of it."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from tap_billit.demo.content import fx_rate
from tap_billit.demo.identifiers import payment_reference
from tap_billit.demo.order import INVOICES
from tap_billit.demo.seeded_random import decimal
from tap_billit.demo.settlement import WIRED
from tap_billit.demo.timestamps import local_date, midnight, written

if TYPE_CHECKING:
    from tap_billit.demo.content import Content
    from tap_billit.demo.order import Order

Json = dict[str, Any]

VOID = frozenset({"Refused", "Canceled"})
"""The OrderStatuses of orders that nobody will pay."""

_PREFIXES = {"Offer": "OF", "OrderForm": "BB", "DeliveryNote": "LB", "CreditNote": "CN"}
_SETTLED = ("paid", "credited", "set off")


def facts(order: Order, content: Content, *, home: str) -> Json:
    """What row and details have in common; `home` is the company's currency."""
    lifecycle, pays = order.lifecycle, order.kind in INVOICES
    return {
        "OrderNumber": order_number(order, content.party) if order.issued else None,
        "OrderDate": midnight(content.order_date),
        "ExpiryDate": midnight(content.expiry) if content.expiry else None,
        "OrderType": order.kind,
        "OrderSubType": lifecycle.sub_type,
        "LastModified": order.last_modified,
        "Created": written(lifecycle.created),
        "OrderDirection": order.direction,
        "TotalExcl": decimal(content.excl),
        "TotalIncl": decimal(content.excl + content.tax),
        "TotalVAT": decimal(content.tax),
        "PaymentReference": payment_reference(order.order_id) if pays and order.issued else None,
        **(_payment(order) if pays else {"Paid": False}),
        "ExternalProvider": "APIFeed" if order.outgoing else "Peppol",
        "Currency": content.currency,
        "IsSent": order.when("sent") is not None,
        "Invoiced": order.when("invoiced") is not None,
        "RemindersSent": sum(event.kind == "reminded" for event in order.past),
        "ToPay": None,
        "OrderStatus": next(event.status for event in reversed(order.past) if event.status),
        "ApprovalStatus": _approval(order),
        "Overdue": False,
        "DaysOverdue": 0,
        "FXRateToForeign": decimal(fx_rate(content.currency, home=home), 5),
        "DeliveryDate": midnight(content.order_date),
    }


def balance(row: Json, order: Order) -> None:
    """Bring Paid, ToPay and the status in line with what was paid and set by hand."""
    total, pays = row["TotalIncl"], row["OrderType"] in INVOICES
    paid = sum((amount for _, amount in order.payments), Decimal(0))
    if order.when("part-paid"):
        paid += share(total, order.lifecycle.part)
    if pays and order.payments and paid >= total and "Paid" not in order.set:
        row["Paid"], row["PaymentMethod"] = True, WIRED
        row["PaidDate"] = midnight(local_date(order.payments[-1][0]))
    if "OrderStatus" not in order.set:
        if row["Paid"] and row["OrderStatus"] != "Credited":
            row["OrderStatus"] = "Paid"
        elif not row["Paid"] and row["OrderStatus"] in {"Paid", "Credited"}:
            row["OrderStatus"] = "ToPay"
    owed = pays and not row["Paid"] and row["OrderStatus"] not in VOID
    row["ToPay"] = order.set.get("ToPay", total - paid if owed else total * 0)
    if not row["Paid"]:
        row["PaidDate"] = row["PaymentMethod"] = None


def due_date(row: Json) -> date | None:
    """The ExpiryDate as a day; None without one."""
    expiry = row.get("ExpiryDate")
    return date.fromisoformat(expiry[:10]) if expiry else None


def share(total: Decimal, percentage: int) -> Decimal:
    """That part of the total, in cents."""
    return (total * percentage / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)


def order_number(order: Order, party: int) -> str:
    """The OrderNumber, in the sequence of who wrote the order."""
    year = local_date(order.lifecycle.created).year
    number = order.lifecycle.number
    if not order.outgoing:
        return _their_number(party, year, number)
    if number < 0:
        return f"W{year}/{-number:05}"
    prefix = _PREFIXES.get(order.kind, "F") if order.sold else "SB"
    return f"{prefix}{year}/{number:05}"


def credited_number(order: Order, party: int) -> str:
    """The OrderNumber of the invoice that a credit note is about."""
    year, root = local_date(order.lifecycle.begun).year, order.lifecycle.root
    return f"F{year}/{root:05}" if order.outgoing else _their_number(party, year, root)


def _their_number(party: int, year: int, number: int) -> str:
    return f"{party:03}-{year}{number:05}"


def _payment(order: Order) -> Json:
    """Paid, PaidDate and PaymentMethod as the lifecycle has them."""
    paid = next((event for event in order.past if event.kind in _SETTLED), None)
    if paid is None:
        return {"Paid": False}
    settlement = order.lifecycle.settlement
    by_money = paid.kind == "paid"
    dated = settlement.dated if by_money else paid.at
    usual = _usual_method(order) if dated == paid.at else None
    return {
        "Paid": True,
        "PaidDate": midnight(local_date(dated)) if dated else None,
        "PaymentMethod": (settlement.method or usual) if by_money else "Other",
    }


def _usual_method(order: Order) -> str:
    methods = (WIRED, WIRED, WIRED, "Bancontact", "Domiciliation", "Online")
    return methods[order.order_id // 3 % len(methods)]


def _approval(order: Order) -> str | None:
    if order.lifecycle.events[0].status != "ApprovalNeeded":
        return None
    if order.when("refused"):
        return "Rejected"
    return "Approved" if order.when("approved") else "Pending"
