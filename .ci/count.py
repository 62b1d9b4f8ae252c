"""Compare what was loaded with the demo account, stream by stream: `count.py FILE`.

FILE is a DuckDB file, or the tap's own messages as JSON Lines.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb

from tap_billit.demo import Account
from tap_billit.tap import TapBillit

AHEAD = timedelta(days=float(os.environ.get("BILLIT_DEMO_DAYS_AHEAD") or 0))
KINDS = {
    "sales_invoice": ("Income", "Invoice"),
    "sales_credit_note": ("Income", "CreditNote"),
    "supplier_invoice": ("Cost", "Invoice"),
    "supplier_credit_note": ("Cost", "CreditNote"),
}


def in_messages(path: Path) -> tuple[Counter[str], datetime]:
    """Records a stream, and when the run began."""
    messages = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    records = [message for message in messages if message["type"] == "RECORD"]
    began = datetime.fromisoformat(records[0]["time_extracted"].replace("Z", "+00:00"))
    return Counter(record["stream"] for record in records), began


def in_duckdb(path: Path) -> tuple[Counter[str], datetime]:
    """Rows a table, without orders that were deleted since, and when the last run began."""
    counts: Counter[str] = Counter()
    with duckdb.connect(path, read_only=True) as db:
        for stream in streams():
            kind = stream.removesuffix("_details").removesuffix("s")
            gone = "WHERE orderid NOT IN (SELECT orderid FROM demo.deleted_orders)"
            rows = f"SELECT count(*) FROM demo.{stream} {gone if kind in KINDS else ''}"
            [(counts[stream],)] = db.sql(rows).fetchall()
        [(began,)] = db.sql("SELECT max(_sdc_extracted_at) FROM demo.companies").fetchall()
    return counts, began.replace(tzinfo=timezone.utc)


def in_account(now: datetime) -> Counter[str]:
    """What the account holds at a moment."""
    account = Account(clock=lambda: now + AHEAD)
    counts = Counter(companies=len(account.companies))
    for company in (each["PartyID"] for each in account.companies):
        counts["deleted_orders"] += len(account.deleted(company))
        counts["parties"] += len(account.parties(company))
        counts["products"] += len(account.products(company))
        counts["documents"] += len(account.documents(company))
        counts["financial_transactions"] += len(account.transactions(company))
        for row in account.rows(company):
            for kind, of_row in KINDS.items():
                if of_row == (row["OrderDirection"], row["OrderType"]):
                    counts[f"{kind}s"] += 1
                    counts[f"{kind}_details"] += 1
    return counts


def streams() -> list[str]:
    """The names of the streams that a sync reads unless told otherwise."""
    streams = TapBillit(config={"environment": "demo"}).streams
    return [name for name, stream in streams.items() if stream.selected_by_default]


def main() -> int:
    """The command."""
    path = Path(sys.argv[1])
    loaded, began = in_duckdb(path) if path.suffix == ".duckdb" else in_messages(path)
    expected = in_account(began)
    for stream in streams():
        same = "as" if loaded[stream] == expected[stream] else "BUT"
        print(f"{stream:<30}{loaded[stream]:>7,} {same} in the account {expected[stream]:>7,}")
    return int(any(loaded[stream] != expected[stream] for stream in streams()))


if __name__ == "__main__":
    sys.exit(main())
