"""The race on one login, small; `python -m tests.races` has it in full."""

from __future__ import annotations

import os

import pytest

from tests.races.race import Race
from tests.races.stores import NotHereError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are forked, and killed")


@pytest.mark.parametrize(
    ("store", "stops"),
    [
        ("local", 0),
        pytest.param("postgres", 2, marks=[pytest.mark.long, pytest.mark.postgres]),
        pytest.param("s3", 2, marks=pytest.mark.long),
        pytest.param("azure", 2, marks=pytest.mark.long),
    ],
)
def test_a_race_costs_no_token_but_those_of_the_killed(store: str, stops: int) -> None:
    race = Race(refreshes=8, kills=3, stops=stops, lease=1.5, seconds=200)
    try:
        result = race.run(store)
    except NotHereError as error:
        pytest.skip(str(error))
    assert not result.broken, str(result)
    assert result.refreshes >= 8
