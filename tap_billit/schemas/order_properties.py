"""Root properties of an order, after Billit's Swagger v1 and documented payloads."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_billit.schemas.einvoice import (
    ADDITIONAL_DOCUMENT,
    CONTRACT_REFERENCE,
    DELIVERY,
    MESSAGE,
    SIGNATURE,
)
from tap_billit.schemas.order_parts import (
    BOOKING_ENTRY,
    CATEGORY_FIELD,
    EXTERNAL_REFERENCE,
    OCR_PAGE,
    ORDER_LINE,
    PAYMENT_LINK,
    VAT_GROUP,
)
from tap_billit.schemas.party import PARTY
from tap_billit.schemas.shared import COMPANY_ID, FILE, FREE_FORM

ORDER_PROPERTIES = (
    th.Property(
        "OrderID", th.IntegerType, description="Key of the order in Billit, unique across companies"
    ),
    COMPANY_ID,
    th.Property(
        "OrderPDF",
        FILE,
        description="PDF of the document, made by Billit or sent along by the supplier",
    ),
    th.Property(
        "Attachments",
        th.ArrayType(FILE),
        description="Further files; the XML among them is the e-invoice received",
    ),
    th.Property(
        "OrderNumber",
        th.StringType,
        description="Document number as printed; may be missing on drafts",
    ),
    th.Property(
        "CustomerID",
        th.IntegerType,
        description="PartyID of the customer; used when writing, not seen in answers",
    ),
    th.Property(
        "SupplierID",
        th.IntegerType,
        description="PartyID of the supplier; used when writing, not seen in answers",
    ),
    th.Property(
        "CounterPartyID",
        th.IntegerType,
        description="PartyID of the other side; used when writing, not seen in answers",
    ),
    th.Property("Customer", PARTY, description="Buyer; on a Cost order the company itself"),
    th.Property("Supplier", PARTY, description="Seller; on an Income order the company itself"),
    th.Property(
        "CounterParty",
        PARTY,
        description="Other side: the customer of a sale, the supplier of a purchase",
    ),
    th.Property("OrderDate", th.DateTimeType, description="Document date, at midnight"),
    th.Property("ExpiryDate", th.DateTimeType, description="Due date, at midnight"),
    th.Property(
        "OrderType",
        th.StringType,
        description="Invoice, CreditNote, Offer, OrderForm, DeliveryNote and others",
    ),
    th.Property(
        "OrderSubType",
        th.StringType,
        description="SelfBilling where the buyer drew up the document, and others",
    ),
    th.Property(
        "LastModified",
        th.DateTimeType,
        description="Last change, status included: naive Brussels local time, no offset",
    ),
    th.Property(
        "Created",
        th.DateTimeType,
        description="Arrival in Billit: naive Brussels local time, no offset",
    ),
    th.Property(
        "OrderDirection", th.StringType, description="Income for a sale, Cost for a purchase"
    ),
    th.Property(
        "OrderLines",
        th.ArrayType(ORDER_LINE),
        description="What is sold, line by line, allowances and charges included",
    ),
    th.Property(
        "BookingEntries",
        th.ArrayType(BOOKING_ENTRY),
        description="Ledger entries; not seen in answers so far",
    ),
    th.Property("Journal", th.StringType, description="Journal the document is booked in"),
    th.Property("OrderTitle", th.StringType, description="Title or header note of the document"),
    th.Property(
        "PaymentDiscountPercentage",
        th.NumberType,
        description="Cash discount for early payment, in percent",
    ),
    th.Property(
        "PaymentDiscountAmount",
        th.NumberType,
        description="Cash discount for early payment, worked out by Billit, in Currency",
    ),
    th.Property(
        "PaymentReductionDays",
        th.IntegerType,
        description="Days from OrderDate within which the cash discount holds",
    ),
    th.Property(
        "PaymentDiscountDate",
        th.DateTimeType,
        description="Last day to pay with the cash discount, at midnight",
    ),
    th.Property(
        "VatGroups",
        th.ArrayType(VAT_GROUP),
        description="Totals by VAT rate and treatment; VAT is computed at this level",
    ),
    th.Property(
        "VentilationCode",
        th.StringType,
        description=(
            "VAT treatment: 1 to 4 domestic rates (1 at any rate on purchases), 21 reverse "
            "charge, 22 outside VAT, 24 margin, 51 and 55 intra-community goods and "
            "services, 70 import or export, and others"
        ),
    ),
    th.Property(
        "TotalExcl",
        th.NumberType,
        description="Total without VAT, in Currency; stays positive on credit notes",
    ),
    th.Property(
        "TotalIncl",
        th.NumberType,
        description="Total with VAT, in Currency; stays positive on credit notes",
    ),
    th.Property(
        "TotalVAT",
        th.NumberType,
        description="Total VAT, in Currency; stays positive on credit notes",
    ),
    th.Property(
        "Reference",
        th.StringType,
        description="Purchase order number or other reference of the buyer",
    ),
    th.Property("Tags", th.ArrayType(th.StringType), description="Labels given in Billit"),
    th.Property("DepartmentID", th.IntegerType, description="Department the document belongs to"),
    th.Property(
        "PaymentReference",
        th.StringType,
        description="Reference to quote when paying, often a Belgian structured one (+++…+++)",
    ),
    th.Property(
        "AboutInvoiceNumber",
        th.StringType,
        description="On a credit note: OrderNumber of the invoice it credits",
    ),
    th.Property("OCRRawText", th.StringType, description="All text recognised on a scan"),
    th.Property(
        "OCRMetaPages",
        th.ArrayType(OCR_PAGE),
        description="Text recognised on a scan, page by page with positions",
    ),
    th.Property("Paid", th.BooleanType, description="Whether the document is fully paid"),
    th.Property(
        "PaidDate", th.DateTimeType, description="When it was paid; missing while it is open"
    ),
    th.Property(
        "ExternalProviderID",
        th.StringType,
        description="Key of the order in an outside system, set by whoever created it",
    ),
    th.Property(
        "ExternalProvider",
        th.StringType,
        description="How the order came in: Peppol, APIFeed and others",
    ),
    th.Property("ProjectID", th.IntegerType, description="Project the document belongs to"),
    th.Property("ProjectName", th.StringType, description="Name of that project"),
    th.Property(
        "ExternalProviderReferences",
        th.ArrayType(EXTERNAL_REFERENCE),
        description="What outside systems call the order",
    ),
    th.Property(
        "Comments",
        th.StringType,
        description="Free text on the document; the note of a Peppol invoice",
    ),
    th.Property(
        "Currency", th.StringType, description="Currency of the document's amounts, ISO 4217"
    ),
    th.Property(
        "VatDeduction",
        th.NumberType,
        description="Deductible part of the VAT on a purchase; unit not documented",
    ),
    th.Property(
        "MixedUseProfessionalPercentage",
        th.NumberType,
        description="Professional share of a purchase that is partly private, in percent",
    ),
    th.Property(
        "InternalInfo", th.StringType, description="Free note for internal use, not on the document"
    ),
    th.Property(
        "IsSent",
        th.BooleanType,
        description="Whether a sale was sent; on purchases a mark that integrations set once read",
    ),
    th.Property(
        "Invoiced",
        th.BooleanType,
        description="Whether an offer, order form or delivery note has become an invoice",
    ),
    th.Property(
        "CustomFields",
        FREE_FORM,
        description="Extra values by name, all text; an object here, a list on parties",
    ),
    th.Property(
        "PeriodFrom", th.DateTimeType, description="First day of the period invoiced, at midnight"
    ),
    th.Property(
        "PeriodTill", th.DateTimeType, description="Last day of the period invoiced, at midnight"
    ),
    th.Property(
        "CostCategoryCode",
        th.IntegerType,
        description="Cost category of a purchase, as a ledger account number",
    ),
    th.Property(
        "AccountCode",
        th.IntegerType,
        description="General ledger account the document is booked on",
    ),
    th.Property(
        "AccountingCostTypeTC",
        th.StringType,
        description="GoodsForReSale, ServicesAndMiscellaneousGoods, Investments and others",
    ),
    th.Property(
        "LastReminder",
        th.DateTimeType,
        description="Latest payment reminder: naive Brussels local time, no offset",
    ),
    th.Property("RemindersSent", th.IntegerType, description="Number of payment reminders sent"),
    th.Property("ToPay", th.NumberType, description="Amount still open, in Currency"),
    th.Property(
        "OrderStatus",
        th.StringType,
        description="Draft, ToSend, ToPay, Paid, Credited, Refused and others",
    ),
    th.Property(
        "ApprovalStatus",
        th.StringType,
        description="Pending, Approved, Rejected, ToApproveByMe and others",
    ),
    th.Property(
        "Overdue",
        th.BooleanType,
        description="Past its due date; calculated when asked: drifts without LastModified moving",
    ),
    th.Property(
        "DaysOverdue",
        th.IntegerType,
        description=(
            "Days past the due date, negative before it; "
            "calculated when asked: drifts without LastModified moving"
        ),
    ),
    th.Property(
        "FXRateToForeign",
        th.NumberType,
        description=(
            "Exchange rate between the company's currency and Currency, 1 when they are the same; "
            "its direction differs between Billit's examples, so check before converting"
        ),
    ),
    th.Property(
        "PaymentMethod",
        th.StringType,
        description="Wired, Domiciliation, Bancontact, Online and others",
    ),
    th.Property(
        "DeliveryDate",
        th.DateTimeType,
        description="When goods or services were delivered, at midnight",
    ),
    th.Property(
        "ExportedToConnector",
        th.BooleanType,
        description="Whether an accounting connector took it over; seen in order rows only",
    ),
    th.Property("PaymentLinks", th.ArrayType(PAYMENT_LINK), description="Links for paying online"),
    th.Property("TemplateID", th.IntegerType, description="Layout of the PDF"),
    th.Property(
        "MessageTemplateID", th.IntegerType, description="Template of the mail it is sent with"
    ),
    th.Property(
        "AnalyticCostBearer",
        th.StringType,
        description="Cost bearer (Dutch: kostendrager) in analytic accounting",
    ),
    th.Property(
        "AnalyticCostCenter",
        th.StringType,
        description="Cost centre (Dutch: kostenplaats) in analytic accounting",
    ),
    th.Property(
        "AccountantVerificationNeeded",
        th.BooleanType,
        description="Whether the accountant is asked to check the document",
    ),
    th.Property(
        "CurrentDocumentDeliveryDetails",
        DELIVERY,
        description="State of the latest sending; may change for some two weeks",
    ),
    th.Property(
        "Messages",
        th.ArrayType(MESSAGE),
        description="Sendings and answers of the document, with their outcome",
    ),
    th.Property(
        "AdditionalDocumentReference",
        th.ArrayType(ADDITIONAL_DOCUMENT),
        description="Supporting documents named in the e-invoice",
    ),
    th.Property("PaymentTerms", th.StringType, description="Payment conditions in words"),
    th.Property("IBAN", th.StringType, description="Account to pay to, as stated on the document"),
    th.Property("BIC", th.StringType, description="Bank identifier (SWIFT code) of that account"),
    th.Property(
        "ContractDocumentReference",
        th.ArrayType(CONTRACT_REFERENCE),
        description="Contracts the document falls under",
    ),
    th.Property(
        "TaxPointDate",
        th.DateTimeType,
        description="Day VAT becomes due, where it differs from OrderDate",
    ),
    th.Property(
        "CategoryFieldItems",
        th.ArrayType(CATEGORY_FIELD),
        description="Values of the company's own category fields",
    ),
    th.Property(
        "Signature",
        SIGNATURE,
        description="Seal of a tax authority's network, such as KSeF in Poland",
    ),
    th.Property(
        "TaxReportingStatusTC",
        th.StringType,
        description="Reporting to the tax authority: Done, Failed and others",
    ),
)
