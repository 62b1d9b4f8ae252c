"""What the tests of the demo's server share: its clock, itself, and a client of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_billit.demo import Account, DemoServer
from tests.kit.browser import NOW, Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


@pytest.fixture
def clock() -> list[datetime]:
    return [NOW]


@pytest.fixture
def server(clock: list[datetime]) -> Iterator[DemoServer]:
    with DemoServer(Account(clock=lambda: clock[0])) as server:
        yield server


@pytest.fixture
def client(server: DemoServer) -> Iterator[Client]:
    client = Client(server)
    with client.session:
        yield client
