"""Declarations of the streams; what they share lives in `base`."""

from tap_billit.streams.companies import Companies
from tap_billit.streams.full_table import DeletedOrders, Documents, FinancialTransactions
from tap_billit.streams.invoice_files import InvoiceFiles
from tap_billit.streams.newest_first import Parties, Products
from tap_billit.streams.order_details import (
    SalesCreditNoteDetails,
    SalesInvoiceDetails,
    SupplierCreditNoteDetails,
    SupplierInvoiceDetails,
)
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
    DeletedOrders,
    Parties,
    Products,
    FinancialTransactions,
    Documents,
    SalesInvoiceDetails,
    SalesCreditNoteDetails,
    SupplierInvoiceDetails,
    SupplierCreditNoteDetails,
    InvoiceFiles,
)
"""In the order in which they are read: what is cheap lands first."""
