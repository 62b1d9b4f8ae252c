"""Lines and VAT groups of the invoices, and what was deleted of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.transform.oracle.invoices import Invoices, less, seed, times
from tests.transform.oracle.orders import filled
from tests.transform.records import day, moment, money, number, text, truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.transform.oracle.orders import Row
    from tests.transform.records import Copy, Record

CATEGORIES = {
    (each["order_direction"], each["ventilation_code"]): each
    for each in seed("billit_vat_categories")
}


class Parts(Invoices):
    """What invoices consist of."""

    def _parts(self, name: str) -> Iterator[tuple[Row, int, Record, str]]:
        """Each invoice with each element of an array of its details, counted from 1."""
        for number_, invoice in self.invoices.items():
            order = self.orders[number_]
            for place, part in enumerate(order.detail(name) or [], 1):
                yield invoice, place, part, order.now.get("OrderDirection") or ""

    def invoice_lines(self) -> Iterable[Row]:
        products = {
            (copy.record["CompanyID"], copy.record["ProductID"]): copy.record
            for copy in self.tables.copies("products")
        }
        for invoice, place, line, direction in self._parts("OrderLines"):
            sign = invoice["sign"]
            product = products.get((invoice["company_id"], line.get("ProductID")), {})
            quantity, price = number(line.get("Quantity")), number(line.get("UnitPriceExcl"))
            gross = None if quantity is None or price is None else money(quantity * price)
            yield {
                **_shared(invoice, "invoice_id", "company_id", "invoice_type", "invoice_date"),
                **_shared(invoice, "is_posted", "currency"),
                "line_number": place,
                "line_id": line.get("OrderLineID"),
                "description": text(line.get("Description")),
                "description_extended": text(line.get("DescriptionExtended")),
                "quantity": quantity,
                "unit_of_measure": text(line.get("Unit")),
                "unit_price": price,
                "discount_percentage": number(line.get("ReductionPercentage")),
                "discount_amount": times(sign, less(gross, money(line.get("TotalExcl")))),
                "untaxed_amount": times(sign, money(line.get("TotalExcl"))),
                "tax_amount": times(sign, money(line.get("TotalVAT"))),
                "total": times(sign, money(line.get("TotalIncl"))),
                "tax_rate": number(line.get("VATPercentage")),
                "ventilation_code": text(line.get("VentilationCode")),
                "tax_category": _category(direction, line),
                "product_id": text(line.get("ProductID")),
                "product_code": text(line.get("Reference")) or text(product.get("Reference")),
                "product_name": text(product.get("Description")),
                "account_number": text(line.get("AccountCode")),
                "cost_center": text(line.get("AnalyticCostCenter")),
                "cost_bearer": text(line.get("AnalyticCostBearer")),
                "is_allowance_or_charge": truth(line.get("AllowanceChargeIndicator")) is not None,
                "is_charge": truth(line.get("AllowanceChargeIndicator")),
                "reason_code": text(line.get("Code")),
                "linked_line": text(line.get("LinkedOrderLineID")),
            }

    def invoice_vat(self) -> Iterable[Row]:
        for invoice, place, group, direction in self._parts("VatGroups"):
            sign = invoice["sign"]
            total, tax, untaxed = (
                times(sign, money(group.get(name)))
                for name in ("TotalIncl", "TotalVAT", "TotalExcl")
            )
            company_total, company_tax = (
                self.converted(amount, invoice) for amount in (total, tax)
            )
            yield {
                **_shared(invoice, "invoice_id", "company_id", "invoice_type", "invoice_date"),
                **_shared(invoice, "is_posted", "currency", "company_currency"),
                "group_number": place,
                "tax_rate": number(group.get("VATPercentage")),
                "tax_category": _category(direction, group),
                "ventilation_code": text(group.get("VentilationCode")),
                "untaxed_amount": untaxed,
                "taxable_base": times(sign, money(group.get("Mtvh"))),
                "tax_amount": tax,
                "total": total,
                "company_untaxed_amount": self.untaxed(
                    company_total, company_tax, invoice | {"untaxed_amount": untaxed}
                ),
                "company_tax_amount": company_tax,
                "company_total": company_total,
            }

    def deleted_invoices(self) -> Iterable[Row]:
        for order in self.orders.values():
            if not order.is_invoice:
                reason = "deleted" if order.deleted else "not an invoice"
                record = order.state | {
                    "OrderDirection": order.now.get("OrderDirection"),
                    "OrderType": order.now.get("OrderType"),
                    "CompanyID": order.now["CompanyID"],
                }
                yield self._deleted(record, order.partner, order.gone, reason, loaded=True)
        for copy in self.tables.copies("deleted_orders"):
            record = copy.record
            known = record["OrderID"] in self.orders
            if not known and record.get("OrderType") in {"Invoice", "CreditNote"}:
                partner = filled(record.get("CounterParty"))
                partner["Name"] = partner.get("Name") or partner.get("DisplayName")
                yield self._deleted(record, partner, copy, "deleted", loaded=False)

    def _deleted(
        self, record: Record, partner: Record, gone: Copy | None, reason: str, *, loaded: bool
    ) -> Row:
        company = self.companies[record["CompanyID"]]
        sign = -1 if record.get("OrderType") == "CreditNote" else 1
        return {
            "invoice_id": record["OrderID"],
            "company_id": record["CompanyID"],
            "company_name": company["company_name"],
            "billit_direction": text(record.get("OrderDirection")),
            "billit_type": text(record.get("OrderType")),
            "invoice_number": text(record.get("OrderNumber")),
            "invoice_date": day(record.get("OrderDate")),
            "billit_status": text(record.get("OrderStatus")),
            "partner_id": text(partner.get("PartyID")),
            "partner_name": text(partner.get("Name")),
            "currency": text(record.get("Currency")) or company["company_currency"],
            "total": times(sign, money(record.get("TotalIncl"))),
            "reason": reason,
            "was_loaded": loaded,
            "last_modified_at": moment(record.get("LastModified")),
            "listed_as_deleted_at": gone.extracted if gone else None,
        }


def _category(direction: str, part: Record) -> str | None:
    category = CATEGORIES.get((direction, text(part.get("VentilationCode")) or ""))
    if category is None:
        return None
    at_zero = number(part.get("VATPercentage")) == 0
    return text(category["tax_category_at_zero" if at_zero else "tax_category"])


def _shared(row: Row, *names: str) -> Row:
    return {name: row[name] for name in names}
