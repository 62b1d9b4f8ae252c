"""Whole runs of the tap, in this process and over sockets, and what comes out of them."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from unittest import mock

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from typing_extensions import override

from tap_billit.demo import Account
from tap_billit.streams import STREAMS
from tap_billit.tap import TapBillit

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tap_billit.demo import DemoServer

NOW = datetime(2026, 11, 2, 9, tzinfo=timezone.utc)

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder(float_hook=Decimal).decode

Table = dict[Any, dict[str, Any]]


def as_json(value: Any) -> Any:
    """`value` as it comes out at the other end of a pipe."""
    return _decode(_encode(value))


def oauth(server: DemoServer, folder: Path) -> dict[str, str]:
    """The settings of a login that may be renewed, kept in `folder`."""
    return {
        "client_id": server.client_id,
        "client_secret": server.client_secret,
        "refresh_token": server.issue_refresh_token(),
        "token_store": str(folder / "tokens.json"),
    }


def account(*, orders: int = 60, companies: int = 1) -> Account:
    return Account(orders=orders, companies=companies, clock=lambda: NOW)


class Writer(GenericSingerWriter[bytes, Any]):
    """Keeps the messages, as they come out at the other end of a pipe."""

    def __init__(self, then: Callable[[dict[str, Any]], None] | None = None) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []
        self._then = then

    @override
    def serialize_message(self, message: Any) -> bytes:
        return _encode(message.to_dict())

    @override
    def write_message(self, message: Any) -> None:
        self.messages.append(_decode(self.serialize_message(message)))
        if self._then:
            self._then(self.messages[-1])


class Run:
    """A run: its messages, how it failed if it did, and what it logged."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.messages = messages
        self.error: Exception | None = None
        self.log: list[str] = []

    @property
    def said(self) -> str:
        """How it failed, and all that was logged."""
        return "\n".join([*self.log, str(self.error or "")])

    @property
    def state(self) -> dict[str, Any]:
        states = [each["value"] for each in self.messages if each["type"] == "STATE"]
        return states[-1] if states else {}

    def rows(self, stream: str) -> list[dict[str, Any]]:
        return [
            each["record"]
            for each in self.messages
            if each["type"] == "RECORD" and each["stream"] == stream
        ]

    def table(self, stream: str, *before: Run, key: str = "OrderID") -> Table:
        """What a target holds after the runs before and this one."""
        return {row[key]: row for run in (*before, self) for row in run.rows(stream)}


def sync(
    server: DemoServer,
    *streams: str,
    state: dict[str, Any] | None = None,
    then: Callable[[dict[str, Any]], None] | None = None,
    **config: Any,
) -> Run:
    """Run the tap, with these streams alone, against the server; `then` is told each message."""
    if "client_id" not in config:
        config.setdefault("api_key", server.api_key)
    writer = Writer(then)
    run = Run(writer.messages)
    chosen = tuple(each for each in STREAMS if not streams or each.name in streams)
    with (
        _log(run.log),
        mock.patch("singer_sdk.plugin_base.signal.signal"),
        mock.patch("tap_billit.tap.STREAMS", chosen),
    ):
        tap = TapBillit(
            config={"api_url": server.url} | config,
            state=json.loads(json.dumps(state or {})),
            message_writer=writer,
        )
        try:
            tap.sync_all()
        except Exception as error:  # noqa: BLE001  the test's business
            run.error = error
    return run


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.INFO)
        self._lines = lines

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


@contextmanager
def _log(lines: list[str]) -> Generator[None, None, None]:
    logger = logging.getLogger("tap-billit")
    handler, level = _Lines(lines), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
