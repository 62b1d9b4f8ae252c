"""Invoices and credit notes, signed and in both currencies."""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.transform.oracle.orders import Order, Orders, Row
from tests.transform.records import (
    CENT,
    NEVER,
    Copy,
    Record,
    day,
    moment,
    money,
    number,
    text,
    truth,
)

if TYPE_CHECKING:
    from decimal import Decimal

SEEDS = Path(__file__).parents[3] / "transform" / "seeds"
APPROVALS = {"Pending": "pending", "ToApproveByMe": "pending"}
TYPE_CODES = {(False, 1): "380", (False, -1): "381", (True, 1): "389", (True, -1): "261"}


def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


STATUSES = {each["billit_status"]: each["status"] for each in seed("billit_order_statuses")}


class Invoices(Orders):
    """What was invoiced."""

    def converted(self, amount: Decimal | None, invoice: Row) -> Decimal | None:
        """An amount of an invoice in its company's currency."""
        rate = invoice["exchange_rate"]
        if amount is None or invoice["currency"] == invoice["company_currency"]:
            return amount
        if rate is None or rate <= 0:
            return None
        return money(amount * rate if self.multiply else amount / rate)

    def untaxed(self, total: Decimal | None, tax: Decimal | None, part: Row) -> Decimal | None:
        """What is left of these without the tax; else the part's own amount, converted."""
        left = less(total, tax)
        return self.converted(part["untaxed_amount"], part) if left is None else left

    @cached_property
    def parties(self) -> dict[tuple[int, str], Copy]:
        return {
            (copy.record["CompanyID"], str(copy.record["PartyID"])): copy
            for copy in self.tables.copies("parties")
        }

    @cached_property
    def invoices(self) -> dict[int, Row]:
        invoices = {
            number: self._invoice(number, order)
            for number, order in self.orders.items()
            if order.is_invoice
        }
        numbers: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        for invoice in invoices.values():
            if invoice["sign"] == 1:
                key = _by_number(invoice, invoice["invoice_number"])
                numbers[key].append(invoice["invoice_id"])
        for invoice in invoices.values():
            credited = numbers.get(_by_number(invoice, invoice["credited_invoice_number"]), [])
            unique = (
                invoice["sign"] == -1
                and len(credited) == 1
                and None not in _by_number(invoice, invoice["credited_invoice_number"])
            )
            invoice["credited_invoice_id"] = credited[0] if unique else None
        return invoices

    def _invoice(self, number_: int, order: Order) -> Row:
        now, state = order.now, order.state
        company = self.companies[now["CompanyID"]]
        sign = -1 if now["OrderType"] == "CreditNote" else 1
        cost = now.get("OrderDirection") == "Cost"
        paid = bool(state.get("Paid"))
        status = STATUSES.get(state.get("OrderStatus") or "", "posted")
        total = times(sign, money(state.get("TotalIncl")))
        tax = times(sign, money(state.get("TotalVAT")))
        open_ = state.get("ToPay")
        if open_ is None:
            open_ = 0 if paid else state.get("TotalIncl")
        outstanding = times(sign, money(open_))
        dates = (day(state.get(name)) for name in ("OrderDate", "Created", "LastModified"))
        invoice_date = next(filter(None, dates), order.seen.date())
        partner = order.partner
        party = self.parties.get((now["CompanyID"], text(partner.get("PartyID")) or ""))
        accounts = (
            order.account,
            _account(party.record) if party else (None, None),
            (text(partner.get("IBAN")), text(partner.get("BIC"))),
        )
        iban, bic = next((each for each in accounts if each[0]), accounts[2])
        invoice: Row = {
            "invoice_id": number_,
            "company_id": now["CompanyID"],
            **company,
            "invoice_type": ("supplier_" if cost else "customer_")
            + ("refund" if sign < 0 else "invoice"),
            "type_code": TYPE_CODES[state.get("OrderSubType") == "SelfBilling", sign],
            "sign": sign,
            "invoice_number": text(state.get("OrderNumber")),
            "invoice_date": invoice_date,
            "due_date": day(state.get("ExpiryDate")) or invoice_date,
            "delivery_date": day(state.get("DeliveryDate")),
            "status": "paid" if status == "posted" and paid else status,
            "billit_status": text(state.get("OrderStatus")),
            "approval_status": APPROVALS.get(
                state.get("ApprovalStatus") or "",
                (state.get("ApprovalStatus") or "").lower() or None,
            ),
            "is_posted": status not in {"draft", "cancelled"},
            "is_paid": paid,
            "is_sent": state.get("IsSent"),
            "partner_id": text(partner.get("PartyID")),
            "partner_name": text(partner.get("Name")),
            "partner_vat": text(partner.get("VATNumber")),
            "partner_country": text(partner.get("CountryCode")),
            "currency": text(state.get("Currency")) or company["company_currency"],
            "exchange_rate": number(state.get("FXRateToForeign")),
            "untaxed_amount": times(sign, money(state.get("TotalExcl"))),
            "tax_amount": tax,
            "total": total,
            "paid_amount": less(total, outstanding),
            "outstanding_amount": outstanding,
            "paid_date": day(state.get("PaidDate")),
            "payment_method": text(state.get("PaymentMethod")),
            "payment_communication": text(state.get("PaymentReference")),
            "iban": iban,
            "bic": bic,
            "reference": order.either("Reference"),
            "credited_invoice_number": order.either("AboutInvoiceNumber"),
            "title": order.either("OrderTitle"),
            "reminders_sent": state.get("RemindersSent"),
            "last_reminder_at": moment(state.get("LastReminder")),
            "is_delivered": truth(
                _first(order, "CurrentDocumentDeliveryDetails", "IsDocumentDelivered")
            ),
            "pdf_file_id": _first(order, "OrderPDF", "FileID"),
            "has_details": order.details is not None,
            "details_are_current": order.details is not None
            and (moment(order.detail("LastModified")) or NEVER)
            >= (moment(state.get("LastModified")) or NEVER),
            "created_at": moment(state.get("Created")),
            "last_modified_at": moment(state.get("LastModified")),
            "extracted_at": order.seen,
        }
        contracts = order.detail("ContractDocumentReference") or [{}]
        invoice |= {
            "tax_point_date": day(order.detail("TaxPointDate")),
            "period_from": day(order.detail("PeriodFrom")),
            "period_till": day(order.detail("PeriodTill")),
            "payment_terms": text(order.detail("PaymentTerms")),
            "payment_discount_percentage": number(order.detail("PaymentDiscountPercentage")),
            "payment_discount_amount": money(order.detail("PaymentDiscountAmount")),
            "payment_discount_date": day(order.detail("PaymentDiscountDate")),
            "project": text(order.detail("ProjectName")),
            "contract": text(contracts[0].get("ID")),
            "note": text(order.detail("Comments")),
            "account_code": text(order.detail("AccountCode")),
            "cost_center": text(order.detail("AnalyticCostCenter")),
            "cost_bearer": text(order.detail("AnalyticCostBearer")),
            "ventilation_code": text(order.detail("VentilationCode")),
        }
        company_total = self.converted(total, invoice)
        company_tax = self.converted(tax, invoice)
        return invoice | {
            "company_total": company_total,
            "company_tax_amount": company_tax,
            "company_untaxed_amount": self.untaxed(company_total, company_tax, invoice),
            "company_outstanding_amount": self.converted(outstanding, invoice),
        }


def _by_number(invoice: Row, number_: str | None) -> tuple[Any, ...]:
    direction = invoice["invoice_type"].split("_")[0]
    return invoice["company_id"], invoice["partner_id"], direction, number_


def _account(party: Record) -> tuple[str | None, str | None]:
    first = (party.get("BankAccounts") or [{}])[0]
    source = party if text(party.get("IBAN")) else first
    return text(source.get("IBAN")), text(source.get("BIC"))


def _first(order: Order, object_: str, name: str) -> Any:
    state, details = order.state.get(object_) or {}, order.detail(object_) or {}
    value = state.get(name)
    return value if value not in {None, ""} else details.get(name)


def times(sign: int, amount: Decimal | None) -> Decimal | None:
    return None if amount is None else (sign * amount).quantize(CENT)


def less(amount: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if amount is None or other is None else amount - other
