"""What STATE takes beside the records, in a first sync and in an idle one, by companies.

A STATE tells of all companies and streams; were one written for each of them, its bytes would grow
with the square of their number.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from typing_extensions import override

from benchmarks import figures
from tap_billit.demo import Account, DemoServer
from tap_billit.tap import TapBillit

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDERS = 50
"""Of each company."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Writer(GenericSingerWriter[bytes, Any]):
    """Counts messages and bytes by type, and keeps the last STATE."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self.state: dict[str, Any] = {}

    @override
    def serialize_message(self, message: Any) -> bytes:
        return _encode(message.to_dict())

    @override
    def write_message(self, message: Any) -> None:
        line = self.serialize_message(message)
        kind = type(message).__name__.removesuffix("Message").upper()
        self.messages[kind] += 1
        self.bytes[kind] += len(line)
        if kind == "STATE":
            self.state = msgspec.json.decode(line)["value"]


def sync(server: DemoServer, state: dict[str, Any]) -> Writer:
    """All streams that are selected by default."""
    writer = Writer()
    config = {"api_url": server.url, "api_key": server.api_key, "requests_per_minute": 10**6}
    TapBillit(config=config, state=state, message_writer=writer).sync_all()
    return writer


def main() -> None:
    """The command."""
    options = figures.Options(__doc__, companies=((1, 30, 300), (1, 5))).chosen()
    columns = ("Companies", "Sync", "STATE messages", "MB of STATE", "Records", "MB of records")
    with figures.table("state", *columns, options=options) as row:
        for companies in options.companies:
            for name, done in syncs(companies):
                row(
                    companies,
                    name,
                    done.messages["STATE"],
                    done.bytes["STATE"] / 1e6,
                    done.messages["RECORD"],
                    done.bytes["RECORD"] / 1e6,
                )


def syncs(companies: int) -> Iterator[tuple[str, Writer]]:
    """The first sync, and one in which nothing has changed."""
    clock = [datetime(2026, 11, 2, 9, tzinfo=timezone.utc)]
    account = Account(orders=ORDERS * companies, companies=companies, clock=lambda: clock[0])
    state: dict[str, Any] = {}
    with DemoServer(account) as server:
        for name in ("first", "idle"):
            done = sync(server, state)
            yield name, done
            state = done.state
            clock[0] += timedelta(minutes=10)


if __name__ == "__main__":
    main()
