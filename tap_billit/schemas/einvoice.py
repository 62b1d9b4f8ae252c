"""How an order was sent and sealed, after Billit's Swagger v1 and documented payloads."""

from __future__ import annotations

from singer_sdk import typing as th

from tap_billit.schemas.shared import FILE, FREE_FORM

DELIVERY = th.ObjectType(
    th.Property(
        "DocumentRefusedDate",
        th.DateTimeType,
        description="Refusal by the receiver: naive Brussels local time, no offset",
    ),
    th.Property(
        "DocumentDeliveryDate",
        th.DateTimeType,
        description="Delivery to the receiver: naive Brussels local time, no offset",
    ),
    th.Property(
        "DocumentDeliveryInfo",
        th.StringType,
        description="Remark of the network or receiver on the delivery",
    ),
    th.Property(
        "DocumentRefusedReasonTC", th.StringType, description="Code of the reason for a refusal"
    ),
    th.Property(
        "DocumentRefusedInfo", th.StringType, description="Explanation given with a refusal"
    ),
    th.Property(
        "IsDocumentDelivered",
        th.BooleanType,
        description="Whether the document has arrived; the only property order rows carry",
    ),
    th.Property(
        "DocumentDeliveryStatus", th.StringType, description="Delivered, Pending, Error and others"
    ),
)

MESSAGE = th.ObjectType(
    th.Property("OrderID", th.IntegerType, description="Order the message is about"),
    th.Property(
        "Description", th.StringType, description="Text of the message or of the sending error"
    ),
    th.Property("FileID", th.StringType, description="FileID of the file sent or received, a UUID"),
    th.Property(
        "CreationDate",
        th.DateTimeType,
        description="Moment of the message: naive Brussels local time, no offset",
    ),
    th.Property(
        "TransportType", th.StringType, description="Channel: SMTP, Letter, Peppol, KSeF and others"
    ),
    th.Property("Success", th.BooleanType, description="Whether the sending worked"),
    th.Property("Trials", th.IntegerType, description="Number of attempts"),
    th.Property(
        "Destination", th.StringType, description="E-mail address or network address it went to"
    ),
    th.Property("MessageDirection", th.StringType, description="Incoming or Outgoing"),
)

ADDITIONAL_DOCUMENT = th.ObjectType(
    th.Property(
        "DocumentDescription", th.StringType, description="What the supporting document is"
    ),
    th.Property("ID", th.StringType, description="Number of the supporting document"),
    th.Property("DocumentType", th.StringType, description="Type code of the supporting document"),
    th.Property("Attachment", FILE, description="Reference to its file"),
    th.Property("CustomFields", FREE_FORM, description="Extra values by name, all text"),
)

CONTRACT_REFERENCE = th.ObjectType(
    th.Property("ID", th.StringType, description="Contract number"),
)

DATE_TIME_INFO = th.ObjectType(
    th.Property("TimeZoneInfo", th.StringType, description="Time zone the moment is meant in"),
    th.Property(
        "DateTime",
        th.DateTimeType,
        description="Moment of the signature; unlike other date-times it can carry an offset",
    ),
)

CHAIN = th.ObjectType(
    th.Property(
        "VatIssuer", th.StringType, description="VAT number of the issuer of the linked document"
    ),
    th.Property("OrderNumber", th.StringType, description="Number of the linked document"),
    th.Property(
        "OrderDate", th.DateTimeType, description="Date of the linked document, at midnight"
    ),
    th.Property("Hash", th.StringType, description="Hash of the linked document"),
)

SIGNATURE = th.ObjectType(
    th.Property(
        "OrginalString", th.StringType, description="Text that was signed (misspelt by Billit)"
    ),
    th.Property(
        "NetworkCertificateNumber",
        th.StringType,
        description="Certificate of the tax authority's network",
    ),
    th.Property(
        "DocumentCertificateNumber",
        th.StringType,
        description="Certificate the document was signed with",
    ),
    th.Property("UUID", th.StringType, description="Fiscal identifier given by the network"),
    th.Property("NetworkStamp", th.StringType, description="Seal of the network"),
    th.Property(
        "DocumentStamp",
        th.StringType,
        description="Seal or official number of the document, such as the KSeF number",
    ),
    th.Property("DateTimeInfo", DATE_TIME_INFO, description="When it was signed"),
    th.Property("QRCode", th.StringType, description="Content of the verification QR code"),
    th.Property("Cfdi", th.StringType, description="Mexican e-invoice (CFDI) as signed"),
    th.Property(
        "StampUrl", th.StringType, description="Web address to verify the document at the authority"
    ),
    th.Property("LinkedTo", CHAIN, description="Earlier document in a chain of signed ones"),
)
