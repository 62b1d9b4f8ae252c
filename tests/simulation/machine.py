"""Histories: syncs of an account that changes before, between and during them.

The rules are few. Billit changes: orders, what they are, whether they are paid, parties, products,
the companies that a login reaches and those that it may not read. Its clock goes on. The tap runs,
any subset of the streams, while Billit changes between any two requests, and is killed at any
message, or fails at any request or record, or not; its next run starts from the STATE that the
target kept. After each complete run the promise is checked for the streams it read, and at the
end, after a run at rest, for all.

Clocks start where they are hardest: before and in the hour that autumn repeats, before the gap in
spring, on a quiet day.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tap_billit.demo.dialect import Dialect
from tests.kit.history import MINUTE
from tests.simulation import targets
from tests.simulation.account import KEYS
from tests.simulation.bounds import Bound, check_requests
from tests.simulation.promise import (
    check,
    check_bookmarks,
    check_exit,
    check_kinds,
    check_state,
    check_times,
)
from tests.simulation.runs import activated, singer, sync
from tests.simulation.tables import ALL, DATED_LISTS
from tests.simulation.world import (
    DAY,
    LOOKBACK,
    SECOND,
    Add,
    Change,
    Create,
    Delete,
    Edit,
    Join,
    Move,
    Pay,
    Refuse,
    Remove,
    Touch,
    Unpay,
    Wait,
    World,
    utc,
)

STARTS = (
    utc("2026-06-10T10:00:00"),
    utc("2026-10-24T23:50:00"),
    utc("2026-10-25T00:57:00"),
    utc("2026-10-25T01:30:00"),
    utc("2026-03-29T00:56:00"),
)

numbers = st.integers(0, 30)
kinds = st.sampled_from((0, 0, 0, 1, 2, 3, 4))
ages = st.one_of(
    st.just(0), st.integers(0, LOOKBACK // timedelta(milliseconds=1)), st.just(5 * MINUTE)
)
waits = st.builds(
    Wait,
    st.one_of(
        st.integers(1, 3 * SECOND),
        st.sampled_from((MINUTE, 4 * MINUTE, 5 * MINUTE, 6 * MINUTE, 20 * MINUTE, 61 * MINUTE)),
        st.sampled_from((DAY, 3 * DAY)),
    ),
)
creations = st.builds(
    Create,
    kind=kinds,
    age=ages,
    times=st.sampled_from((1, 1, 2, 4, 7)),
    company=st.integers(0, 1),
    fine=st.booleans(),
)
lists = st.sampled_from((*KEYS,))
some = (ages, st.sampled_from((1, 2, 5)), st.integers(0, 1))
additions = st.one_of(
    st.builds(Add, lists, *some),
    st.builds(Add, st.sampled_from(DATED_LISTS), *some, days=st.sampled_from((30, 60))),
)
days = st.one_of(st.sampled_from((0, 0, None)), st.integers(-90, 30))
changes = st.one_of(
    creations,
    st.builds(Touch, numbers, ages, st.booleans()),
    st.builds(Touch, numbers, ages, st.booleans()),
    st.builds(Move, numbers, kinds, ages),
    st.builds(Pay, numbers, st.booleans(), days),
    st.builds(Unpay, numbers),
    st.builds(Delete, numbers),
    additions,
    st.builds(Edit, lists, numbers, ages),
    st.builds(Remove, lists, numbers),
    st.builds(Join),
    st.builds(Refuse, numbers, st.booleans()),
    waits,
)
plans = st.dictionaries(st.integers(0, 15), st.lists(changes, min_size=1, max_size=3), max_size=5)
chosen = st.one_of(
    st.sampled_from((("sales_invoices",), ("sales_invoice_details",), ALL)),
    st.lists(st.sampled_from(ALL), min_size=1, max_size=3, unique=True).map(tuple),
)
dialects = st.sampled_from(
    (
        *[Dialect()] * 4,
        Dialect(newest_first="refused"),
        Dialect(by_id="refused"),
        Dialect(from_id="refused"),
        Dialect(newest_key="refused"),
        Dialect(newest_key="ignored"),
    )
)
"""Mostly as Billit documents; or it refuses what a list is asked by."""

kept_by = st.one_of(
    st.builds(targets.AtOnce),
    st.builds(targets.Buffered, st.integers(1, 12)),
    st.builds(targets.BufferedByStream, st.integers(1, 12)),
)


class Histories(RuleBasedStateMachine):
    """One account, one target, one state."""

    world: World
    target: targets.Target
    page_size: int
    tap = staticmethod(singer)

    @initialize(
        now=st.sampled_from(STARTS),
        companies=st.sampled_from((1, 1, 2)),
        page_size=st.integers(2, 4),
        dialect=dialects,
        versions=st.booleans(),
        loader=kept_by,
        orders=st.lists(creations, min_size=1, max_size=3),
    )
    def begin(  # noqa: PLR0913  what a history begins with
        self,
        *,
        now: Any,
        companies: int,
        page_size: int,
        dialect: Dialect,
        versions: bool,
        loader: targets.Target,
        orders: list[Create],
    ) -> None:
        self.world = World(now, companies=companies, dialect=dialect)
        self.target = loader
        self.page_size = page_size
        self.versions = versions
        self.start: str | None = None
        self.world.apply(orders)

    @rule(changed=st.lists(changes, min_size=1, max_size=4))
    def change(self, changed: list[Change]) -> None:
        self.world.apply(changed)

    @rule(wait=waits)
    def wait(self, wait: Wait) -> None:
        self.world.apply([wait])

    @rule(ago=st.one_of(st.none(), st.integers(0, 90), st.integers(0, 6 * 24 * 60)))
    def set_start_date(self, ago: int | None) -> None:
        """The user sets, moves or removes `start_date`."""
        self.start = None
        if ago is not None:
            self.start = (self.world.now - timedelta(minutes=ago)).isoformat()

    @rule(
        streams=chosen,
        plan=plans,
        kill_at=st.one_of(st.none(), st.integers(0, 15), st.integers(0, 60)),
        fail_at=st.one_of(st.none(), st.none(), st.integers(0, 15)),
        down_at=st.one_of(st.none(), st.none(), st.integers(0, 20)),
        dies=st.booleans(),
        refresh_unpaid=st.booleans(),
        refresh_unpaid_hours=st.sampled_from((0, 0, 0.5)),
        recent_days=st.sampled_from((0, 1, 2)),
        full_lists_hours=st.sampled_from((0, 1, 24, 24)),
    )
    def sync(
        self,
        *,
        streams: tuple[str, ...],
        plan: dict[int, list[Change]],
        refresh_unpaid: bool,
        **how: Any,
    ) -> None:
        self._sync(streams, refresh_unpaid=refresh_unpaid, plan=plan, **how)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.refused.clear()
            run = self._sync(ALL, refresh_unpaid=True, full_lists_hours=0, at_rest=True)
            assert run.complete
            assert run.error is None

    def _sync(
        self,
        streams: tuple[str, ...],
        *,
        refresh_unpaid: bool,
        refresh_unpaid_hours: float = 0,
        full_lists_hours: int,
        at_rest: bool = False,
        **how: Any,
    ) -> Any:
        world, target, page_size = self.world, self.target, self.page_size
        config: dict[str, Any] = {
            "refresh_unpaid": refresh_unpaid,
            "refresh_unpaid_hours": refresh_unpaid_hours,
            "full_lists_hours": full_lists_hours,
            "emit_activate_version_messages": self.versions,
        }
        start = None
        if self.start is not None:
            config["start_date"] = self.start
            zone = ZoneInfo("Europe/Brussels")
            start = utc(self.start[:19]).astimezone(zone).replace(tzinfo=None).isoformat()
        most = Bound(
            world=world,
            state=target.state,
            streams=streams,
            start=start,
            page_size=page_size,
            refresh_unpaid=refresh_unpaid,
            full_lists_hours=full_lists_hours,
        ).most()
        most += how.get("down_at") is not None  # whether it is down is asked elsewhere, too
        before = target.state
        run = sync(
            world, target, streams=streams, page_size=page_size, tap=self.tap, **config, **how
        )
        if world.dialect == Dialect():
            check_requests(run, most=most, world=world, page_size=page_size)
        check_times(run.messages)
        check_kinds(run.messages)
        check_bookmarks(before, target.state)
        check_exit(run)
        check_state(world, target)
        if run.complete:
            check(
                world,
                target,
                streams=streams,
                start=start,
                refresh_unpaid=refresh_unpaid and not refresh_unpaid_hours,
                whole_lists=full_lists_hours == 0,
                activated=activated(run),
                at_rest=at_rest,
            )
        return run
