"""The lifecycle of each order: which events happen to it, and when.

It depends on the seed and the order's place in the sequence alone, so it is known to its end at
once; an account shows the part that its clock has reached.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from tap_billit.demo.seeded_random import chance, seeded_random
from tap_billit.demo.timestamps import DAY, HOUR, MINUTE, SECOND, moment

if TYPE_CHECKING:
    import random

REFERENCE = moment(datetime(2026, 10, 1, tzinfo=timezone.utc))
START = moment(datetime(2023, 10, 1, tzinfo=timezone.utc))
SPAN = REFERENCE - START

DAILY_SINCE, DAILY_LEAST = 90, 200
"""Days before the reference since when each day brings a web sale, paid the day after, and a draft
that will be deleted; in an account of at least so many orders."""

WITHDRAWN_AFTER = 3
"""Days that such a draft lives; as many are alive at any moment."""

BLOCK, CREDITED, CREDITING = 12, 2, 9
"""In each block of the sequence one invoice is credited, by a credit note later in the block."""


class Event(NamedTuple):
    """What happened, when, and the OrderStatus it leads to if it leads to one."""

    at: int
    kind: str
    status: str | None = None


class Lifecycle(NamedTuple):
    """`number` is the place in the sequence; those of the daily orders are negative.

    `root` is the number whose dice decide parties and lines, and `begun` when it was created: a
    credit note takes those of the invoice it credits.
    `part` is the percentage that a first, partial payment pays.
    """

    number: int
    root: int
    begun: int
    company: int
    direction: str
    kind: str
    term: int
    part: int
    events: tuple[Event, ...]

    @property
    def created(self) -> int:
        """When it began."""
        return self.events[0].at


@dataclass
class Series:
    """Orders that follow each other: the number of the next, and the step to the one after."""

    number: int
    step: int


class Lifecycles:
    """The lives of one account, by number.

    The pace grows evenly over the three years before the reference and stays as it is after it.
    """

    def __init__(self, *, seed: int, companies: int, orders: int) -> None:
        self.seed = seed
        self.companies = companies
        self.daily = orders >= DAILY_LEAST
        self.before_reference = orders - (DAILY_SINCE + WITHDRAWN_AFTER) * self.daily

    def created(self, number: int, /) -> int | None:
        """When the order is created, in working hours; None if never."""
        throw = seeded_random(self.seed, 1, number).random()
        if number < 0:
            day = REFERENCE // DAY - DAILY_SINCE + (-1 - number) // 2
            return day * DAY + 8 * HOUR + int(throw * 8 * HOUR) if self.daily else None
        if not self.before_reference:
            return None
        place = (number + 0.8 * throw) / self.before_reference
        reached = math.sqrt(place) if place < 1 else 1 + (place - 1) / 2
        day, time = divmod(START + int(SPAN * reached), DAY)
        return day * DAY + 6 * HOUR + time // 2

    def lifecycle(self, number: int, created: int) -> Lifecycle:
        """The whole lifecycle of the order created then."""
        if number < 0:
            return self._daily(number, created)
        place = number % BLOCK
        root = number - (CREDITING - CREDITED) if place == CREDITING else number
        rng = seeded_random(self.seed, 2, root)
        company = int(rng.random() ** 1.5 * self.companies)
        direction = "Income" if chance(rng, 0.62) else "Cost"
        term = rng.choice((8, 14, 30, 30, 30, 60))
        kind = rng.choices(("Invoice", "Offer", "OrderForm", "DeliveryNote"), (88, 5, 4, 3))[0]
        if place in {CREDITED, CREDITING}:
            kind = "Invoice"
        if kind != "Invoice":
            direction = "Income"
        part = rng.choice((25, 30, 40, 50)) if chance(rng, 0.3) else 0
        if place == CREDITING:
            rng, kind, part = seeded_random(self.seed, 3, number), "CreditNote", 0
        events = [Event(created, "created", "Draft")]
        events.append(Event(created + rng.randrange(200, 800), "finished"))
        if kind in {"Invoice", "CreditNote"}:
            issue = _issued if direction == "Income" else _received
            issue(rng, events)
            if events[-1].kind != "finished" or direction == "Cost":
                _settled(rng, events, term=term, part=part, reminders=kind == "Invoice")
        else:
            _fulfilled(rng, events, kind=kind)
        if chance(rng, 0.2):
            events.append(Event(created + rng.randrange(2 * HOUR, 40 * DAY), "edited"))
        if place == CREDITED:
            credited = self.created(number + CREDITING - CREDITED) or 0
            events = [event for event in events if event.at < credited or event.kind == "sent"]
            if direction == "Income" and not any(event.kind == "sent" for event in events):
                events.append(Event(created + MINUTE, "sent", "ToPay"))
            events.append(Event(max(credited, max(events).at) + 3 * MINUTE, "credited", "Credited"))
        events.sort()
        begun = created if root == number else self.created(root) or created
        return Lifecycle(number, root, begun, company, direction, kind, term, part, tuple(events))

    def _daily(self, number: int, created: int) -> Lifecycle:
        company, midnight = -number // 2 % self.companies, created // DAY * DAY
        later = seeded_random(self.seed, 4, number).randrange(HOUR)
        events = [Event(created, "created", "Draft"), Event(created + 450, "finished")]
        if number % 2:
            deleted = midnight + WITHDRAWN_AFTER * DAY + 15 * HOUR + later
            events.append(Event(deleted, "deleted"))
        else:
            events.append(Event(created + 2 * SECOND, "sent", "ToPay"))
            events.append(Event(created + 9 * SECOND, "delivered"))
            events.append(Event(midnight + DAY + 17 * HOUR + later, "paid", "Paid"))
        return Lifecycle(
            number, number, created, company, "Income", "Invoice", 14, 0, tuple(events)
        )


def _issued(rng: random.Random, events: list[Event]) -> None:
    """A sale: sent at once, or a draft for some days, or for good; then delivered."""
    created = events[0].at
    if chance(rng, 0.25):
        events[0] = Event(created, "created", "ToSend")
    if chance(rng, 0.03):
        return
    wait = 6 * DAY if chance(rng, 0.25) else 10 * MINUTE
    sent = created + 20 * SECOND + int(rng.random() * wait)
    events.append(Event(sent, "sent", "ToPay"))
    if chance(rng, 0.95):
        events.append(Event(sent + rng.randrange(4 * SECOND, 4 * MINUTE), "delivered"))
    if chance(rng, 0.5):
        events.append(Event(sent // DAY * DAY + DAY + rng.randrange(HOUR), "exported"))


def _received(rng: random.Random, events: list[Event]) -> None:
    """A purchase: to be approved first, or to pay at once."""
    created = events[0].at
    waits = chance(rng, 0.35)
    events[0] = Event(created, "created", "ApprovalNeeded" if waits else "ToPay")
    if waits:
        approved = created + rng.randrange(HOUR, 8 * DAY)
        events.append(Event(approved, "approved", "ToPay"))


def _settled(
    rng: random.Random, events: list[Event], *, term: int, part: int, reminders: bool
) -> None:
    """Paid in time, late or never; in part first; reminded when late."""
    due = events[0].at + term * DAY
    begin = max(events).at + HOUR
    late = rng.choices((-12 * DAY, 2 * DAY, 20 * DAY, 90 * DAY, None), (40, 30, 18, 8, 4))[0]
    paid = None if late is None else max(begin, due + late) + int(rng.random() * 9 * DAY)
    if part:
        share = rng.random()
        first = begin + int(share * ((paid or due + 10 * DAY) - begin))
        events.append(Event(first, "part-paid"))
    for wait in (7 * DAY, 21 * DAY):
        reminder = due + wait + rng.randrange(3 * HOUR)
        if paid is not None and paid < reminder:
            break
        if reminders and reminder > begin and any(event.kind == "sent" for event in events):
            events.append(Event(reminder, "reminded"))
    if paid is not None:
        events.append(Event(paid, "paid", "Paid"))


_PATHS = {
    "Offer": ("Sent", "ToInvoice", "Invoiced"),
    "OrderForm": ("ToDeliver", "DeliveryNoteCreated", "Invoiced"),
    "DeliveryNote": ("Delivered", "ToInvoice", "Invoiced"),
}


def _fulfilled(rng: random.Random, events: list[Event], *, kind: str) -> None:
    """An offer, order form or delivery note on its way to an invoice."""
    at = events[0].at + 5 * MINUTE
    for step, status in zip(("sent", "accepted", "invoiced"), _PATHS[kind], strict=True):
        events.append(Event(at, step, status))
        if chance(rng, 0.3):
            break
        at += rng.randrange(DAY, 15 * DAY)
