"""What the tests of `tap-billit-login` share: a demo whose clock moves, and a person."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from tap_billit.demo.account import Account
from tap_billit.demo.server import DemoServer
from tests.kit.person import Person

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@pytest.fixture
def clock() -> list[datetime]:
    return [datetime(2026, 10, 1, 12, tzinfo=timezone.utc)]


@pytest.fixture
def demo(clock: list[datetime]) -> Generator[DemoServer, None, None]:
    with DemoServer(Account(orders=0, companies=2, clock=lambda: clock[0])) as server:
        yield server


@pytest.fixture
def person(demo: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    for name in [name for name in os.environ if name.startswith("TAP_BILLIT_")]:
        monkeypatch.delenv(name)
    person = Person(demo, tmp_path)
    monkeypatch.setattr("webbrowser.open", person.browses)
    return person
