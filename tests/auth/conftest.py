"""What the tests of a login share: a demo without orders, and a token store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.demo import empty_demo
from tests.kit.login import store_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tap_billit.demo.server import DemoServer
    from tap_billit.tokens.store import TokenStore


@pytest.fixture
def demo() -> Generator[DemoServer, None, None]:
    with empty_demo() as server:
        yield server


@pytest.fixture
def store(demo: DemoServer, tmp_path: Path) -> TokenStore:
    return store_of(demo, tmp_path / "state" / "tokens.json")
