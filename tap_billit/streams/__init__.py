"""Declarations of the streams; behaviour lives in `base` and in `orders.OrderStream`."""

from tap_billit.streams.companies import Companies
from tap_billit.streams.orders import (
    SalesCreditNotes,
    SalesInvoices,
    SupplierCreditNotes,
    SupplierInvoices,
)

STREAMS = (
    Companies,
    SalesInvoices,
    SalesCreditNotes,
    SupplierInvoices,
    SupplierCreditNotes,
)
