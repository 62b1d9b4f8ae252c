"""What several entities carry, after Billit's Swagger v1 and documented payloads."""

from __future__ import annotations

from singer_sdk import typing as th

COMPANY_ID = th.Property(
    "CompanyID",
    th.IntegerType,
    description="Company the record belongs to (PartyID of the Billit customer); "
    "added by the tap where Billit leaves it out",
)

FREE_FORM = th.CustomType({"type": ["object"], "additionalProperties": True})
"""An open object. Without `properties`: with an empty set of them, flattening would drop it."""

OTHER = th.Property(
    "Other",
    FREE_FORM,
    description="What Billit sends beyond the other columns, by name; absent if there is nothing",
)

FILE = th.ObjectType(
    th.Property(
        "FileID",
        th.StringType,
        description="Key of the file in Billit, a UUID; the content is fetched separately",
    ),
    th.Property(
        "FileName", th.StringType, description="Name with extension; absent from order rows"
    ),
    th.Property("MimeType", th.StringType, description="Media type, such as application/pdf"),
)
