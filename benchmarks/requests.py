"""Requests and time of a sync when all, a hundredth or nothing has changed, against the least.

The least is what the API allows: the companies, the newest change of each, and then a request per
120 rows and one per document that changed. The time is that of 60 requests a minute.

Then a first sync of details where a tenth of the orders changed in the last 90 days: after which
part of the time they are all there.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.encoding.base import GenericSingerWriter

from tap_billit import tap as module
from tap_billit.api import rate_limit
from tap_billit.api.rate_limit import RateLimiter
from tap_billit.demo import Account, DemoServer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE = 120
KINDS = {
    "sales_invoice": ("Income", "Invoice"),
    "sales_credit_note": ("Income", "CreditNote"),
    "supplier_invoice": ("Cost", "Invoice"),
    "supplier_credit_note": ("Cost", "CreditNote"),
}
ROWS = tuple(f"{kind}s" for kind in KINDS)
DETAILS = tuple(f"{kind}_details" for kind in KINDS)


class Clock:
    """A clock for the limiter, and the waiting on it."""

    now = 0.0

    def wait(self, seconds: float) -> bool:
        """Time passes, to nobody's cost."""
        self.now += seconds
        return False

    def set(self) -> None:
        """Nobody waits."""


class Writer(GenericSingerWriter[bytes, Any]):
    """Keeps the last STATE, counts the records, and notes when each order came first."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.state: dict[str, Any] = {}
        self.records: Counter[str] = Counter()
        self.came: dict[int, float] = {}
        self._clock = clock

    def serialize_message(self, message: Any) -> bytes:
        """Not needed."""
        raise NotImplementedError

    def write_message(self, message: Any) -> None:
        """Look at the message."""
        said = message.to_dict()
        if said["type"] == "STATE":
            self.state = json.loads(json.dumps(said["value"]))
        elif said["type"] == "RECORD":
            self.records[said["stream"]] += 1
            self.came.setdefault(said["record"]["OrderID"], self._clock.now / 60)


def sync(
    server: DemoServer, streams: Iterable[str], state: dict[str, Any], **config: Any
) -> tuple[Writer, int, float]:
    """A sync: what it wrote, its requests, and its minutes."""
    clock = Clock()
    writer = Writer(clock)
    # A request goes out at once or when the limiter says; nothing else takes time here.
    RateLimiter.clock = lambda _: clock.now  # type: ignore[assignment]
    server.requests.clear()
    module.STREAMS = tuple(each for each in STREAMS if each.name in set(streams))
    tap = module.TapBillit(
        config={"api_url": server.url, "api_key": server.api_key} | config,
        state=state,
        message_writer=writer,
    )
    [adapter] = {*tap.account.client._session.adapters.values()}  # noqa: SLF001
    adapter._limiter._over = clock  # type: ignore[attr-defined] # noqa: SLF001
    tap.sync_all()
    return writer, len(server.requests), clock.now / 60


STREAMS = module.STREAMS


def least(server: DemoServer, records: Mapping[str, int], *, changed: bool) -> int:
    """The fewest requests that can tell what there is to tell."""
    companies = len(server.account.companies)
    pages = sum(-(-records[name] // PAGE) for name in ROWS)
    return 1 + companies + pages * changed + sum(records[name] for name in DETAILS)


def compare(what: str, streams: tuple[str, ...], orders: int, **config: Any) -> None:
    """Three syncs of one account, one after another."""
    begun = datetime(2026, 11, 2, 9, tzinfo=timezone.utc)
    clock = [begun]
    account = Account(orders=orders, companies=1, clock=lambda: clock[0])
    with DemoServer(account) as server:
        company = account.companies[0]["PartyID"]
        state: dict[str, Any] = {}
        for name in ("full", "idle", "1 % changed"):
            if name != "full":
                # Later than the lookback: what was new at the last sync is not read again.
                clock[0] += timedelta(minutes=10)
            if name == "1 % changed":
                for row in account.rows(company)[50::100]:
                    account.change(row["OrderID"], Reference="changed")
            writer, requests, minutes = sync(server, streams, state, **config)
            state = writer.state
            fewest = least(server, writer.records, changed=name != "idle" or bool(writer.records))
            records = sum(writer.records.values())
            print(
                f"{what:28} {name:12} {records:6} records {requests:6} requests"
                f" {requests / fewest:6.2f} x the least {minutes:7.1f} minutes"
            )


def newest_first(orders: int, *, days: int = 90) -> None:
    """A first sync of an account of which a tenth changed lately."""
    now = datetime(2026, 11, 2, 9, tzinfo=timezone.utc)
    account = Account(orders=orders, companies=1, clock=lambda: now)
    start = (now - timedelta(days=days)).isoformat()[:10]
    rows = account.rows(account.companies[0]["PartyID"])
    recent = [row["OrderID"] for row in rows if row["LastModified"] >= start]
    for order in recent[(len(rows) - len(recent)) // 9 :]:
        account.delete(order)
    with DemoServer(account) as server:
        writer, requests, minutes = sync(server, DETAILS, {}, recent_days=days)
    lately = [writer.came[order] for order in recent if order in writer.came]
    print(
        f"documents, newest first: {len(writer.came)} records, {requests} requests, "
        f"{minutes:.1f} minutes; the {len(lately)} of the last {days} days after "
        f"{max(lately):.1f} ({max(lately) / minutes:.1%})"
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few orders, to see that it works")
    parser.add_argument("--orders", type=int, default=5000)
    options = parser.parse_args()
    orders = 300 if options.small else options.orders
    print(f"Some {orders} orders of one company, 60 requests in {rate_limit.WINDOW:.0f} seconds")
    compare("rows", ROWS, orders)
    compare("rows, no refresh_unpaid", ROWS, orders, refresh_unpaid=False)
    compare("documents", DETAILS, orders)
    newest_first(orders)


if __name__ == "__main__":
    main()
