"""An order: its lifecycle as far as the clock has come, and what was done to it by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from tap_billit.demo.timestamps import written

if TYPE_CHECKING:
    from decimal import Decimal

    from tap_billit.demo.lifecycle import Event, Lifecycle

Json = dict[str, Any]


@dataclass(slots=True, eq=False)
class Order:
    """`done` counts the events that have happened; `row` is the ready row, None after a change.

    `set` are properties set by hand, which win over the lifecycle's, `payments` made by hand.
    `stamp` is the LastModified that a change by hand left, until the lifecycle moves on.
    """

    order_id: int
    lifecycle: Lifecycle
    done: int
    set: Json = field(default_factory=dict)
    payments: list[tuple[int, Decimal]] = field(default_factory=list)
    stamp: str | None = None
    row: Json | None = None
    due: date = date.max
    deleted: bool = False

    @property
    def past(self) -> tuple[Event, ...]:
        """The events that have happened."""
        return self.lifecycle.events[: self.done]

    @property
    def next(self) -> int | None:
        """When the next event happens."""
        events = self.lifecycle.events
        return events[self.done].at if self.done < len(events) else None

    @property
    def last_modified(self) -> str:
        """When the order last changed, as written."""
        return self.stamp or written(self.last_event)

    @property
    def last_event(self) -> int:
        """When its lifecycle last went on."""
        return self.lifecycle.events[self.done - 1].at

    def when(self, kind: str, /) -> int | None:
        """When the (first) event of that kind happened."""
        return next((event.at for event in self.past if event.kind == kind), None)

    def touch(self, stamp: str | None = None) -> None:
        """The order has changed: its row is to be made anew."""
        self.stamp, self.row = stamp, None
