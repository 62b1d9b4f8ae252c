"""Marts made by hand: the tables as their contracts say, with the rows that a test wants."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from tap_billit.report.marts import NEEDED
from tests.transform import engines
from tests.transform.compare import STREAMS

Row = dict[str, Any]

contract = cache(engines.contract)

SCHEMA = "marts"
TODAY = date(2026, 11, 26)
MONDAY = TODAY - timedelta(days=TODAY.weekday())
READ = datetime(2026, 11, 26, 19, 16)
COMPANY = {"company_id": 7, "company_name": "Boon BV"}
BUCKETS = {"not due": -5, "1-30": 20, "31-60": 50, "61-90": 80, "over 90": 400}


class Books:
    """The rows of all marts; each method adds one, as usual but for what it is told."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {mart: [] for mart in NEEDED}
        self._ids = iter(range(1000, 100_000))

    def company(self, *, without: tuple[str, ...] = (), **values: Any) -> Books:
        """All streams of a company; those in `without` have no table."""
        for stream in STREAMS:
            loaded = {"is_loaded": stream not in without, "loaded_rows": 3, "extracted_at": READ}
            if stream in without:
                loaded |= {"loaded_rows": 0, "extracted_at": None}
            usual = COMPANY | {"stream": stream, "as_of": TODAY}
            self._add("billit__coverage", usual | loaded | values)
        return self

    def open_item(self, amount: str, bucket: str = "not due", **values: Any) -> Row:
        """Something that is owed, to us unless said otherwise."""
        late = BUCKETS[bucket]
        usual = {
            "as_of": TODAY,
            "invoice_id": next(self._ids),
            "side": "receivable",
            "bucket": bucket,
            "due_date": TODAY - timedelta(days=late),
            "days_overdue": late,
            "partner_id": "1",
            "partner_name": "Case NV",
            "open_amount": Decimal(amount),
            "company_open_amount": Decimal(amount),
            "currency": "EUR",
            "company_currency": "EUR",
        }
        return self._add("billit__open_items", COMPANY | usual | values)

    def invoice(self, untaxed: str, day: date = TODAY, **values: Any) -> Row:
        """A sale, unless said otherwise, with 21 % of VAT."""
        usual = {
            "invoice_id": next(self._ids),
            "invoice_type": "customer_invoice",
            "invoice_date": day,
            "is_posted": True,
            "has_details": True,
            "company_currency": "EUR",
            "company_untaxed_amount": Decimal(untaxed),
            "last_modified_at": datetime(2026, 11, 26, 12, 19),
        }
        row = self._add("billit__invoices", COMPANY | usual | values)
        vat = {
            "tax_rate": Decimal(21),
            "tax_category": "S",
            "company_tax_amount": (Decimal(untaxed) * 21 / 100).quantize(Decimal("0.01")),
        }
        if row["has_details"]:
            self._add("billit__invoice_vat", {**row, **vat, **values})
        return row

    def cash(self, week: int, kind: str, money_in: str, money_out: str, **values: Any) -> Row:
        """A week of the cash flow, counted from this one."""
        usual = {
            "week_start": MONDAY + timedelta(weeks=week),
            "kind": kind,
            "source": "bank" if kind == "actual" else "open_items",
            "money_in": Decimal(money_in),
            "money_out": Decimal(money_out),
            "net": Decimal(money_in) - Decimal(money_out),
            "company_currency": "EUR",
            "unconverted": 0,
        }
        return self._add("billit__cash_flow", COMPANY | usual | values)

    def contact(self, name: str, **values: Any) -> Row:
        """A customer."""
        usual = {"contact_id": "1", "company_name": name, "is_customer": True}
        company = {"company_id": 7, "company_currency": "EUR"}
        return self._add("billit__contacts", company | usual | values)

    def month_end(self, as_of: date, bucket: str, amount: str, **values: Any) -> Row:
        """What customers owed at the end of a month."""
        usual = {"as_of": as_of, "side": "receivable", "bucket": bucket}
        amounts = {"company_open_amount": Decimal(amount), "company_currency": "EUR"}
        return self._add("billit__ageing_monthly", COMPANY | usual | amounts | values)

    def script(self) -> str:
        """SQL that makes the marts, on both engines."""
        return ";\n".join([f"create schema {SCHEMA}", *map(self._table, sorted(self.rows))])

    def _add(self, mart: str, row: Row) -> Row:
        self.rows[mart].append({name: row.get(name) for name in contract(mart)})
        return self.rows[mart][-1]

    def _table(self, mart: str) -> str:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in contract(mart).items())
        rows = (f"({', '.join(map(_literal, row.values()))})" for row in self.rows[mart])
        values = ",\n".join(rows)
        made = f"create table {SCHEMA}.{mart} ({columns})"
        return f"{made};\ninsert into {SCHEMA}.{mart} values {values}" if values else made


def full() -> Books:
    """Two companies with something of everything."""
    books = Books().company().company(company_id=8, company_name="Pré-Vert SA")
    companies: tuple[Row, ...] = ({}, {"company_id": 8, "company_name": "Pré-Vert SA"})
    for place, company in enumerate(companies):
        for number, bucket in enumerate(BUCKETS):
            more = company | {"partner_id": f"{number}", "invoice_number": f"F-{place}{number}"}
            books.open_item(f"{1234.56 + number * 100 + place}", bucket, **more)
            books.open_item(f"{345.67 + number}", bucket, side="payable", **_bank(), **more)
            books.month_end(date(2026, 10, 31), bucket, f"{99.5 + number}", **company)
            books.contact(f"Client {number}", average_days_late=Decimal(number), **_key(more))
        books.open_item("-77.70", "1-30", side="payable", **company)
        long: Row = {
            "partner_name": "Wijn" * 25,
            "payment_communication": "R" * 140,
            "iban": "F" * 60,
        }
        books.open_item("123456789012.34", side="payable", **long, **company)
        for week in range(-14, 15):
            kind = "actual" if week < 0 else "expected"
            books.cash(week, kind, f"{500.25 + week}", f"{200.10 - week}", **company)
        books.cash(0, "doubtful", "1634.56", "349.67", **company)
        for month in range(1, 12):
            books.invoice(f"{1000 + month}.10", date(2026, month, 15), **company)
            bought = {"invoice_type": "supplier_invoice"} | company
            books.invoice(f"{400 + month}.20", date(2026, month, 16), **bought)
    return books


def _bank() -> Row:
    return {"iban": "BE68539007547034", "payment_communication": "+++090/9337/55493+++"}


def _key(values: Row) -> Row:
    return {"contact_id": values["partner_id"], "company_id": values.get("company_id", 7)}


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, (bool, int, Decimal)):
        return str(value).lower()
    return "'" + str(value).replace("'", "''") + "'"
