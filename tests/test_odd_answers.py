"""One odd thing costs only itself: any answer of Billit is replaced by an odd one.

The fast suite tries a dozen. Two thousand, in parts, take an hour of two cores:

    HYPOTHESIS_PROFILE=thorough pytest -n auto tests/test_odd_answers.py

`tests.simulation` holds the parts: `odd_answers` and `odd_connections` the catalogue, `odd_world`
whose answers are odd and how often, `odd_reach` what depends on them, `odd_promise` the checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, note, settings
from hypothesis import strategies as st

from tests.kit.thorough import IS_LONG, PARTS
from tests.simulation import odd, odd_answers
from tests.simulation.odd_connections import connections
from tests.simulation.odd_promise import check_healed_run, check_odd_run
from tests.simulation.odd_world import MEANWHILE, PLACES, Oddity, OddSockets, OddWorld

if TYPE_CHECKING:
    from tests.simulation.odd import Odd
    from tests.simulation.odd_reach import Reach


def whatever(odds: list[Odd]) -> Any:
    """One of these, whatever the normal answer is."""
    return st.sampled_from(odds).map(lambda odd: lambda _: odd)


def oddities(answers: Any) -> Any:
    """Some of Billit's answers are such."""
    return st.builds(
        Oddity,
        place=st.sampled_from(PLACES),
        company=st.integers(0, 1),
        item=st.integers(0, 6),
        number=st.integers(0, 5),
        lasts=st.booleans(),
        make=answers,
    )


def answering(status: int) -> Any:
    """An error with that status."""
    (odd_answer, *_) = (each for each in odd.refusals() if each.status == status)
    return lambda _: odd_answer


def connection(name: str) -> Any:
    """The odd connection of that name."""
    (odd,) = (each for each in connections() if each.name == f"connection: {name}")
    return lambda _: odd


values = st.builds(odd.value_at, st.integers(0, 400), st.sampled_from(odd_answers.VALUES))
answers = st.one_of(
    values,
    whatever(odd.refusals()),
    whatever(odd.others()),
    whatever(odd.pages()),
    whatever(odd.writings()),
)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.timeout(3600 if IS_LONG else 600)
@settings(max_examples=100 if IS_LONG else 12)
@given(
    oddity=oddities(answers),
    synced=st.booleans(),
    runs=st.integers(1, 2),
    retry_minutes=st.sampled_from((0, 0, 15)),
)
@example(oddity=Oddity("a company", make=answering(429)), synced=False, runs=1, retry_minutes=15)
@example(oddity=Oddity("an order", make=answering(404)), synced=True, runs=2, retry_minutes=0)
def test_one_odd_thing_costs_only_itself(
    *,
    part: int,  # noqa: ARG001
    oddity: Oddity,
    synced: bool,
    runs: int,
    retry_minutes: int,
) -> None:
    play(OddWorld(synced=synced), oddity, runs=runs, retry_minutes=retry_minutes)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.timeout(3600 if IS_LONG else 600)
@settings(max_examples=15 if IS_LONG else 2)
@given(oddity=oddities(whatever(connections())), synced=st.booleans())
@example(oddity=Oddity("an order", make=connection("chunks of a negative size")), synced=False)
@example(oddity=Oddity("a file", make=connection("two lengths")), synced=False)
def test_one_odd_connection_costs_only_its_answer(
    *,
    part: int,  # noqa: ARG001
    oddity: Oddity,
    synced: bool,
) -> None:
    play(OddSockets(synced=synced), oddity, runs=1, retry_minutes=1)


def play(odd_world: OddWorld, oddity: Oddity, *, runs: int, retry_minutes: int) -> None:
    """Runs with odd answers while the account goes on, then one when all is well again."""
    reaches: list[Reach] = []
    for _ in range(runs):
        run = odd_world.sync(oddity, retry_minutes=retry_minutes)
        note(f"odd: {odd_world.events[:3]}; ended with: {run.error}")
        reaches = check_odd_run(odd_world, oddity, run, patience=retry_minutes, before=reaches)
        odd_world.world.apply(MEANWHILE)
    check_healed_run(odd_world, odd_world.sync(), reaches=reaches)
