"""The oracle's second half: payments, what is open on a day, contacts, and cash by week."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests.transform.oracle import Books, Row, filled
from tests.transform.records import day, moment, money, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


class Money(Books):
    """The account's money."""

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
            invoice = self.invoices.get(entity.get("EntityID"))
            is_order = entity.get("EntityType") == "Order"
            if is_order and invoice and invoice["company_id"] == record["CompanyID"]:
                parts.append((place, entity, invoice))
        total = money(record.get("TotalAmount"))
        along = any(_inwards(invoice) == (total > 0) for _, _, invoice in parts if total)
        for place, entity, invoice in parts:
            amount = invoice["sign"] * abs(money(entity["AssignedAmount"]))
            yield {
                "payment_id": f"bank-{record['BankAccountTransactionID']}-{place}",
                "kind": "bank",
                "invoice_id": invoice["invoice_id"],
                "transaction_id": record["BankAccountTransactionID"],
                "payment_date": day(record.get("ValueDate")) or invoice["invoice_date"],
                "amount": amount if along else -amount,
                "transaction_amount": total,
                "transaction_currency": text(record.get("Currency")),
            }

    def _otherwise(self, invoice: Row, rest: Decimal) -> Row:
        changed = invoice["last_modified_at"]
        return {
            "payment_id": f"order-{invoice['invoice_id']}",
            "kind": "credit_note" if invoice["billit_status"] == "Credited" else "declared",
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
            counts = invoice["is_posted"] and None not in {invoice["total"], invoice["invoice_date"]}
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
                "side": _side(invoice),
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
                key = (end, invoice["company_id"], _side(invoice), _bucket(days))
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

    @cached_property
    def contacts(self) -> dict[tuple[int, str], Row]:
        contacts = {key: _party(copy.record) for key, copy in self.parties.items()}
        newest: dict[tuple[int, str], Any] = {}
        for number, order in self.orders.items():
            partner = text(order.partner.get("PartyID"))
            if partner and not order.deleted:
                age = (moment(order.state.get("LastModified")) or moment("0001-01-01"), number)
                key = (order.now["CompanyID"], partner)
                newest[key] = max(newest.get(key, (age, order)), (age, order), key=lambda x: x[0])
        for key, (_, order) in newest.items():
            if key not in contacts:
                contacts[key] = _party({"PartyID": key[1]} | order.partner) | {
                    "is_in_parties": False,
                    "company_number": None,
                    "peppol_id": None,
                    "created_at": None,
                    "last_modified_at": None,
                    **dict.fromkeys(_ONLY_PARTIES),
                }
        for (company, partner), contact in contacts.items():
            contact |= {"company_id": company, "contact_id": partner}
            contact["company_currency"] = self.companies[company]["company_currency"]
            contact |= self._traded(company, partner)
            for name in ("is_customer", "is_supplier"):
                contact[name] = contact[name] or contact.pop(f"was_{name[3:]}")
                contact.pop(f"was_{name[3:]}", None)
        return contacts

    def _traded(self, company: int, partner: str) -> Row:
        mine = self._by_partner[company, partner]
        posted = [each for each in mine if each["is_posted"]]
        sums = {
            (name, side): sum((each[name] or ZERO for each in posted if _side(each) == side), ZERO)
            for name in ("company_untaxed_amount", "company_outstanding_amount")
            for side in ("receivable", "payable")
        }
        late = [
            (each["paid_date"] - each["due_date"]).days
            for each in mine
            if each["status"] == "paid"
            and each["billit_status"] not in {"Credited", None}
            and each["sign"] == 1
            and each["paid_date"]
        ]
        receivable = sums["company_outstanding_amount", "receivable"]
        payable = sums["company_outstanding_amount", "payable"]
        return {
            "was_customer": any(_side(each) == "receivable" for each in mine),
            "was_supplier": any(_side(each) == "payable" for each in mine),
            "sold_amount": sums["company_untaxed_amount", "receivable"],
            "bought_amount": sums["company_untaxed_amount", "payable"],
            "open_receivable_amount": receivable,
            "open_payable_amount": payable,
            "open_amount": receivable - payable,
            "average_days_late": (Decimal(sum(late)) / len(late)).quantize(
                Decimal("0.1"), ROUND_HALF_UP
            )
            if late
            else None,
        }

    @cached_property
    def _by_partner(self) -> dict[tuple[int, str | None], list[Row]]:
        invoices = defaultdict(list)
        for invoice in self.invoices.values():
            invoices[invoice["company_id"], invoice["partner_id"]].append(invoice)
        return invoices

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
            if at := day(record.get("ValueDate")):
                yield record["CompanyID"], "actual", "bank", at, self._booked(record, at)
        for payment in self.payments:
            if payment["kind"] == "declared":
                amount = _flow(payment, payment["company_amount"])
                yield payment["company_id"], "actual", "declared", payment["payment_date"], amount
        for item in self.open_items:
            contact = self.contacts.get((item["company_id"], item["partner_id"]), {})
            late = contact.get("average_days_late") or ZERO
            days = max(0, int(late.quantize(Decimal(1), ROUND_HALF_UP)))
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


_ONLY_PARTIES = (
    "trading_name",
    "first_name",
    "last_name",
    "phone",
    "mobile",
    "website",
    "currency",
    "language",
    "payment_days",
    "external_reference",
    "ledger_account",
)


def _party(record: Record) -> Row:
    known = filled(record)
    identifiers = record.get("Identifiers") or []
    numbers = [
        each["Identifier"]
        for each in identifiers
        if each.get("IdentifierType") == "CBE" and each.get("Identifier")
    ]
    schemes = [each for each in identifiers if each.get("SchemeID") and each.get("Identifier")]
    schemes.sort(key=lambda each: not each.get("Preferred"))
    addressed = [f"{each['SchemeID']}:{each['Identifier']}" for each in schemes]
    addresses = [
        each
        for each in record.get("Addresses") or []
        if each.get("AddressType") == "InvoiceAddress"
    ]
    has_own = any(known.get(name) for name in ("Street", "Zipcode", "City"))
    place = known if has_own or not addresses else filled(addresses[0])
    first_account = filled((record.get("BankAccounts") or [{}])[0])
    account = known if "IBAN" in known else first_account
    country = known.get("CountryCode") or (addresses[0].get("CountryCode") if addresses else None)
    return {
        "is_customer": known.get("PartyType") == "Customer",
        "is_supplier": known.get("PartyType") == "Supplier",
        "is_company": known.get("VATLiable", "VATNumber" in known),
        "company_name": known.get("Name") or known.get("DisplayName"),
        "trading_name": known.get("CommercialName"),
        "first_name": known.get("ContactFirstName"),
        "last_name": known.get("ContactLastName"),
        "email": known.get("Email"),
        "phone": known.get("Phone"),
        "mobile": known.get("Mobile"),
        "website": known.get("Website"),
        "vat": known.get("VATNumber"),
        "company_number": min(numbers, default=None),
        "peppol_id": known.get("PeppolIdentifier") or next(iter(addressed), None),
        "street": place.get("Street"),
        "number": place.get("StreetNumber"),
        "box": place.get("Box"),
        "postal_code": place.get("Zipcode"),
        "city": place.get("City"),
        "country": text(country),
        "iban": account.get("IBAN"),
        "bic": account.get("BIC"),
        "currency": known.get("DefaultCurrencyTC"),
        "language": known.get("Language"),
        "payment_days": known.get("DefaultExpiryOffset"),
        "external_reference": known.get("Nr") or known.get("ExternalProviderID"),
        "ledger_account": text(known.get("GLAccountCode") or known.get("AccountantCode")),
        "is_in_parties": True,
        "created_at": moment(record.get("Created")),
        "last_modified_at": moment(record.get("LastModified")),
    }


def _inwards(invoice: Row) -> bool:
    """Whether money comes in when the invoice is settled."""
    return invoice["invoice_type"] in {"customer_invoice", "supplier_refund"}


def _side(invoice: Row) -> str:
    return "receivable" if invoice["invoice_type"].startswith("customer") else "payable"


def _flow(row: Row, amount: Decimal | None) -> Decimal | None:
    if amount is None or _side(row) == "receivable":
        return amount
    return -amount


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
