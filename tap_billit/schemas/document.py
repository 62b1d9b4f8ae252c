"""Files archived in Billit beside the orders, after Swagger v1 (no payload is documented)."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_billit.schemas.shared import COMPANY_ID, FILE, OTHER

DOCUMENT = th.PropertiesList(
    th.Property("DocumentID", th.IntegerType, description="Key of the document in Billit"),
    COMPANY_ID,
    th.Property("File", FILE, description="Reference to the stored file"),
    th.Property("Name", th.StringType, description="Title of the document"),
    th.Property("Description", th.StringType, description="Free text about the document"),
    th.Property(
        "DocumentDate", th.DateTimeType, description="Date of the document itself, at midnight"
    ),
    th.Property(
        "CreationDate",
        th.DateTimeType,
        description="Arrival in Billit: naive Brussels local time, no offset",
    ),
    th.Property("Tags", th.ArrayType(th.StringType), description="Labels given in Billit"),
    OTHER,
).to_dict()
