"""A run of the tap in this process, against a demo: what it wrote, asked and logged."""

from __future__ import annotations

import logging
from collections import defaultdict
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest import mock

import msgspec
from typing_extensions import override

from tap_billit.tap import TapBillit
from tap_billit.writer import LineWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from singer_sdk.singerlib import RecordMessage

    from tap_billit.demo import DemoServer, Request

Json = dict[str, Any]
Table = dict[Any, Json]

UNHURRIED = {"requests_per_minute": 100_000}

_encode = msgspec.json.Encoder(decimal_format="number").encode
exactly = msgspec.json.Decoder(float_hook=Decimal).decode
_decode_digits = msgspec.json.Decoder(float_hook="{} exactly".format).decode


def as_json(value: Any) -> Any:
    """`value` as it comes out at the other end of a pipe."""
    return exactly(_encode(value))


def digits(value: Any) -> Any:
    """`value` with each decimal as its text, so that 1.00000 and 1.0 differ."""
    return _decode_digits(_encode(value))


def ids(records: Iterable[Json], key: str = "OrderID") -> list[int]:
    return [record[key] for record in records]


class Run:
    """One run: its messages and requests, how it failed if it did, and what it logged."""

    def __init__(self, messages: Iterable[Json] = ()) -> None:
        self.messages = [*messages]
        self.requests: list[Request] = []
        self.log: list[str] = []
        self.error: Exception | None = None
        self.complete = False

    @property
    def said(self) -> str:
        """How it failed, and all that was logged."""
        return "\n".join([*self.log, str(self.error or "")])

    @property
    def records(self) -> dict[str, list[Json]]:
        """The records of each stream."""
        records = defaultdict(list)
        for message in self.messages:
            if message["type"] == "RECORD":
                records[message["stream"]].append(message["record"])
        return records

    @property
    def state(self) -> Json:
        """The last STATE."""
        states = (each["value"] for each in reversed(self.messages) if each["type"] == "STATE")
        return next(states, {})

    def partition(self, stream: str, company: int) -> Json:
        """The last state of a company in a stream."""
        partitions: list[Json] = self.state["bookmarks"][stream]["partitions"]
        return next(each for each in partitions if each["context"] == {"CompanyID": company})

    def queries(self, path: str = "/v1/orders", company: int | None = None) -> list[Json]:
        """What was asked of a list, one query a request."""
        return [
            request.query
            for request in self.requests
            if request.path == path and company in {None, int(request.party_id or 0)}
        ]

    def table(self, stream: str, *before: Run, key: str = "OrderID") -> Table:
        """What a target holds after the runs before and this one."""
        return {row[key]: row for run in (*before, self) for row in run.records[stream]}


class Collector(LineWriter):
    """The tap's own writer, but for where the messages go; `then` is told each of them."""

    def __init__(self, messages: list[Json], then: Callable[[Json], object] | None = None) -> None:
        super().__init__()
        self._messages, self._then = messages, then

    @override
    def write_message(self, message: Any) -> None:
        line = bytes(self.format_message(message))
        self._messages.append(_schema(line) if message.type == "SCHEMA" else exactly(line))
        if self._then:
            self._then(self._messages[-1])

    @override
    def write_records(self, message: RecordMessage, records: Iterable[msgspec.Raw]) -> None:
        for record in records:
            self.write_message(replace(message, record=record))  # type: ignore[arg-type]


@cache
def _schema(line: bytes) -> Any:
    """A SCHEMA; a run has few of them, and they take half of its time."""
    return exactly(line)


def sync(
    demo: DemoServer,
    *streams: str,
    state: Json | None = None,
    catalog: Json | None = None,
    then: Callable[[Json], object] | None = None,
    **config: Any,
) -> Run:
    """Sync these streams (or what `catalog` selects, or all): a run, even if it failed.

    It has the demo's API key, but where the config has a client. `then` is told each message.
    """
    run, before = Run(), len(demo.requests)
    login = {} if "client_id" in config else {"api_key": demo.api_key}
    with logged_to(_Lines(run.log)), mock.patch("singer_sdk.plugin_base.signal.signal"):
        tap = TapBillit(
            config={"api_url": demo.url} | login | UNHURRIED | config,
            state=deepcopy(state),
            catalog=catalog_of(*streams) if streams else catalog,
            message_writer=Collector(run.messages, then),
        )
        try:
            tap.sync_all()
            run.complete = True
        except Exception as error:  # noqa: BLE001  the test's business
            run.error = error
    run.requests = demo.requests[before:]
    return run


class Runner:
    """`sync` against one demo; a run that fails raises, and is kept as `last`."""

    def __init__(self, demo: DemoServer) -> None:
        self.demo = demo
        self.last = Run()

    def __call__(self, *streams: str, **how: Any) -> Run:
        self.last = sync(self.demo, *streams, **how)
        if self.last.error:
            raise self.last.error
        return self.last


@cache
def _catalog() -> Json:
    return TapBillit(config={"environment": "demo", "files_url": "memory://files"}).catalog_dict


def catalog_of(*selected: str) -> Json:
    """A catalog that has these streams alone, selected."""
    entries = [each for each in _catalog()["streams"] if each["tap_stream_id"] in selected]
    for entry in (entries := deepcopy(entries)):
        metadata_of(entry)["selected"] = True
    return {"streams": entries}


def metadata_of(entry: Json, *breadcrumb: str) -> Json:
    """The metadata of a stream, or of a property in it."""
    found: Json = next(m for m in entry["metadata"] if m["breadcrumb"] == list(breadcrumb))
    metadata: Json = found["metadata"]
    return metadata


class _Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.INFO)
        self._lines = lines

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


@contextmanager
def logged_to(handler: logging.Handler) -> Generator[None, None, None]:
    """The tap's log, from INFO on, goes to `handler`, too."""
    logger = logging.getLogger("tap-billit")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
