"""What Billit shows of an order: the row in a list, and the whole document."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from tap_billit.demo import files
from tap_billit.demo.content import GOODS, RATES, content_of, vat_groups, ventilation
from tap_billit.demo.identifiers import payment_reference
from tap_billit.demo.seeded_random import chance, decimal, seeded_random
from tap_billit.demo.timestamps import SECOND, local_date, midnight, written

if TYPE_CHECKING:
    from tap_billit.demo.content import Content, Line
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

    def row(self, order: Order) -> Json:
        """The summary; Overdue and DaysOverdue are for the moment it is asked."""
        content = self._content(order)
        facts = self._facts(order, content)
        row = {
            "OrderID": order.order_id,
            "CompanyID": self._company["PartyID"],
            "OrderPDF": {"FileID": files.file_id(order.order_id, "pdf", seed=self._seed)},
            "OrderNumber": facts.pop("OrderNumber"),
            "CounterParty": self._parties.summary(content.party),
            **facts,
            "ExportedToConnector": order.when("exported") is not None,
            "CurrentDocumentDeliveryDetails": {
                "IsDocumentDelivered": order.when("delivered") is not None
            },
            **{key: value for key, value in order.set.items() if key not in DETAIL_ONLY},
        }
        _balance(row, order)
        return {key: value for key, value in row.items() if value is not None}

    def document(self, order: Order, *, row: Json) -> Json:
        """Everything, the party as it was at the last event; `row` is the order's row, complete."""
        content, lifecycle = self._content(order), order.lifecycle
        party = self._parties.party(content.party, order.last_event)
        own = self._company_as_party(
            "Supplier" if lifecycle.direction == "Income" else "Customer", created=lifecycle.created
        )
        customer, supplier = (party, own) if lifecycle.direction == "Income" else (own, party)
        sold = lifecycle.direction == "Income"
        received = not sold and lifecycle.kind in {"Invoice", "CreditNote"}
        name = f"{row.get('OrderNumber', order.order_id)}"
        pdf = {**row["OrderPDF"], "FileName": f"{name.replace('/', '-')}.pdf"}
        ubl = {
            "FileID": files.file_id(order.order_id, "xml", seed=self._seed),
            "FileName": f"{name.replace('/', '-')}.xml",
        }
        document = {key: value for key, value in row.items() if key != "ExportedToConnector"} | {
            "OrderPDF": pdf,
            "Attachments": [ubl] if received else [],
            "Customer": customer,
            "Supplier": supplier,
            "CounterParty": {key: value for key, value in party.items() if key != "PartyType"},
            "OrderLines": [
                self._line(line, order, number) for number, line in enumerate(content.lines)
            ],
            "PaymentDiscountPercentage": decimal(0),
            "PaymentDiscountAmount": decimal(0),
            "VatGroups": vat_groups(content.lines, sold=sold),
            "VentilationCode": ventilation(content.lines[0], sold=sold),
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
        return content_of(order.lifecycle, seed=self._seed, parties=self._parties)

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
        if order.lifecycle.kind == "CreditNote":
            asides["AboutInvoiceNumber"] = _order_number(order, content.party, order.lifecycle.root)
        return asides

    def _facts(self, order: Order, content: Content) -> Json:
        lifecycle, sold = order.lifecycle, order.lifecycle.direction == "Income"
        status = next(event.status for event in reversed(order.past) if event.status)
        issued = not sold or order.when("sent") is not None
        paid_at = next((e.at for e in order.past if e.kind in {"paid", "credited"}), None)
        pays = lifecycle.kind in {"Invoice", "CreditNote"}
        return {
            "OrderNumber": _order_number(order, content.party, lifecycle.number)
            if issued
            else None,
            "OrderDate": midnight(content.order_date),
            "ExpiryDate": midnight(content.expiry),
            "OrderType": lifecycle.kind,
            "LastModified": order.last_modified,
            "Created": written(lifecycle.created),
            "OrderDirection": lifecycle.direction,
            "TotalExcl": decimal(content.excl),
            "TotalIncl": decimal(content.excl + content.tax),
            "TotalVAT": decimal(content.tax),
            "PaymentReference": payment_reference(order.order_id) if pays and issued else None,
            "Paid": paid_at is not None,
            "PaidDate": midnight(local_date(paid_at)) if paid_at else None,
            "PaymentMethod": _payment_method(order) if order.when("paid") else None,
            "ExternalProvider": "APIFeed" if sold else "Peppol",
            "Currency": content.currency,
            "IsSent": order.when("sent") is not None,
            "Invoiced": order.when("invoiced") is not None,
            "RemindersSent": sum(event.kind == "reminded" for event in order.past),
            "ToPay": None,
            "OrderStatus": status,
            "ApprovalStatus": _approval(order),
            "Overdue": False,
            "DaysOverdue": 0,
            "FXRateToForeign": decimal(RATES[content.currency], 5),
            "DeliveryDate": midnight(content.order_date),
        }

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

    def _line(self, line: Line, order: Order, number: int) -> Json:
        name, _ = GOODS[line.good]
        return {
            "OrderLineID": order.order_id * 8 + number,
            "Quantity": decimal(line.quantity, 5),
            "UnitPriceExcl": decimal(line.price, 5),
            "Reference": f"ART-{line.good + 1:03}",
            "Description": name,
            "TotalExcl": decimal(line.excl),
            "TotalVAT": decimal(line.tax),
            "VATPercentage": decimal(line.vat * 100),
            "VentilationCode": ventilation(line, sold=order.lifecycle.direction == "Income"),
            "CustomFields": {"Name": name, "PeppolLineID": str(number + 1)},
            "InclLeading": False,
            "TotalIncl": decimal(line.excl + line.tax),
        }

    def _payment_links(self, order: Order, row: Json) -> list[Json]:
        if order.lifecycle.direction == "Cost" or not row["ToPay"] or "OrderNumber" not in row:
            return []
        link = f"https://pay.example/{files.file_id(order.order_id, 'pay', seed=self._seed)}"
        return [{"ClickUrl": link, "QRImageUrl": f"{link}/qr.png"}]

    def _messages(self, order: Order, party: Json) -> list[Json]:
        sold = order.lifecycle.direction == "Income"
        at = order.when("sent") if sold else order.lifecycle.created
        if at is None:
            return []
        email = sold and party["CountryCode"] != "BE"
        return [
            {
                "Description": "Invoice sent" if sold else "Invoice received",
                "FileID": files.file_id(order.order_id, "xml", seed=self._seed),
                "CreationDate": written(at + SECOND + 37),
                "TransportType": "SMTP" if email else "Peppol",
                "Success": not sold or order.when("delivered") is not None,
                "Trials": 1,
                "Destination": party["Email"] if email else f"0208:{party['VATNumber'][2:]}",
                "MessageDirection": "Outgoing" if sold else "Incoming",
            }
        ]


def _balance(row: Json, order: Order) -> None:
    """Bring Paid, ToPay and the status in line with what was paid and set by hand."""
    total = row["TotalIncl"]
    paid = sum((amount for _, amount in order.payments), Decimal(0))
    if order.when("part-paid"):
        paid += share(total, order.lifecycle.part)
    if order.payments and paid >= total and "Paid" not in order.set:
        row["Paid"], row["PaymentMethod"] = True, "Wired"
        row["PaidDate"] = midnight(local_date(order.payments[-1][0]))
    pays = row["OrderType"] in {"Invoice", "CreditNote"}
    row["ToPay"] = order.set.get("ToPay", total - paid if pays and not row["Paid"] else total * 0)
    if "OrderStatus" not in order.set:
        if row["Paid"] and row["OrderStatus"] != "Credited":
            row["OrderStatus"] = "Paid"
        elif not row["Paid"] and row["OrderStatus"] in {"Paid", "Credited"}:
            row["OrderStatus"] = "ToPay"
    if not row["Paid"]:
        row["PaidDate"] = row["PaymentMethod"] = None


def share(total: Decimal, percentage: int) -> Decimal:
    """That part of the total, in cents."""
    return (total * percentage / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _order_number(order: Order, party: int, number: int) -> str:
    lifecycle = order.lifecycle
    year = local_date(lifecycle.created if number == lifecycle.number else lifecycle.begun).year
    if lifecycle.direction == "Cost":
        return f"{party:03}-{year}{number:05}"
    if number < 0:
        return f"W{year}/{-number:05}"
    kinds = {"Offer": "OF", "OrderForm": "BB", "DeliveryNote": "LB", "CreditNote": "CN"}
    prefix = kinds.get(lifecycle.kind, "F") if number == lifecycle.number else "F"
    return f"{prefix}{year}/{number:05}"


def _payment_method(order: Order) -> str:
    methods = ("Wired", "Wired", "Wired", "Bancontact", "Domiciliation", "Online")
    return methods[order.order_id // 3 % len(methods)]


def _approval(order: Order) -> str | None:
    if order.lifecycle.events[0].status != "ApprovalNeeded":
        return None
    return "Approved" if order.when("approved") else "Pending"


def _delivery(order: Order) -> Json:
    delivered = order.when("delivered")
    if delivered is None:
        return {"IsDocumentDelivered": False}
    return {
        "DocumentDeliveryDate": written(delivered),
        "DocumentDeliveryInfo": "Accepted by the receiver's access point",
        "IsDocumentDelivered": True,
        "DocumentDeliveryStatus": "Delivered",
    }
