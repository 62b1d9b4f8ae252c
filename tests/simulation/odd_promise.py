"""The promise in a world of odd answers: one odd thing costs only itself.

After a run in which answers were odd: it ended with success or with a sentence, and with success
only if nothing is missing. What does not depend on the odd answers is in the tables, as Billit has
it. No record stops a loader. After all is well again, one more run is complete.

What no client can tell from a true answer is believed (a list that says that it is empty). A value
that is odd is written as it could be read, and stays so until its record changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulation.loaders import check_records
from tests.simulation.odd_reach import reaches_of
from tests.simulation.promise import COMPUTED, BrokenPromiseError, differences
from tests.simulation.tables import ALL, DETAILS, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.run import Run
    from tests.simulation.odd_reach import Reach
    from tests.simulation.odd_world import Oddity, OddWorld

LONGEST_SENTENCE = 3000
OUTAGES = {"everything", "all orders"}
"""Places whose oddity may end the run: much more depends on them."""


def check_odd_run(
    odd_world: OddWorld, oddity: Oddity, run: Run, *, patience: int, before: list[Reach]
) -> list[Reach]:
    """Raise where a run with odd answers broke the promise; what depends on them so far.

    `before` depended on odd answers of earlier runs: what lasts of those is what was believed.
    """
    now = [reach for event in odd_world.events for reach in reaches_of(odd_world.world, event)]
    reaches = now + [each for each in before if each.believed or each.names]
    for stream, company, key, names in _gaps(odd_world):
        gap = f"{stream} {key} of {company} is {'missing' if names is None else f'odd in {names}'}"
        mine = [reach for reach in reaches if reach.has(stream, company, key)]
        if oddity.place not in OUTAGES and not _is_explained(names, mine):
            raise BrokenPromiseError(f"{gap}, though nothing of it was odd; {run.error}")
        if not run.error and not any(r.believed or r.excuses(names) for r in mine):
            raise BrokenPromiseError(f"{gap}, and the run did not say so")
    _check_end(odd_world, oddity, run, patience=patience)
    check_records(run.messages)
    return reaches


def _check_end(odd_world: OddWorld, oddity: Oddity, run: Run, *, patience: int) -> None:
    odd = [event.odd for event in odd_world.events]
    passed = patience and not oddity.lasts and all(each.passes for each in odd)
    if run.error and (passed or all(each.whole for each in odd)):
        raise BrokenPromiseError(f"nothing was missing, and the run failed: {run.error}")
    if run.error and len(str(run.error)) > LONGEST_SENTENCE:
        raise BrokenPromiseError(f"a sentence of {len(str(run.error))} characters")


def check_healed_run(odd_world: OddWorld, run: Run, *, reaches: list[Reach]) -> None:
    """Raise where a run after all oddity is not complete; `reaches` are of the runs before."""
    if run.error:
        raise BrokenPromiseError(f"all is well again, and the run failed: {run.error}")
    for stream, company, key, names in _gaps(odd_world):
        mine = [reach for reach in reaches if reach.has(stream, company, key)]
        believed = any(each.believed for each in mine) and stream != "deleted_orders"
        if not believed and not any(each.excuses(names) for each in mine):
            what = "missing" if names is None else f"odd in {names}"
            raise BrokenPromiseError(f"{stream} {key} is {what} after all is well again")
    check_records(run.messages)


def _is_explained(names: set[str] | None, reaches: list[Reach]) -> bool:
    return any(each.names is None or each.excuses(names) for each in reaches)


def _gaps(odd_world: OddWorld) -> Iterator[tuple[str, int, Any, set[str] | None]]:
    """What the tables lack: the record, or with it the properties that differ."""
    world, tables = odd_world.world, odd_world.target.tables
    for stream in ALL:
        have = tables.get(stream, {})
        for company in world.companies:
            for key, row in table(world, stream, company).items():
                if key not in have:
                    yield stream, company, key, None
                elif differs := differences(have[key], row, _compared(stream, have[key], row)):
                    yield stream, company, key, set(differs)


def _compared(stream: str, have: dict[str, Any], want: dict[str, Any]) -> set[str]:
    names = set(want) if stream == "invoice_files" else have.keys() | want.keys()
    return names - set(COMPUTED if stream in DETAILS else ())
