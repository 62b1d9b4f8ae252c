"""Each rule of the tap is held by a test: without the rule, the test fails.

    HYPOTHESIS_PROFILE=thorough pytest tests/test_mutations.py

runs all mutations of `tests/simulation/mutations.py`, each against the tests that must catch it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit.thorough import IS_LONG
from tests.simulation.mutations import MUTATIONS

if TYPE_CHECKING:
    from tests.simulation.mutating import Mutation

TESTS = Path(__file__).parent
FAILED = pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=repr)
def test_the_text_of_the_tap_is_where_the_mutation_takes_it_to_be(mutation: Mutation) -> None:
    with mutation.apply():
        pass


@pytest.mark.timeout(600)
@pytest.mark.skipif(not IS_LONG, reason="takes minutes")
@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=repr)
def test_the_mutation_is_caught(mutation: Mutation) -> None:
    command = ["-m", "pytest", "-x", "-q", "-p", "tests.simulation.mutating", "--no-header"]
    tests = mutation.caught_by.split()
    run = subprocess.run(  # noqa: S603
        [sys.executable, *command, f"--mutation={mutation.name}", *tests],
        cwd=TESTS,
        env={"HYPOTHESIS_PROFILE": "fast", "PYTHONPATH": str(TESTS.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == FAILED, run.stdout + run.stderr
