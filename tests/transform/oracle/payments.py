"""Payments, and what is open on a day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests.transform.oracle.parts import Parts
from tests.transform.records import day, money, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.transform.oracle.orders import Order, Row
    from tests.transform.records import Record

ZERO = Decimal("0.00")
OPEN_ITEM = (
    "invoice_id",
    "company_id",
    "company_name",
    "invoice_type",
    "invoice_number",
    "invoice_date",
    "due_date",
    "approval_status",
    "partner_id",
    "partner_name",
    "partner_vat",
    "total",
    "currency",
    "company_currency",
    "iban",
    "bic",
    "payment_communication",
    "payment_method",
    "payment_discount_percentage",
    "payment_discount_date",
    "reminders_sent",
    "last_reminder_at",
)
PAYMENT = (
    "company_id",
    "company_name",
    "invoice_id",
    "invoice_type",
    "partner_id",
    "partner_name",
    "currency",
    "company_currency",
)


class Payments(Parts):
    """What was paid, and when."""

    @cached_property
    def transactions(self) -> list[Record]:
        return [copy.record for copy in self.tables.copies("financial_transactions")]

    @cached_property
    def payments(self) -> list[Row]:
        payments = [each for record in self.transactions for each in self._banked(record)]
        banked: dict[int, Decimal] = defaultdict(Decimal)
        for payment in payments:
            banked[payment["invoice_id"]] += payment["amount"]
        for invoice in self.invoices.values():
            paid = invoice["paid_amount"]
            if invoice["is_posted"] and paid not in {None, banked[invoice["invoice_id"]]}:
                rest = paid - banked[invoice["invoice_id"]]
                payments.append(self._otherwise(invoice, rest))
        for payment in payments:
            invoice = self.invoices[payment["invoice_id"]]
            payment |= {name: invoice[name] for name in PAYMENT}
            payment["company_amount"] = self.converted(payment["amount"], invoice)
        return payments

    def _banked(self, record: Record) -> Iterator[Row]:
        parts = []
        for place, entity in enumerate(record.get("AssignedEntities") or [], 1):
            order = self.orders.get(entity.get("EntityID"))
            is_order = entity.get("EntityType") == "Order"
            if is_order and order and order.now["CompanyID"] == record["CompanyID"]:
                parts.append((place, entity, order))
        transaction = record["BankAccountTransactionID"]
        total = money(record.get("TotalAmount")) or ZERO
        # all of them are against the money: it gives back what was paid
        back = bool(total) and not any(_inwards(order) == (total > 0) for _, _, order in parts)
        for place, entity, order in parts:
            if not order.is_invoice:
                continue
            invoice = self.invoices[entity["EntityID"]]
            amount = invoice["sign"] * abs(money(entity.get("AssignedAmount")) or ZERO)
            yield {
                "payment_id": f"bank-{invoice['company_id']}-{transaction}-{place}",
                "kind": "bank",
                "invoice_id": invoice["invoice_id"],
                "transaction_id": transaction,
                "payment_date": day(record.get("ValueDate")) or invoice["invoice_date"],
                "amount": -amount if back else amount,
                "transaction_amount": money(record.get("TotalAmount")),
                "transaction_currency": text(record.get("Currency")),
            }

    def _otherwise(self, invoice: Row, rest: Decimal) -> Row:
        changed = invoice["last_modified_at"]
        credited = self.invoices.get(invoice["credited_invoice_id"], {})
        set_off = "Credited" in {invoice["billit_status"], credited.get("billit_status")}
        return {
            "payment_id": f"order-{invoice['invoice_id']}",
            "kind": "credit_note" if set_off else "declared",
            "invoice_id": invoice["invoice_id"],
            "transaction_id": None,
            "payment_date": invoice["paid_date"]
            or (changed.date() if changed else invoice["invoice_date"]),
            "amount": rest,
            "transaction_amount": None,
            "transaction_currency": None,
        }

    @cached_property
    def _by_invoice(self) -> dict[int, list[Row]]:
        payments = defaultdict(list)
        for payment in self.payments:
            payments[payment["invoice_id"]].append(payment)
        return payments

    def open_on(self, as_of: date) -> Iterator[tuple[Row, Decimal]]:
        """What is open on a day: the total less what was paid up to it."""
        for invoice in self.invoices.values():
            counts = invoice["is_posted"] and None not in {
                invoice["total"],
                invoice["invoice_date"],
            }
            if counts and invoice["invoice_date"] <= as_of:
                mine = self._by_invoice[invoice["invoice_id"]]
                paid = sum(each["amount"] for each in mine if each["payment_date"] <= as_of)
                if left := invoice["total"] - paid:
                    yield invoice, left

    @cached_property
    def open_items(self) -> list[Row]:
        return [
            {
                **{name: invoice[name] for name in OPEN_ITEM},
                "as_of": self.as_of,
                "side": side_of(invoice),
                "days_overdue": (self.as_of - invoice["due_date"]).days,
                "bucket": _bucket((self.as_of - invoice["due_date"]).days),
                "open_amount": amount,
                "company_open_amount": self.converted(amount, invoice),
            }
            for invoice, amount in self.open_on(self.as_of)
        ]

    def ageing_monthly(self) -> Iterable[Row]:
        groups: dict[tuple[Any, ...], list[Decimal | None]] = defaultdict(list)
        for end in _month_ends(self.as_of):
            for invoice, amount in self.open_on(end):
                days = (end - invoice["due_date"]).days
                key = (end, invoice["company_id"], side_of(invoice), _bucket(days))
                groups[key].append(self.converted(amount, invoice))
        for (end, company, side, bucket), amounts in groups.items():
            known = [amount for amount in amounts if amount is not None]
            yield {
                "as_of": end,
                "company_id": company,
                **self.companies[company],
                "side": side,
                "bucket": bucket,
                "invoices": len(amounts),
                "company_open_amount": sum(known) if known else None,
            }


def _inwards(order: Order) -> bool:
    """Whether money comes in when the order is settled."""
    kind = order.now.get("OrderDirection") == "Cost", order.now.get("OrderType") == "CreditNote"
    return kind in {(False, False), (True, True)}


def side_of(invoice: Row) -> str:
    return "receivable" if invoice["invoice_type"].startswith("customer") else "payable"


def _bucket(days: int) -> str:
    if days <= 0:
        return "not due"
    limits = {30: "1-30", 60: "31-60", 90: "61-90"}
    return next((name for limit, name in limits.items() if days <= limit), "over 90")


def _month_ends(as_of: date) -> Iterator[date]:
    end = as_of + timedelta(1)
    for _ in range(24):
        end = end.replace(day=1) - timedelta(1)
        yield end
