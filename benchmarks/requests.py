"""Requests, bytes and time of a sync of all streams, against the least that can tell the same.

The least is what the API allows: the companies; of each, the newest change of its orders, parties
and products, and a look at the lists that have none; then a request per 120 rows, each order listed
once for all its streams, and one per order in detail. The time is that of 60 requests a minute.

Then a first sync of details where a tenth of the orders changed in the last 90 days: after which
part of the time they are all there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import product
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from typing_extensions import override

from benchmarks import figures
from tap_billit import tap as module
from tap_billit.api.rate_limit import RateLimiter
from tap_billit.demo import Account, DemoServer

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator, Mapping

    from tap_billit.demo import Reply, Request

STREAMS = module.STREAMS
PAGE = 120
KINDS = ("sales_invoice", "sales_credit_note", "supplier_invoice", "supplier_credit_note")
ORDERS = ("orders", *(f"{kind}s" for kind in KINDS))
DETAILS = tuple(f"{kind}_details" for kind in KINDS)
CHANGED = ("parties", "products")
WHOLE = ("deleted_orders", "documents", "financial_transactions")

AN_EVENING = datetime(2026, 11, 1, 22, tzinfo=timezone.utc)
"""When nothing happens by itself."""

RECENT_DAYS = 90

_encode = msgspec.json.Encoder(decimal_format="number").encode


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
    """Keeps the last STATE, counts bytes and records, and notes when each order came first."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.came: dict[int, float] = {}
        self.state: dict[str, Any] = {}
        self.records: dict[int, Counter[str]] = defaultdict(Counter)
        self.orders: dict[int, set[int]] = defaultdict(set)
        self.bytes = 0

    @override
    def serialize_message(self, message: Any) -> bytes:
        return _encode(message.to_dict())

    @override
    def write_message(self, message: Any) -> None:
        line = self.serialize_message(message)
        self.bytes += len(line)
        said = msgspec.json.decode(line)
        if said["type"] == "STATE":
            self.state = said["value"]
        elif said["type"] == "RECORD":
            record, stream = said["record"], said["stream"]
            company = record.get("CompanyID") or record["PartyID"]
            self.records[company][stream] += 1
            if stream in ORDERS:
                self.orders[company].add(record["OrderID"])
            elif stream in DETAILS:
                self.came.setdefault(record["OrderID"], self._clock.now / 60)


class Server(DemoServer):
    """Counts the bytes of its answers."""

    sent = 0

    @override
    def answer(self, request: Request) -> Reply:
        reply = super().answer(request)
        self.sent += len(reply.content())
        return reply


@dataclass
class Sync:
    """A sync: what it wrote, and what it took."""

    writer: Writer
    requests: int
    read: int
    minutes: float

    @property
    def least(self) -> int:
        """The fewest requests that can tell what there is to tell."""
        return 1 + sum(map(self._least_of, self.writer.records))

    def _least_of(self, company: int) -> int:
        records = self.writer.records[company]
        return (
            _pages(len(self.writer.orders[company]))
            + sum(records[name] for name in DETAILS)
            + sum(_pages(records[name]) for name in CHANGED)
            + sum(max(1, _pages(records[name])) for name in WHOLE)
            + 1
            + len(CHANGED)
        )


def _pages(rows: int) -> int:
    return -(-rows // PAGE)


def sync(
    server: Server, state: Mapping[str, Any], *, streams: Iterable[str] = (), **config: Any
) -> Sync:
    """A sync of these streams, or of all that are selected by default."""
    clock = Clock()
    writer = Writer(clock)
    names = {*streams} or {each.name for each in STREAMS}
    module.STREAMS = tuple(each for each in STREAMS if each.name in names)
    # A request goes out at once or when the limiter says; nothing else takes time here.
    RateLimiter.clock = lambda _: clock.now  # type: ignore[assignment]
    server.requests.clear()
    server.sent = 0
    tap = module.TapBillit(
        config={"api_url": server.url, "api_key": server.api_key} | config,
        state=dict(state),
        message_writer=writer,
    )
    [adapter] = {*tap.account.client._session.adapters.values()}  # noqa: SLF001
    adapter._limiter._over = clock  # type: ignore[attr-defined] # noqa: SLF001
    tap.sync_all()
    return Sync(writer, len(server.requests), server.sent, clock.now / 60)


def syncs(companies: int, orders: int, config: dict[str, Any]) -> Iterator[tuple[str, Sync]]:
    """Three syncs of one account, one after another."""
    clock = [AN_EVENING]
    account = Account(orders=orders, companies=companies, clock=lambda: clock[0])
    state: dict[str, Any] = {}
    with Server(account) as server:
        for name in ("full", "nothing changed", "1 % changed"):
            if name != "full":
                # Later than the lookback: what was new at the last sync is not read again.
                clock[0] += timedelta(minutes=10)
            if name == "1 % changed":
                for company in account.companies:
                    for row in account.rows(company["PartyID"])[50::100]:
                        account.change(row["OrderID"], Reference="changed")
            done = sync(server, state, **config)
            yield name, done
            state = done.writer.state


def newest_first(orders: int) -> tuple[Sync, list[float]]:
    """A first sync of an account of which a tenth changed lately, and when that tenth was there."""
    now = datetime(2026, 11, 2, 9, tzinfo=timezone.utc)
    account = Account(orders=orders, companies=1, clock=lambda: now)
    start = (now - timedelta(days=RECENT_DAYS)).isoformat()[:10]
    rows = account.rows(account.companies[0]["PartyID"])
    recent = [row["OrderID"] for row in rows if row["LastModified"] >= start]
    for order in recent[(len(rows) - len(recent)) // 9 :]:
        account.delete(order)
    with Server(account) as server:
        done = sync(server, {}, streams=DETAILS, recent_days=RECENT_DAYS)
    came = done.writer.came
    return done, [came[order] for order in recent if order in came]


def compare(options: Namespace) -> None:
    """The first table."""
    columns = (
        "Companies",
        "`refresh_unpaid_hours`",
        "Sync",
        "Records",
        "Requests",
        "Times the least",
    )
    columns += ("MB read", "MB written", "Minutes")
    with figures.table("requests", *columns, options=options) as row:
        for companies, hours in product(options.companies, (0, 24)):
            config = {"refresh_unpaid_hours": hours}
            for name, done in syncs(companies, options.orders, config):
                records = sum(map(Counter.total, done.writer.records.values()))
                row(
                    companies,
                    hours,
                    name,
                    records,
                    done.requests,
                    done.requests / done.least,
                    done.read / 1e6,
                    done.writer.bytes / 1e6,
                    done.minutes,
                )


def main() -> None:
    """The command."""
    options = figures.Options(__doc__, orders=(5000, 300), companies=((1, 50), (1, 5))).chosen()
    compare(options)
    columns = ("Orders", "Recent", "Requests", "Minutes", "The recent ones after", "Of the time")
    with figures.table("requests-recent", *columns, options=options) as row:
        done, recent = newest_first(options.orders)
        part = f"{max(recent) / done.minutes:.1%}"
        row(len(done.writer.came), len(recent), done.requests, done.minutes, max(recent), part)


if __name__ == "__main__":
    main()
