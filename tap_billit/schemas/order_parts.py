"""Lines, VAT groups and bookings of an order, after Billit's Swagger v1 and documented payloads."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_billit.schemas.shared import FREE_FORM

EXTERNAL_REFERENCE = th.ObjectType(
    th.Property(
        "ExternalProvider", th.StringType, description="Outside system that knows the entity"
    ),
    th.Property("Category", th.StringType, description="Kind of reference"),
    th.Property("Value", th.StringType, description="Key or number in the outside system"),
    th.Property("EntityType", th.StringType, description="Kind of Billit entity referred to"),
    th.Property("EntityID", th.IntegerType, description="Key of that entity in Billit"),
)

ORDER_LINE = th.ObjectType(
    th.Property(
        "OrderLineID",
        th.IntegerType,
        description="Key of the line; a recent addition, absent from older payloads",
    ),
    th.Property("Quantity", th.NumberType, description="Number of units, up to 5 decimals"),
    th.Property(
        "UnitPriceExcl",
        th.NumberType,
        description="Price per unit without VAT, up to 5 decimals; negative on an allowance",
    ),
    th.Property(
        "AccountCode", th.IntegerType, description="General ledger account the line is booked on"
    ),
    th.Property(
        "Code",
        th.StringType,
        description="Reason code of an allowance or charge (UNCL 5189 or 7161)",
    ),
    th.Property("Reference", th.StringType, description="Seller's article number"),
    th.Property(
        "Description",
        th.StringType,
        description="Name of what is sold; the reason on an allowance or charge",
    ),
    th.Property(
        "TotalExcl",
        th.NumberType,
        description="Line amount without VAT; stays positive on credit notes",
    ),
    th.Property(
        "TotalVAT",
        th.NumberType,
        description="VAT of the line, worked out by Billit; may differ by cents from its VAT group",
    ),
    th.Property("VATPercentage", th.NumberType, description="VAT rate, in percent"),
    th.Property(
        "VentilationCode",
        th.StringType,
        description="VAT treatment of the line, coded as VentilationCode of the order",
    ),
    th.Property("ProductID", th.IntegerType, description="Product the line was made from"),
    th.Property(
        "Unit", th.StringType, description="Unit of the quantity, as a UN/ECE code or text"
    ),
    th.Property(
        "CustomFields",
        FREE_FORM,
        description="Extra values by name, all text; Peppol lines keep PeppolLineID here",
    ),
    th.Property(
        "ExternalProviderReferences",
        th.ArrayType(EXTERNAL_REFERENCE),
        description="What outside systems call the line",
    ),
    th.Property(
        "InclLeading",
        th.BooleanType,
        description="Whether the price with VAT was entered and the one without derived",
    ),
    th.Property("UnitPriceIncl", th.NumberType, description="Price per unit with VAT"),
    th.Property(
        "TotalIncl",
        th.NumberType,
        description="Line amount with VAT, worked out by Billit; stays positive on credit notes",
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
        "ReductionPercentage",
        th.NumberType,
        description="Commercial discount on the line, in percent",
    ),
    th.Property(
        "DescriptionExtended", th.StringType, description="Longer text under the description"
    ),
    th.Property(
        "AllowanceChargeIndicator",
        th.BooleanType,
        description="On an allowance or charge line: true for a charge, false for an allowance",
    ),
    th.Property(
        "LinkedOrderLineID",
        th.StringType,
        description="Mark shared by a line and its allowance or charge lines, mostly a UUID",
    ),
)

VAT_GROUP = th.ObjectType(
    th.Property(
        "VentilationCode",
        th.StringType,
        description="VAT treatment of the group, coded as VentilationCode of the order",
    ),
    th.Property("VATPercentage", th.NumberType, description="VAT rate of the group, in percent"),
    th.Property(
        "TotalExcl",
        th.NumberType,
        description="Sum of the group's lines without VAT; stays positive on credit notes",
    ),
    th.Property(
        "TotalVAT", th.NumberType, description="VAT computed once for the group, not per line"
    ),
    th.Property("TotalIncl", th.NumberType, description="TotalExcl plus TotalVAT of the group"),
    th.Property(
        "Mtvh",
        th.NumberType,
        description="Amount that VAT is charged on (Dutch: maatstaf van heffing)",
    ),
    th.Property(
        "FinancialReductionAmount",
        th.NumberType,
        description="Cash discount that falls to the group",
    ),
)

BOOKING_ENTRY = th.ObjectType(
    th.Property("BookingEntryID", th.IntegerType, description="Key of the entry in Billit"),
    th.Property("OrderID", th.IntegerType, description="Order that the entry books"),
    th.Property("AccountCode", th.IntegerType, description="General ledger account"),
    th.Property("Amount", th.NumberType, description="Booked amount; DebetOrCredit tells the side"),
    th.Property(
        "DebetOrCredit", th.StringType, description="Side of the entry (spelt as Billit does)"
    ),
    th.Property(
        "VAT1",
        th.IntegerType,
        description="First VAT code of the entry; meaning not documented",
    ),
    th.Property(
        "VAT2",
        th.IntegerType,
        description="Second VAT code of the entry; meaning not documented",
    ),
    th.Property(
        "VAT3",
        th.IntegerType,
        description="Third VAT code of the entry; meaning not documented",
    ),
)

PAYMENT_LINK = th.ObjectType(
    th.Property("ExternalProvider", th.StringType, description="Payment service behind the link"),
    th.Property(
        "ClickUrl", th.StringType, description="Web address where the document can be paid"
    ),
    th.Property(
        "QRImageUrl", th.StringType, description="Web address of a QR code for the same payment"
    ),
)

CATEGORY_FIELD = th.ObjectType(
    th.Property("Value", th.StringType, description="Value filled in for this order"),
    th.Property("Name", th.StringType, description="Name of the category field"),
)

OCR_TEXT = th.ObjectType(
    th.Property("Text", th.StringType, description="Words recognised"),
    th.Property(
        "X", th.NumberType, description="Distance from the left of the page; unit not documented"
    ),
    th.Property(
        "Y", th.NumberType, description="Distance from the top of the page; unit not documented"
    ),
    th.Property("Width", th.NumberType, description="Width of the text box; unit not documented"),
    th.Property("Height", th.NumberType, description="Height of the text box; unit not documented"),
)

OCR_PAGE = th.ObjectType(
    th.Property(
        "TextList", th.ArrayType(OCR_TEXT), description="Pieces of text recognised on the page"
    ),
)
