"""Customers and suppliers, with what was traded and how late they pay."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests.transform.oracle.orders import filled
from tests.transform.oracle.payments import ZERO, Payments, side_of
from tests.transform.records import NEVER, moment, text, truth

if TYPE_CHECKING:
    from tests.transform.oracle.orders import Row
    from tests.transform.records import Record

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


class Contacts(Payments):
    """Who the other side is."""

    @cached_property
    def contacts(self) -> dict[tuple[int, str], Row]:
        contacts = {key: _party(copy.record) for key, copy in self.parties.items()}
        newest: dict[tuple[int, str], Any] = {}
        for number, order in self.orders.items():
            partner = text(order.partner.get("PartyID"))
            if partner and not order.deleted:
                age = (moment(order.state.get("LastModified")) or NEVER, number)
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
        return {key: self._complete(key, contact) for key, contact in contacts.items()}

    def _complete(self, key: tuple[int, str], contact: Row) -> Row:
        company, partner = key
        traded = self._traded(company, partner)
        customer, supplier = traded.pop("was_customer"), traded.pop("was_supplier")
        return (
            contact
            | traded
            | {
                "company_id": company,
                "contact_id": partner,
                "company_currency": self.companies[company]["company_currency"],
                "is_customer": contact["is_customer"] or customer,
                "is_supplier": contact["is_supplier"] or supplier,
            }
        )

    def _traded(self, company: int, partner: str) -> Row:
        mine = self._by_partner[company, partner]
        posted = [each for each in mine if each["is_posted"]]
        sold = [each for each in posted if side_of(each) == "receivable"]
        bought = [each for each in posted if side_of(each) == "payable"]
        receivable = _sum(sold, "company_outstanding_amount")
        payable = _sum(bought, "company_outstanding_amount")
        late = [
            (each["paid_date"] - each["due_date"]).days
            for each in mine
            if each["status"] == "paid"
            and each["billit_status"] not in {"Credited", None}
            and each["sign"] == 1
            and each["paid_date"]
            and each["paid_date"] <= self.as_of
        ]
        return {
            "was_customer": any(side_of(each) == "receivable" for each in mine),
            "was_supplier": any(side_of(each) == "payable" for each in mine),
            "sold_amount": _sum(sold, "company_untaxed_amount"),
            "bought_amount": _sum(bought, "company_untaxed_amount"),
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
    liable = truth(known.get("VATLiable"))
    return {
        "is_customer": known.get("PartyType") == "Customer",
        "is_supplier": known.get("PartyType") == "Supplier",
        "is_company": "VATNumber" in known if liable is None else liable,
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


def _sum(rows: list[Row], name: str) -> Decimal:
    return sum((row[name] or ZERO for row in rows), ZERO)
