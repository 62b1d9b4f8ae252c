"""Nothing is lost: thousands of made-up histories of an account that changes under the tap.

The fast suite tries a few dozen. Five thousand, in parts, take an hour of two cores:

    HYPOTHESIS_PROFILE=thorough pytest -n auto tests/test_nothing_lost.py

CONTRIBUTING ("Long runs") has the other proofs, and how a counterexample becomes a test in
`test_histories.py`. `tests.simulation` holds the parts: `world` what changes, `runs` one run of the
tap, `targets` what loaders keep, `promise` what is checked, `machine` the rules.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.kit.thorough import IS_LONG, PARTS
from tests.simulation.machine import Histories
from tests.simulation.mutations import MUTATIONS
from tests.simulation.promise import BrokenPromiseError

FOUND_SOON = ("supplier_credit_notes_as_income",)
FOUND_LATE = (
    "no_lookback",
    "unsettled_mark",
    "nothing_reread",
    "no_fresh_walk",
    "bookmark_is_largest_seen",
    "gt",
    "offset_paging",
)
"""By how many made-up histories it takes until one of them catches it."""

LONG = pytest.mark.skipif(not IS_LONG, reason="takes minutes")
pytestmark = pytest.mark.timeout(3600 if IS_LONG else 600)


@pytest.mark.parametrize("part", PARTS)
def test_no_history_breaks_the_promise(part: int) -> None:  # noqa: ARG001
    tries = settings(max_examples=settings().max_examples // len(PARTS))
    run_state_machine_as_test(Histories, settings=tries)


@pytest.mark.parametrize(
    "mutation", [*FOUND_SOON, *(pytest.param(each, marks=LONG) for each in FOUND_LATE)]
)
def test_the_machine_bites(mutation: str) -> None:
    """Chance finds these; short histories that catch these and more stand in test_histories.py."""
    tries = settings(phases=[Phase.generate], database=None, derandomize=True, max_examples=1500)
    with MUTATIONS[mutation].apply(), pytest.raises(BrokenPromiseError):
        run_state_machine_as_test(Histories, settings=tries)
