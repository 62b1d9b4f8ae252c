"""Histories of lists that Billit does not filter: what is new, what changes, what vanishes."""

from __future__ import annotations

from tap_billit.demo.dialect import Dialect
from tests.kit.history import MINUTE, History
from tests.simulation.promise import check
from tests.simulation.targets import BufferedByStream
from tests.simulation.world import DAY, Add, Edit, Remove, Wait

DATED = ("documents", "financial_transactions")


def history_of_lists(*, versions: bool = False) -> History:
    """Old rows and young ones, in both lists, read once."""
    history = History(streams=DATED, companies=2, emit_activate_version_messages=versions)
    for name in DATED:
        history.billit(Add(name, times=5, days=90), Add(name, times=5, days=30), Add(name, times=3))
        history.billit(Add(name, times=3, company=1))
    history.sync()
    return history


def row_of_last_month_changes() -> None:
    history = history_of_lists()
    history.billit(*(Edit(name, 5) for name in DATED), Wait(60 * MINUTE))
    history.sync()


def old_row_changes() -> None:
    """A whole read finds it, a day later."""
    history = history_of_lists()
    history.billit(*(Edit(name, 0) for name in DATED), Wait(60 * MINUTE))
    history.sync()
    history.billit(Wait(DAY))
    history.sync()
    check(history.world, history.target, streams=DATED, whole_lists=True)


def row_vanishes() -> None:
    history = history_of_lists(versions=True)
    history.billit(*(Remove(name, 0) for name in DATED), Add("documents"), Wait(60 * MINUTE))
    history.sync()
    history.billit(Wait(DAY))
    history.sync()
    assert [len(history.target.tables[name]) for name in DATED] == [16, 15]


def versions_are_switched_on() -> None:
    """What was written without a version stays, as long as it is not sent again."""
    history = history_of_lists()
    history.config["emit_activate_version_messages"] = True
    history.billit(Add("documents"), Wait(60 * MINUTE))
    history.sync()


def list_row_cannot_be_written() -> None:
    """A run fails in a list that is read whole: it has not been, then."""
    history = History(streams=("documents",))
    history.billit(Add("documents", times=9, days=90), Add("documents"))
    assert not history.sync(fail_at=2).complete
    history.sync()


def first_state_comes_after_a_list() -> None:
    """A loader stores another stream, hands back the first STATE, and dies."""
    history = History(target=BufferedByStream(3), streams=("documents", "parties"))
    history.billit(Add("documents", times=2), Add("parties", times=4), Wait(6 * MINUTE))
    history.sync(dies=True)
    history.sync()


def list_has_another_order() -> None:
    """Billit takes `$orderby`, and lists the oldest first all the same."""
    history = history_of_lists()
    history.world.dialect = Dialect(newest_key="ignored")
    history.billit(*(Add(name) for name in DATED), Wait(60 * MINUTE))
    history.sync()
    history.billit(*(Add(name) for name in DATED), Wait(60 * MINUTE))
    history.sync()
