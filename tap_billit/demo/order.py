"""An order: its lifecycle as far as the clock has come, and what was done to it by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_billit.demo.courses import SELF_BILLING
from tap_billit.demo.events import Event
from tap_billit.demo.lifecycle import Lifecycle
from tap_billit.demo.timestamps import written

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

Json = dict[str, Any]

_BY_HAND = 1_000_000_000
_KIND = frozenset({"OrderType", "OrderDirection"})

INVOICES = frozenset({"Invoice", "CreditNote"})
"""The OrderTypes that are paid; the others lead to an invoice."""


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
    due: date | None = None
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
    def kind(self) -> str:
        """The OrderType, as it stands now."""
        types = [event.order_type for event in self.past if event.order_type]
        return str(self.set.get("OrderType") or (types[-1] if types else self.lifecycle.kind))

    @property
    def direction(self) -> str:
        """The OrderDirection."""
        return str(self.set.get("OrderDirection") or self.lifecycle.direction)

    @property
    def sold(self) -> bool:
        """Whether the other side is a customer."""
        return self.direction == "Income"

    @property
    def outgoing(self) -> bool:
        """Whether the company wrote it: a sale, or a purchase that it bills itself."""
        return self.sold != (self.lifecycle.sub_type == SELF_BILLING)

    @property
    def issued(self) -> bool:
        """Whether it has left the drafts."""
        return not self.outgoing or self.when("sent") is not None

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

    def planned(self, kind: str, /) -> int | None:
        """When the (first) event of that kind happens, or has happened."""
        return next((event.at for event in self.lifecycle.events if event.kind == kind), None)

    def days_overdue(self, today: date, /) -> int:
        """Days since it was due, negative before; 0 without a due date."""
        return (today - self.due).days if self.due else 0

    def touch(self, stamp: str | None = None) -> None:
        """The order has changed: its row is to be made anew."""
        self.stamp, self.row = stamp, None

    def stop(self) -> None:
        """Nothing else happens to it by itself."""
        self.lifecycle = self.lifecycle._replace(events=self.past)

    def convert(self, at: int, *, order_type: str, direction: str) -> None:
        """Make it an order of another kind, which nothing else happens to by itself."""
        self.set = {key: value for key, value in self.set.items() if key not in _KIND}
        status = ("ToPay" if order_type in INVOICES else "Sent") if self.issued else "Draft"
        event = Event(at, "converted", status, order_type)
        self.lifecycle = self.lifecycle._replace(direction=direction, events=(*self.past, event))
        self.done += 1
        self.touch()


def made_by_hand(order_id: int, *, company: int, now: int, properties: Json) -> Order:
    """An order to which nothing happens by itself, sent if the company wrote it."""
    direction, sub_type = (properties.get(key) for key in ("OrderDirection", "OrderSubType"))
    lifecycle = Lifecycle(
        number=_BY_HAND + order_id,
        root=_BY_HAND + order_id,
        met=_BY_HAND + order_id,
        begun=now,
        company=company,
        direction=direction or "Income",
        kind=properties.get("OrderType") or "Invoice",
        term=30,
        part=0,
        events=(Event(now, "created", "ToPay"),),
        sub_type=sub_type,
    )
    order = Order(order_id, lifecycle, done=1)
    if order.outgoing:
        order.lifecycle = lifecycle._replace(events=(*lifecycle.events, Event(now, "sent")))
        order.done += 1
    return order
