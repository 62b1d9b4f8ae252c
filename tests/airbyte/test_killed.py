"""Three hundred kills of `source-billit read` at random messages, each resumed as a client would.

Ten minutes, with `HYPOTHESIS_PROFILE=thorough`; `test_nothing_lost.py` has the same without
processes.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests.kit.airbyte import Source, message, process, source_of
from tests.kit.expected import KEYS, companies_of, expected
from tests.simulation.promise import COMPUTED

if TYPE_CHECKING:
    from pathlib import Path

    from tap_billit.demo import Account, DemoServer
    from tests.kit.demo import Clock
    from tests.kit.run import Json

KILLS = 300
IN_A_ROW = 12
"""Kills until a sync may complete, and the next one begins without a state."""

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="processes are killed"),
    pytest.mark.skipif(settings().max_examples < 1000, reason="takes minutes"),
    pytest.mark.timeout(7200),
]


class Client:
    """What a client of Airbyte's keeps: a table for each stream, and its last state."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.tables: dict[str, dict[Any, Json]] = {stream: {} for stream in KEYS}
        self._states: Json = {}

    def read(self, messages: int | None = None) -> bool:
        """Sync from the last states, and kill it after so many messages; whether it was killed."""
        with process(self._source, state=[*self._states.values()]) as running:
            for count, line in enumerate(running.out):
                if count == messages:
                    running.process.kill()
                    return True
                self._take(message(line))
            assert running.process.wait() == 0
            return False

    def _take(self, said: Json) -> None:
        if said["type"] == "STATE":
            self._states[said["state"]["stream"]["stream_descriptor"]["name"]] = said["state"]
        if said["type"] == "RECORD":
            stream, row = said["record"]["stream"], said["record"]["data"]
            self.tables[stream][tuple(row[key] for key in KEYS[stream])] = row


def is_equal(tables: dict[str, dict[Any, Json]], account: Account) -> bool:
    """Whether each row that the account has is there, as it is now."""
    return all(
        lasting(tables[stream].get(tuple(row[key] for key in KEYS[stream]), {})) == lasting(row)
        for stream in KEYS
        for company in companies_of(account)
        for row in expected(account, stream, company)
    )


def lasting(row: Json) -> Json:
    return {name: value for name, value in row.items() if name not in COMPUTED}


def test_three_hundred_kills(
    demo: DemoServer, account: Account, clock: Clock, tmp_path: Path
) -> None:
    source, chance, kills = source_of(demo, tmp_path), random.Random(7), 0  # noqa: S311
    while kills < KILLS:
        client = Client(source)
        for _ in range(IN_A_ROW):
            kills += client.read(int(2 ** chance.uniform(0, 9.5)))
            clock.forward(hours=chance.choice((0, 0, 1, 30)))
        client.read()
        assert is_equal(client.tables, account)
