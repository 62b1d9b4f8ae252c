"""Nothing is lost by way of Airbyte either: the tap's histories, with a state for each stream.

A few made-up ones by default; hundreds with `HYPOTHESIS_PROFILE=thorough`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.kit.thorough import IS_LONG
from tests.simulation import runs, stories, stories_recent
from tests.simulation.airbyte import AirbyteHistories, airbyte

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.timeout(7200 if IS_LONG else 300)

TestAirbyteHistories = AirbyteHistories.TestCase
TestAirbyteHistories.settings = settings(max_examples=1000 if IS_LONG else 8)

STORIES = (
    stories.changed_behind_a_killed_run,
    stories.not_readable_for_a_while,
    stories.refused_for_a_while,
    stories.row_cannot_be_written,
    stories.details_cannot_be_written,
    stories.one_of_each,
    stories.paid_today,
    stories.killed_while_it_was_asked,
    stories_recent.read_in_two_rounds,
    stories_recent.killed_in_the_backfill,
)


@pytest.mark.parametrize("history", STORIES)
def test_nothing_is_lost(history: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.kit.history.sync", partial(runs.sync, tap=airbyte))
    history()
