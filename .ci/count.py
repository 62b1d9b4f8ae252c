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
    """Rows a table, and when the last run began.

    Orders that were deleted since, or became another kind, do not count.
    """
    with duckdb.connect(path, read_only=True) as db:
        [(began,)] = db.sql("SELECT max(_sdc_extracted_at) FROM demo.companies").fetchall()
        now = began.replace(tzinfo=timezone.utc)
        kinds = kinds_of(account_at(now))
        deleted = {each for (each,) in db.sql("SELECT orderid FROM demo.deleted_orders").fetchall()}
        counts: Counter[str] = Counter()
        for stream in streams():
            kind = KINDS.get(stream.removesuffix("_details").removesuffix("s"))
            if kind is None and stream != "orders":
                [(counts[stream],)] = db.sql(f"SELECT count(*) FROM demo.{stream}").fetchall()
                continue
            orders = db.sql(f"SELECT orderid FROM demo.{stream}").fetchall()
            there = [each for (each,) in orders if each not in deleted]
            counts[stream] = sum(kind is None or kinds.get(each, kind) == kind for each in there)
    return counts, now


def account_at(now: datetime) -> Account:
    """The account at a moment."""
    return Account(clock=lambda: now + AHEAD)


def kinds_of(account: Account) -> dict[int, tuple[str, str]]:
    """The direction and type of each order."""
    return {
        row["OrderID"]: (row["OrderDirection"], row["OrderType"])
        for company in account.companies
        for row in account.rows(company["PartyID"])
    }


def in_account(now: datetime) -> Counter[str]:
    """What the account holds at a moment."""
    account = account_at(now)
    counts = Counter(companies=len(account.companies))
    for company in (each["PartyID"] for each in account.companies):
        counts["deleted_orders"] += len(account.deleted(company))
        counts["parties"] += len(account.parties(company))
        counts["products"] += len(account.products(company))
        counts["documents"] += len(account.documents(company))
        counts["financial_transactions"] += len(account.transactions(company))
    kinds = kinds_of(account)
    counts["orders"] = len(kinds)
    of_each = Counter(kinds.values())
    for kind, of_row in KINDS.items():
        counts[f"{kind}s"] = counts[f"{kind}_details"] = of_each[of_row]
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
