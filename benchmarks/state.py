"""What STATE takes beside the records, in a first sync and in an idle one, by companies.

A STATE tells of all companies and streams; were one written for each of them, its bytes would grow
with the square of their number.
"""

from __future__ import annotations

import argparse
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from typing_extensions import override

from tap_billit.demo import Account, DemoServer
from tap_billit.tap import TapBillit

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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few companies, to see that it works")
    parser.add_argument("--companies", type=int, nargs="+", default=(1, 30, 300))
    options = parser.parse_args()
    for companies in (1, 5) if options.small else options.companies:
        clock = [datetime(2026, 11, 2, 9, tzinfo=timezone.utc)]
        account = Account(
            orders=ORDERS * companies, companies=companies, clock=lambda clock=clock: clock[0]
        )
        state: dict[str, Any] = {}
        with DemoServer(account) as server:
            for name in ("first", "idle"):
                done = sync(server, state)
                state = done.state
                clock[0] += timedelta(minutes=10)
                print(
                    f"{companies:4} companies, {name:5}: {done.messages['STATE']:6} STATE"
                    f" {done.bytes['STATE'] / 1e6:9.3f} MB, beside {done.messages['RECORD']:7}"
                    f" records of {done.bytes['RECORD'] / 1e6:9.3f} MB",
                    flush=True,
                )


if __name__ == "__main__":
    main()
