"""Money by week: what moved, and what is expected to."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from tests.transform.oracle.contacts import Contacts
from tests.transform.oracle.payments import ZERO, side_of
from tests.transform.records import day, money, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.transform.oracle.orders import Row
    from tests.transform.records import Record


class Cash(Contacts):
    """How much comes in and goes out."""

    def cash_flow(self) -> Iterable[Row]:
        weeks: dict[tuple[Any, ...], list[Decimal | None]] = defaultdict(list)
        for company, kind, source, at, amount in self._moves():
            weeks[at - timedelta(at.weekday()), company, kind, source].append(amount)
        for (week, company, kind, source), amounts in weeks.items():
            known = [amount for amount in amounts if amount is not None]
            yield {
                "week_start": week,
                "company_id": company,
                **self.companies[company],
                "kind": kind,
                "source": source,
                "moves": len(amounts),
                "money_in": sum((each for each in known if each > 0), ZERO),
                "money_out": -sum((each for each in known if each < 0), ZERO),
                "net": sum(known, ZERO),
                "unconverted": len(amounts) - len(known),
            }

    def _moves(self) -> Iterator[tuple[int, str, str, date, Decimal | None]]:
        for record in self.transactions:
            at = day(record.get("ValueDate"))
            if at and at <= self.as_of:
                yield record["CompanyID"], "actual", "bank", at, self._booked(record, at)
        for payment in self.payments:
            total = self.invoices[payment["invoice_id"]]["total"]
            settles = (payment["amount"] > 0) == (total > 0) and total
            moved = payment["kind"] == "declared" and payment["payment_date"] <= self.as_of
            if moved and settles:
                amount = _flow(payment, payment["company_amount"])
                yield payment["company_id"], "actual", "declared", payment["payment_date"], amount
        for item in self.open_items:
            contact = self.contacts.get((item["company_id"], item["partner_id"]), {})
            late = contact.get("average_days_late") or ZERO
            days = max(0, min(365, int(late.quantize(Decimal(1), ROUND_HALF_UP))))
            days = min(days, (date.max - item["due_date"]).days)
            at = max(self.as_of, item["due_date"] + timedelta(days))
            kind = "doubtful" if item["days_overdue"] > 90 else "expected"
            amount = _flow(item, item["company_open_amount"])
            yield item["company_id"], kind, "open_items", at, amount

    def _booked(self, record: Record, at: date) -> Decimal | None:
        """A transaction in the company's currency, by the last rate that an invoice names."""
        company = record["CompanyID"]
        currency = self.companies[company]["company_currency"]
        if (text(record.get("Currency")) or currency) == currency:
            return money(record.get("TotalAmount"))
        rates: dict[date, Decimal] = {}
        for each in self.invoices.values():
            mine = each["company_id"] == company and each["currency"] == record["Currency"]
            if mine and (each["exchange_rate"] or 0) > 0:
                on = each["invoice_date"]
                rates[on] = max(rates.get(on, ZERO), each["exchange_rate"])
        if not rates:
            return None
        before = [on for on in rates if on <= at]
        rate = rates[max(before) if before else min(rates)]
        invoice = {"currency": "", "company_currency": currency, "exchange_rate": rate}
        return self.converted(money(record.get("TotalAmount")), invoice)


def _flow(row: Row, amount: Decimal | None) -> Decimal | None:
    if amount is None or side_of(row) == "receivable":
        return amount
    return -amount
