"""Products and services for sale, after Billit's Swagger v1 (no payload is documented)."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_billit.schemas.shared import COMPANY_ID, FREE_FORM, OTHER

_PROPERTIES = (
    th.Property("ProductID", th.IntegerType, description="Key of the product in Billit"),
    th.Property(
        "Reference", th.StringType, description="Article number in the company's own catalogue"
    ),
    th.Property("Description", th.StringType, description="Text that lands on the order line"),
    th.Property("AmountExcl", th.NumberType, description="Sales price per unit without VAT"),
    th.Property("VAT", th.NumberType, description="VAT rate, in percent"),
    th.Property("Unit", th.StringType, description="Unit of sale, such as a piece or an hour"),
    th.Property("GroupID", th.IntegerType, description="Key of the product group"),
    th.Property("GroupName", th.StringType, description="Name of the product group"),
    th.Property("AmountIncl", th.NumberType, description="Sales price per unit with VAT"),
    th.Property("StockQuantity", th.NumberType, description="Units in stock when asked"),
    th.Property(
        "MinimumBilledQuantity", th.NumberType, description="Smallest quantity that is invoiced"
    ),
    th.Property("BuyExcl", th.NumberType, description="Purchase price per unit without VAT"),
    th.Property("InternalInformation", th.StringType, description="Free note for internal use"),
    th.Property(
        "Created",
        th.DateTimeType,
        description="Creation in Billit: naive Brussels local time, no offset",
    ),
    th.Property(
        "LastModified",
        th.DateTimeType,
        description="Last change of the product: naive Brussels local time, no offset",
    ),
    th.Property("EAN", th.StringType, description="European article number (bar code)"),
    th.Property("GTIN", th.StringType, description="Global trade item number (bar code)"),
    th.Property(
        "GLN", th.StringType, description="Global location number that goes with the product"
    ),
    th.Property(
        "ExternalProviderTC", th.StringType, description="Outside system the product came from"
    ),
)

CHILD_PRODUCT = th.ObjectType(
    *_PROPERTIES,
    th.Property(
        "ChildProducts",
        th.ArrayType(FREE_FORM),
        description="Products within this one, left as Billit gives them",
    ),
)

PRODUCT = th.PropertiesList(
    COMPANY_ID,
    *_PROPERTIES,
    th.Property(
        "ChildProducts",
        th.ArrayType(CHILD_PRODUCT),
        description="Products that this one bundles, each with its own price",
    ),
    OTHER,
).to_dict()
