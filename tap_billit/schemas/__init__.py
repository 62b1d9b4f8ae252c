"""JSON schemas of Billit's entities, every property described."""

from tap_billit.schemas.company import COMPANY
from tap_billit.schemas.document import DOCUMENT
from tap_billit.schemas.invoice_file import INVOICE_FILE
from tap_billit.schemas.order import ORDER, ORDER_ROW
from tap_billit.schemas.party import PARTY_ROW
from tap_billit.schemas.product import PRODUCT
from tap_billit.schemas.transaction import TRANSACTION

__all__ = [
    "COMPANY",
    "DOCUMENT",
    "INVOICE_FILE",
    "ORDER",
    "ORDER_ROW",
    "PARTY_ROW",
    "PRODUCT",
    "TRANSACTION",
]
