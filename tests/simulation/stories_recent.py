"""Histories of first syncs that begin with what is recent, each as short as it gets.

Four orders are older than the last day, four are not. Details are asked one a request, so a run
that is killed early has read some of them only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.kit.history import MINUTE, History
from tests.simulation.world import DAY, Create, Touch, Wait

if TYPE_CHECKING:
    from tests.simulation.world import Change

STREAM = "sales_invoice_details"
OLD, NEW = range(4), range(4, 8)
IN_THE_BACKFILL = 12
"""The number of a message that is sent when all is there that is recent, and some that is older."""


def grown_old(*before: Change, **config: Any) -> History:
    """An account that nobody has read yet."""
    history = History(streams=(STREAM,), **({"recent_days": 1} | config))
    history.billit(*before, Create(times=4), Wait(3 * DAY), Create(times=4), Wait(6 * MINUTE))
    return history


def cut_short(kill_at: int = IN_THE_BACKFILL, **config: Any) -> History:
    """A first sync of it that was killed."""
    history = grown_old(**config)
    history.sync(kill_at=kill_at)
    return history


def read_in_two_rounds() -> None:
    grown_old().sync()


def killed(kill_at: int) -> None:
    """Each order changes while nobody looks, whether it has been read or not."""
    history = cut_short(kill_at)
    history.billit(Touch(OLD[0]), Touch(OLD[3]), Touch(NEW[0]), Create(), Wait(6 * MINUTE))
    history.sync(kill_at=kill_at)
    history.billit(Touch(OLD[1]), Touch(NEW[3]))
    history.sync()


def killed_in_the_backfill() -> None:
    killed(IN_THE_BACKFILL)


def changed_while_the_older_are_read() -> None:
    """The last of them changes when the first is asked for, and waits for the next run."""
    history = grown_old()
    history.sync(plan={8: [Touch(OLD[3]), Wait(6 * MINUTE)]})
    history.sync()


def emptied_and_begun_again() -> None:
    """The user empties the table and removes the bookmark, all of it is to be read again."""
    history = cut_short()
    (partition,) = history.target.state["bookmarks"][STREAM]["partitions"]
    assert partition["backfill"]["last_order_id"]
    del partition["replication_key_value"]
    history.target.tables.clear()
    history.sync()


def start_moved_earlier() -> None:
    """To a day before the oldest order, when part of what is older has been read."""
    history = grown_old(Create(times=2), Wait(DAY), start_date="2026-06-11T09:00:00Z")
    history.sync(kill_at=IN_THE_BACKFILL)
    history.config["start_date"] = "2026-06-01T00:00:00Z"
    history.sync()


def start_set_within_what_is_read() -> None:
    history = grown_old(start_date="2026-06-13T10:00:00Z")
    history.sync()
    del history.config["start_date"]
    history.sync()
