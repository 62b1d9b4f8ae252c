"""What surrounds the orders of a company: products, documents, files."""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from typing import Any

from tap_billit.demo import files
from tap_billit.demo.lifecycle import START
from tap_billit.demo.order_lines import GOODS
from tap_billit.demo.seeded_random import decimal, seeded_random
from tap_billit.demo.timestamps import DAY, HOUR, local_date, midnight, written

Json = dict[str, Any]

FIRST_PRODUCT, FIRST_DOCUMENT = 90_000, 80_000


def products(*, seed: int, company: int, now: int, before: int = 0) -> list[Json]:
    """Three sizes of each good; every few months its price changes."""
    first = FIRST_PRODUCT + (before + company) * 1_000
    return [
        {"ProductID": first + number, **_product(seed, company, number, now)}
        for number in range(3 * len(GOODS))
    ]


def _product(seed: int, company: int, number: int, now: int) -> Json:
    rng = seeded_random(seed, 30, company, number)
    name, unit = GOODS[number % len(GOODS)]
    period = rng.randrange(50, 200) * DAY
    created = START - rng.randrange(100, 800) * DAY + 10 * HOUR
    changes = max(0, now - created) // period
    excl = rng.randrange(500, 30_000) + changes * 50
    vat = rng.choice((21, 21, 21, 12, 6))
    return {
        "Reference": f"ART-{number + 1:03}",
        "Description": f"{name} {'SML'[number // len(GOODS)]}",
        "AmountExcl": decimal(excl),
        "VAT": decimal(vat * 100),
        "Unit": unit,
        "GroupID": number % 3 + 1,
        "GroupName": ("Diensten", "Materiaal", "Matériel d'été")[number % 3],
        "AmountIncl": decimal((excl * (100 + vat) + 50) // 100),
        "StockQuantity": decimal(rng.randrange(500) * 100_000, 5),
        "Created": written(created),
        "LastModified": written(created + changes * period + 90),
        "ChildProducts": [],
    }


def documents(*, seed: int, company: int, company_id: int, now: int, before: int = 0) -> list[Json]:
    """A bank statement for each month past."""
    last = local_date(now)
    months = (last.year - 2023) * 12 + last.month - 10
    first = FIRST_DOCUMENT + (before + company) * 1_000
    return [
        {
            "DocumentID": first + month,
            "CompanyID": company_id,
            **_document(seed, company, first + month, month),
        }
        for month in range(max(0, months))
    ]


def _document(seed: int, company: int, document_id: int, month: int) -> Json:
    year, index = divmod(2023 * 12 + 9 + month + 1, 12)
    first = date(year, index + 1, 1)
    name = f"Rekeninguittreksel {date(year - (index == 0), (index or 12), 1):%Y-%m}"
    return {
        "File": {
            "FileID": files.file_id(document_id, "document", seed=seed),
            "FileName": f"{name}.pdf",
        },
        "Name": name,
        "Description": "Relevé de compte",
        "DocumentDate": midnight(first),
        "CreationDate": f"{first.isoformat()}T06:{company % 60:02}:12.34",
        "Tags": ["bank"],
    }


def document_file(document: Json) -> Json:
    """The file of a document, with its content."""
    return _file(document["File"], "application/pdf", files.pdf(document["Name"]))


def order_file(file_id: str, row: Json, *, seed: int) -> Json | None:
    """The PDF or UBL of an order, if the FileID is one of them."""
    order_id = row["OrderID"]
    name = str(row.get("OrderNumber", order_id)).replace("/", "-")
    if file_id == files.file_id(order_id, "pdf", seed=seed):
        head = {"FileID": file_id, "FileName": f"{name}.pdf"}
        return _file(head, "application/pdf", files.pdf(f"{row['OrderType']} {name}"))
    if file_id == files.file_id(order_id, "xml", seed=seed):
        head = {"FileID": file_id, "FileName": f"{name}.xml"}
        return _file(head, "application/xml", files.ubl(row))
    return None


def _file(head: Json, mime_type: str, content: bytes) -> Json:
    return {**head, "MimeType": mime_type, "FileContent": b64encode(content).decode()}
