"""The fixtures that most tests share, and Hypothesis' profiles.

`HYPOTHESIS_PROFILE=thorough pytest` has Hypothesis try harder.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tap_billit.demo import Account, DemoServer
from tests.kit.client import client_of
from tests.kit.command import Command
from tests.kit.demo import Clock, Waits
from tests.kit.demo import account as one_company
from tests.kit.run import Runner

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tap_billit.api.client import BillitClient

settings.register_profile(
    "fast",
    max_examples=60,
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("thorough", settings.get_profile("fast"), max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))

# What the SDK writes to standard error on the oldest Python; pyproject.toml has the same for here.
os.environ.setdefault("PYTHONWARNINGS", "ignore:Python 3.10 reached its end of life")

# Under nohup or in the background signals are ignored, and so would the taps started here.
for _name in ("SIGHUP", "SIGINT", "SIGQUIT"):
    if (_signal := getattr(signal, _name, None)) and signal.getsignal(_signal) == signal.SIG_IGN:
        signal.signal(_signal, signal.default_int_handler if _name == "SIGINT" else signal.SIG_DFL)


def pytest_xdist_auto_num_workers() -> int:
    """More than there are cores: many tests wait, for processes that they start."""
    cores = os.cpu_count() or 1
    return cores + max(1, cores // 2)


FIRST = ("test_models.py", "test_postgres.py", "test_definition.py", "test_odd_answers.py")
"""The files with the longest tests: begun late, they would be waited for at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in FIRST)


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
def server() -> Generator[DemoServer, None, None]:
    """One company with 60 orders, ten rows a page."""
    with DemoServer(one_company(), page_size=10) as server:
        yield server


@pytest.fixture
def client(demo: DemoServer) -> Generator[BillitClient, None, None]:
    with client_of(demo) as client:
        yield client


@pytest.fixture
def run(demo: DemoServer) -> Runner:
    return Runner(demo)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """The waiting between tries; nobody really waits."""
    waits = Waits()
    clock = SimpleNamespace(sleep=waits.sleep, monotonic=waits.monotonic)
    monkeypatch.setattr("backoff._sync.time", clock)
    monkeypatch.setattr("backoff._common.time", clock)
    monkeypatch.setattr("tap_billit.api.retry.monotonic", clock.monotonic)
    monkeypatch.setattr("tap_billit.api.rate_limit.RateLimiter.hold", lambda *_: None)
    return waits


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
