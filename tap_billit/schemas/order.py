"""Orders as rows and as whole documents, after Billit's Swagger v1 and documented payloads.

Swagger gives both the same type; the documented list payload is a summary.
"""

from __future__ import annotations

from singer_sdk import typing as th

from tap_billit.schemas.order_properties import ORDER_PROPERTIES
from tap_billit.schemas.party import COUNTER_PARTY
from tap_billit.schemas.shared import OTHER

_ROW_COUNTER_PARTY = th.Property(
    "CounterParty",
    COUNTER_PARTY,
    description="Other side, in short: no Name, DisplayName is its name",
)

_ROW_NAMES = frozenset(
    {
        "OrderID",
        "CompanyID",
        "OrderPDF",
        "OrderNumber",
        "CounterParty",
        "OrderDate",
        "ExpiryDate",
        "OrderType",
        "OrderSubType",
        "LastModified",
        "Created",
        "OrderDirection",
        "OrderTitle",
        "TotalExcl",
        "TotalIncl",
        "TotalVAT",
        "Reference",
        "PaymentReference",
        "AboutInvoiceNumber",
        "Paid",
        "PaidDate",
        "ExternalProviderID",
        "ExternalProvider",
        "Currency",
        "IsSent",
        "Invoiced",
        "LastReminder",
        "RemindersSent",
        "ToPay",
        "OrderStatus",
        "ApprovalStatus",
        "Overdue",
        "DaysOverdue",
        "FXRateToForeign",
        "PaymentMethod",
        "DeliveryDate",
        "ExportedToConnector",
        "AccountantVerificationNeeded",
        "CurrentDocumentDeliveryDetails",
    },
)

_INDEX_NAMES = (
    "OrderID",
    "CompanyID",
    "OrderDirection",
    "OrderType",
    "OrderStatus",
    "LastModified",
)

ORDER_INDEX = th.PropertiesList(
    *(prop for prop in ORDER_PROPERTIES if prop.name in _INDEX_NAMES)
).to_dict()

ORDER = th.PropertiesList(*ORDER_PROPERTIES, OTHER).to_dict()

ORDER_ROW = th.PropertiesList(
    *(
        _ROW_COUNTER_PARTY if prop.name == "CounterParty" else prop
        for prop in ORDER_PROPERTIES
        if prop.name in _ROW_NAMES
    ),
    OTHER,
).to_dict()
