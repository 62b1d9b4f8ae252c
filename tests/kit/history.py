"""A history: syncs of an account that changes before, between and during them, and is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tap_billit.clock import BillitClock
from tests.simulation.promise import (
    check,
    check_bookmarks,
    check_exit,
    check_kinds,
    check_state,
    check_times,
)
from tests.simulation.runs import activated, sync
from tests.simulation.targets import AtOnce
from tests.simulation.world import SECOND, World, utc

if TYPE_CHECKING:
    from tests.kit.run import Run
    from tests.simulation.targets import Target
    from tests.simulation.world import Change

BRUSSELS = BillitClock(ZoneInfo("Europe/Brussels"))
MINUTE = 60 * SECOND


class History:
    """One account, one target; the promise is checked after each run."""

    def __init__(
        self,
        now: str = "2026-06-10T10:00:00",
        *,
        target: Target | None = None,
        streams: tuple[str, ...] = ("sales_invoices",),
        page_size: int = 2,
        companies: int = 1,
        **config: Any,
    ) -> None:
        self.world = World(utc(now), companies=companies)
        self.target = target or AtOnce()
        self.streams = streams
        self.page_size = page_size
        self.config = {"refresh_unpaid": False} | config

    def billit(self, *changes: Change) -> None:
        self.world.apply(changes)

    def sync(self, **how: Any) -> Run:
        before = self.target.state
        run = sync(
            self.world,
            self.target,
            streams=self.streams,
            page_size=self.page_size,
            **self.config,
            **how,
        )
        check_kinds(run.messages)
        check_times(run.messages)
        check_bookmarks(before, self.target.state)
        check_exit(run)
        check_state(self.world, self.target)
        if run.complete:
            start = self.config.get("start_date")
            check(
                self.world,
                self.target,
                streams=self.streams,
                start=start and BRUSSELS.read(str(start)).isoformat(),
                refresh_unpaid=bool(self.config["refresh_unpaid"]),
                whole_lists=self.config.get("full_lists_hours") == 0,
                activated=activated(run),
            )
        return run
