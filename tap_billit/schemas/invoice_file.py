"""Files of an order; ours, as Billit has no such list."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_billit.schemas.shared import COMPANY_ID, OTHER

INVOICE_FILE = th.PropertiesList(
    COMPANY_ID,
    th.Property("OrderID", th.IntegerType, description="Order that the file belongs to"),
    th.Property("FileID", th.StringType, description="Key of the file in Billit, a UUID"),
    th.Property(
        "Role",
        th.StringType,
        description="Where the order names the file: OrderPDF or Attachments",
    ),
    th.Property("FileName", th.StringType, description="Name with extension, as Billit has it"),
    th.Property("MimeType", th.StringType, description="Media type, after the name's extension"),
    th.Property("Size", th.IntegerType, description="Bytes; missing where the file was skipped"),
    th.Property("SHA256", th.StringType, description="SHA-256 of the bytes, in hexadecimal"),
    th.Property("Location", th.StringType, description="Where the tap put the bytes"),
    th.Property(
        "Skipped",
        th.StringType,
        description="Why there are no bytes: the file was too large or is gone",
    ),
    th.Property(
        "LastModified",
        th.DateTimeType,
        description="Last change of the order, naive local time of Billit",
    ),
    OTHER,
).to_dict()
