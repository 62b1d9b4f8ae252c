"""FileIDs that tell their order, and the small PDF and UBL files behind them."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from uuid import UUID
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPREAD, _SPACE = 2_654_435_761, 1 << 32
_TYPE_CODES = {
    ("Invoice", None): 380,
    ("CreditNote", None): 381,
    ("Invoice", "SelfBilling"): 389,
    ("CreditNote", "SelfBilling"): 261,
}
"""The type codes of UNCL 1001."""

_BACK = pow(_SPREAD, -1, _SPACE)


def file_id(owner: int, kind: str, *, seed: int) -> str:
    """The FileID of the owner's file of that kind (`pdf`, `xml`, …)."""
    rest = blake2b(f"{seed} {owner} {kind}".encode(), digest_size=12).digest()
    head = (owner * _SPREAD % _SPACE).to_bytes(4, "big")
    return str(UUID(bytes=head + rest, version=4))


def owner(file_id: str, /) -> int | None:
    """The id that a FileID was made from; None if it is no FileID."""
    try:
        return int(UUID(file_id).hex[:8], 16) * _BACK % _SPACE
    except ValueError:
        return None


def pdf(title: str) -> bytes:
    """One page with one line of text."""
    text = title.encode("ascii", "replace").translate(None, b"()\\")
    stream = b"BT /F1 18 Tf 72 770 Td (%b) Tj ET" % text
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 595 842] >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (size, table, size, len(body))
    )


def ubl(order: Mapping[str, Any]) -> bytes:
    """An invoice or credit note in UBL 2.1: the head and the totals."""
    root = "CreditNote" if order["OrderType"] == "CreditNote" else "Invoice"
    schema = "urn:oasis:names:specification:ubl:schema:xsd"
    amounts = "".join(
        f'<cbc:{name} currencyID="{order["Currency"]}">{order[key]}</cbc:{name}>'
        for name, key in (
            ("TaxExclusiveAmount", "TotalExcl"),
            ("TaxInclusiveAmount", "TotalIncl"),
            ("PayableAmount", "TotalIncl"),
        )
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{root} xmlns="{schema}:{root}-2" xmlns:cbc="{schema}:CommonBasicComponents-2"'
        f' xmlns:cac="{schema}:CommonAggregateComponents-2">'
        f"<cbc:ID>{escape(order.get('OrderNumber', ''))}</cbc:ID>"
        f"<cbc:IssueDate>{order['OrderDate'][:10]}</cbc:IssueDate>"
        f"<cbc:{root}TypeCode>{_TYPE_CODES[root, order.get('OrderSubType')]}</cbc:{root}TypeCode>"
        f"<cac:LegalMonetaryTotal>{amounts}</cac:LegalMonetaryTotal>"
        f"</{root}>\n"
    ).encode()
