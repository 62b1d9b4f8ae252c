"""What Billit shows of an order: the row in a list, and the whole document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_billit.demo import files
from tap_billit.demo.content import content_of
from tap_billit.demo.order import INVOICES
from tap_billit.demo.order_lines import order_lines, vat_groups, ventilation
from tap_billit.demo.order_row import balance, credited_number, facts
from tap_billit.demo.seeded_random import chance, decimal, seeded_random
from tap_billit.demo.timestamps import SECOND, local_date, midnight, written

if TYPE_CHECKING:
    from tap_billit.demo.content import Content
    from tap_billit.demo.counterparties import Parties
    from tap_billit.demo.order import Order

Json = dict[str, Any]

DETAIL_ONLY = frozenset(
    {
        "AboutInvoiceNumber",
        "Attachments",
        "Comments",
        "CustomFields",
        "Customer",
        "ExternalProviderReferences",
        "InternalInfo",
        "Messages",
        "OrderLines",
        "OrderTitle",
        "PaymentDiscountAmount",
        "PaymentDiscountPercentage",
        "PaymentLinks",
        "PeriodFrom",
        "PeriodTill",
        "Supplier",
        "Tags",
        "VatGroups",
        "VentilationCode",
    }
)
"""Properties that rows do not have."""


class OrderJson:
    """The rows and documents of one company."""

    def __init__(self, *, seed: int, company: Json, parties: Parties) -> None:
        self._seed, self._company, self._parties = seed, company, parties
        self._currency = company["DefaultCurrencyTC"]

    def row(self, order: Order) -> Json:
        """The summary; Overdue and DaysOverdue are for the moment it is asked."""
        content = self._content(order)
        known = facts(order, content, home=self._currency)
        row = {
            "OrderID": order.order_id,
            "CompanyID": self._company["PartyID"],
            "OrderPDF": {"FileID": files.file_id(order.order_id, "pdf", seed=self._seed)},
            "OrderNumber": known.pop("OrderNumber"),
            "CounterParty": self._parties.summary(content.party),
            **known,
            "ExportedToConnector": order.when("exported") is not None,
            "CurrentDocumentDeliveryDetails": {
                "IsDocumentDelivered": order.when("delivered") is not None
            },
            **{key: value for key, value in order.set.items() if key not in DETAIL_ONLY},
        }
        balance(row, order)
        return {key: value for key, value in row.items() if value is not None}

    def document(self, order: Order, *, row: Json) -> Json:
        """Everything, the party as it was at the last event; `row` is the order's row, complete."""
        content = self._content(order)
        party = self._parties.party(content.party, order.last_event)
        document = {key: value for key, value in row.items() if key != "ExportedToConnector"} | {
            **self._files(order, row),
            **self._sides(order, party),
            "CounterParty": {key: value for key, value in party.items() if key != "PartyType"},
            "OrderLines": order_lines(
                content.lines, order.order_id, seed=self._seed, sold=order.sold
            ),
            "PaymentDiscountPercentage": decimal(0),
            "PaymentDiscountAmount": decimal(0),
            "VatGroups": vat_groups(content.lines, sold=order.sold),
            "VentilationCode": ventilation(content.lines[0], sold=order.sold),
            "Tags": ["dringend", "été"] if order.when("edited") else [],
            "ExternalProviderReferences": [],
            "CustomFields": {"Werf": "Noord & Zuid"} if order.when("edited") else {},
            "PaymentLinks": self._payment_links(order, row),
            "AccountantVerificationNeeded": False,
            "CurrentDocumentDeliveryDetails": _delivery(order),
            "Messages": self._messages(order, party),
            **self._asides(order, content),
            **order.set,
        }
        return {key: value for key, value in document.items() if value is not None}

    def _content(self, order: Order) -> Content:
        return content_of(order, seed=self._seed, parties=self._parties, currency=self._currency)

    def _files(self, order: Order, row: Json) -> Json:
        name = f"{row.get('OrderNumber', order.order_id)}".replace("/", "-")
        ubl = {
            "FileID": files.file_id(order.order_id, "xml", seed=self._seed),
            "FileName": f"{name}.xml",
        }
        received = not order.outgoing and order.kind in INVOICES
        return {
            "OrderPDF": {**row["OrderPDF"], "FileName": f"{name}.pdf"},
            "Attachments": [ubl] if received else [],
        }

    def _sides(self, order: Order, party: Json) -> Json:
        theirs, ours = ("Customer", "Supplier") if order.sold else ("Supplier", "Customer")
        company = self._company_as_party(ours, created=order.lifecycle.created)
        return {theirs: party, ours: company}

    def _asides(self, order: Order, content: Content) -> Json:
        rng = seeded_random(self._seed, 21, order.lifecycle.number)
        asides: Json = {}
        if chance(rng, 0.4):
            asides["Reference"] = f"PO-{rng.randrange(10_000, 99_999)}"
        if chance(rng, 0.3):
            asides["OrderTitle"] = "Levering « zoals besproken »"
        if chance(rng, 0.2):
            asides["Comments"] = "Merci de votre confiance.\nBetaling binnen de termijn, a.u.b."
        if chance(rng, 0.2):
            first = content.order_date.replace(day=1)
            asides["PeriodFrom"] = midnight(first)
            asides["PeriodTill"] = midnight(content.order_date)
        if order.kind == "CreditNote" and order.lifecycle.root != order.lifecycle.number:
            asides["AboutInvoiceNumber"] = credited_number(order, content.party)
        return asides

    def _company_as_party(self, kind: str, *, created: int) -> Json:
        skipped = ("TabNameAlias", "APIAllowed", "APIEnabledFeatures", "UserLanguage", "Role")
        address = {
            key: value
            for key, value in self._company["Addresses"][0].items()
            if key not in {"AddressType", "Name"}
        }
        return {
            **{key: value for key, value in self._company.items() if key not in skipped},
            **address,
            "PartyType": kind,
            "DisplayName": self._company["Name"],
            "CustomFields": [],
            "BankAccounts": [],
            "LastModified": midnight(local_date(created).replace(day=1)),
        }

    def _payment_links(self, order: Order, row: Json) -> list[Json]:
        if not order.sold or not row["ToPay"] or "OrderNumber" not in row:
            return []
        link = f"https://pay.example/{files.file_id(order.order_id, 'pay', seed=self._seed)}"
        return [{"ClickUrl": link, "QRImageUrl": f"{link}/qr.png"}]

    def _messages(self, order: Order, party: Json) -> list[Json]:
        at = order.when("sent") if order.outgoing else order.lifecycle.created
        if at is None:
            return []
        email = order.outgoing and party["CountryCode"] != "BE"
        return [
            {
                "Description": "Invoice sent" if order.outgoing else "Invoice received",
                "FileID": files.file_id(order.order_id, "xml", seed=self._seed),
                "CreationDate": written(at + SECOND + 37),
                "TransportType": "SMTP" if email else "Peppol",
                "Success": not order.outgoing or order.when("delivered") is not None,
                "Trials": 1,
                "Destination": party["Email"] if email else f"0208:{party['VATNumber'][2:]}",
                "MessageDirection": "Outgoing" if order.outgoing else "Incoming",
            }
        ]


def _delivery(order: Order) -> Json:
    delivered, refused = order.when("delivered"), order.when("refused")
    if delivered is None:
        return {"IsDocumentDelivered": False}
    details = {
        "DocumentDeliveryDate": written(delivered),
        "DocumentDeliveryInfo": "Accepted by the receiver's access point",
        "IsDocumentDelivered": True,
        "DocumentDeliveryStatus": "Delivered",
    }
    refusal = {
        "DocumentRefusedDate": written(refused or delivered),
        "DocumentRefusedReasonTC": "IncorrectTotalAmount",
        "DocumentRefusedInfo": "Le montant ne correspond pas à la commande.",
    }
    return details | refusal if refused else details
