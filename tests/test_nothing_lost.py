"""Nothing is lost: thousands of made-up histories of an account that changes under the tap.

The fast suite tries a few dozen. All of them take a quarter of an hour:

    HYPOTHESIS_PROFILE=thorough pytest tests/test_nothing_lost.py

`tests.simulation` holds the parts: `world` what changes, `runs` one run of the tap, `targets` what
loaders keep, `promise` what is checked, `machine` the rules.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.machine import Histories
from tests.simulation.mutations import FOUND_LATE, FOUND_SOON
from tests.simulation.promise import BrokenPromiseError

TestHistories = Histories.TestCase


LONG = pytest.mark.skipif(settings().max_examples < 1000, reason="takes minutes")


@pytest.mark.parametrize(
    "mutation", [*FOUND_SOON, *(pytest.param(each, marks=LONG) for each in FOUND_LATE)]
)
def test_the_machine_bites(mutation: Any) -> None:
    """Chance finds these; short histories that catch these and more stand in test_histories.py."""
    tries = settings(phases=[Phase.generate], database=None, derandomize=True, max_examples=1500)
    with mutation(), pytest.raises(BrokenPromiseError):
        run_state_machine_as_test(Histories, settings=tries)
