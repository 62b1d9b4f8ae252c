"""What most tests share: a made-up account behind real sockets, and runs of the tap against it.

`HYPOTHESIS_PROFILE=thorough pytest` has Hypothesis try harder.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections import defaultdict
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from typing_extensions import override

from tap_billit.demo.account import Account
from tap_billit.demo.server import DemoServer
from tap_billit.tap import TapBillit
from tap_billit.writer import LineWriter

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

    from tap_billit.demo.messages import Request

settings.register_profile(
    "fast",
    max_examples=60,
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("thorough", settings.get_profile("fast"), max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

Json = dict[str, Any]

as_written = msgspec.json.Decoder(float_hook=str).decode
"""JSON with each decimal as its text, so that 1.00000 and 1.0 differ."""

_encode = msgspec.json.Encoder(decimal_format="number").encode

UNHURRIED = {"requests_per_minute": 100_000}


def written(value: Any) -> Any:
    """`value` as JSON says it, each decimal as its text."""
    return as_written(_encode(value))


class Clock:
    """The time, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 10, 1, 12, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class Run:
    """What one run of the tap wrote, and what it asked."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.requests: list[Request] = []

    @property
    def messages(self) -> list[Json]:
        return [as_written(line) for line in self.lines]

    @property
    def records(self) -> dict[str, list[Json]]:
        """The records of each stream, each decimal as its text."""
        records = defaultdict(list)
        for message in self.messages:
            if message["type"] == "RECORD":
                records[message["stream"]].append(message["record"])
        return records

    @property
    def state(self) -> Json:
        """The last STATE."""
        return next(m["value"] for m in reversed(self.messages) if m["type"] == "STATE")

    def partition(self, stream: str, company: int) -> Json:
        """The last state of a company in a stream."""
        partitions = self.state["bookmarks"][stream]["partitions"]
        return next(each for each in partitions if each["context"] == {"CompanyID": company})

    def queries(self, path: str = "/v1/orders", company: int | None = None) -> list[Json]:
        """What was asked of a list, one query a request."""
        return [
            request.query
            for request in self.requests
            if request.path == path and company in {None, int(request.party_id or 0)}
        ]


class Collector(LineWriter):
    """The tap's own writer, but for where the lines go."""

    def __init__(self, lines: list[bytes]) -> None:
        super().__init__()
        self._lines = lines

    @override
    def write_message(self, message: Any) -> None:
        self._lines.append(bytes(self.format_message(message)))


@cache
def _catalog() -> Json:
    return TapBillit(config={"environment": "demo"}).catalog_dict


def catalog_of(*selected: str) -> Json:
    """A catalog that has these streams alone, selected."""
    entries = [each for each in _catalog()["streams"] if each["tap_stream_id"] in selected]
    for entry in (entries := deepcopy(entries)):
        metadata_of(entry)["selected"] = True
    return {"streams": entries}


def metadata_of(entry: Json, *breadcrumb: str) -> Json:
    """The metadata of a stream, or of a property in it."""
    found: Json = next(m for m in entry["metadata"] if m["breadcrumb"] == list(breadcrumb))
    return found["metadata"]


class Runner:
    """Runs the tap in this process against `demo`; `last` is the latest run, even if it failed."""

    def __init__(self, demo: DemoServer) -> None:
        self.demo = demo
        self.last = Run()

    def __call__(
        self,
        *streams: str,
        state: Json | None = None,
        catalog: Json | None = None,
        **config: Any,
    ) -> Run:
        """Sync these streams (or what `catalog` selects, or all) with the API key."""
        run = self.last = Run()
        before = len(self.demo.requests)
        try:
            tap = TapBillit(
                config={"api_url": self.demo.url, "api_key": self.demo.api_key}
                | UNHURRIED
                | config,
                state=deepcopy(state),
                catalog=catalog_of(*streams) if streams else catalog,
                message_writer=Collector(run.lines),
            )
            tap.sync_all()
        finally:
            run.requests = self.demo.requests[before:]
        return run


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def account(clock: Clock) -> Account:
    """Two companies with some 80 orders, all kinds of them."""
    return Account(companies=2, orders=80, clock=clock)


@pytest.fixture
def demo(account: Account) -> Generator[DemoServer, None, None]:
    """The account's API, ten rows a page."""
    with DemoServer(account, page_size=10) as server:
        yield server


@pytest.fixture
def run(demo: DemoServer) -> Runner:
    return Runner(demo)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds waited between tries; nobody really waits."""
    seconds: list[float] = []
    monkeypatch.setattr("backoff._sync.time", SimpleNamespace(sleep=seconds.append))
    return seconds


class Outcome(NamedTuple):
    """How the command ended, what it printed, and what it logged: problems apart."""

    status: Any
    printed: str
    problems: list[str]
    log: str


class Command:
    """The command `tap-billit` in this process."""

    def __init__(self, capsys: Any, caplog: Any) -> None:
        self._capsys, self._caplog = capsys, caplog

    def __call__(self, *arguments: str) -> Outcome:
        self._caplog.clear()
        self._caplog.set_level(logging.INFO)
        with warnings.catch_warnings(), pytest.raises(SystemExit) as end:
            TapBillit.get_singer_command().main(list(arguments), prog_name="tap-billit")
        assert not [record for record in self._caplog.records if record.exc_info], "a traceback"
        problems = [r.getMessage() for r in self._caplog.records if r.levelno >= logging.ERROR]
        printed = self._capsys.readouterr()
        return Outcome(end.value.code, printed.out, problems, self._caplog.text + printed.err)


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Generator[Command, None, None]:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.chdir(tmp_path)
    yield Command(capsys, caplog)
    logging.captureWarnings(capture=False)


def ids(records: Iterable[Json], key: str = "OrderID") -> list[int]:
    return [record[key] for record in records]
