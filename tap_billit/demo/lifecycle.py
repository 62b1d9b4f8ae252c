"""The lifecycle of each order: which events happen to it, and when.

It depends on the seed and the order's place in the sequence alone, so it is known to its end at
once; an account shows the part that its clock has reached.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_billit.demo import courses
from tap_billit.demo.events import Event, Terms, happened, settle
from tap_billit.demo.seeded_random import chance, seeded_random
from tap_billit.demo.settlement import Settlement, at_once, choose_settlement
from tap_billit.demo.timestamps import DAY, HOUR, MINUTE, SECOND, moment

if TYPE_CHECKING:
    import random

REFERENCE = moment(datetime(2026, 10, 1, tzinfo=timezone.utc))
START = moment(datetime(2023, 10, 1, tzinfo=timezone.utc))
SPAN = REFERENCE - START

DAILY_SINCE, DAILY_LEAST = 90, 200
"""Days before the reference since when each day brings a web sale, paid the day after, and a draft
that becomes a credit note the day after and is deleted; in an account of at least so many orders.
"""

WITHDRAWN_AFTER = 3
"""Days that such a draft lives; as many are alive at any moment."""

BLOCK, CREDITED, CREDITING = 12, 2, 9
"""In each block of the sequence one invoice is credited, by a credit note later in the block."""

TOGETHER = {0: (4, 6, 8), 2: (4, 6)}
"""In two of four blocks the invoices at these places are of one party, which pays them at once."""

_KINDS = ("Invoice", "Offer", "OrderForm", "DeliveryNote")


class Lifecycle(NamedTuple):
    """`number` is the place in the sequence; those of the daily orders are negative.

    `root` is the number whose dice decide the lines, `met` the one whose dice decide the party, and
    `begun` when that one was created: a credit note takes all of the invoice it credits, an
    invoice the party of those it is paid with.
    `part` is the percentage that a first, partial payment pays.
    """

    number: int
    root: int
    met: int
    begun: int
    company: int
    direction: str
    kind: str
    term: int
    part: int
    events: tuple[Event, ...]
    settlement: Settlement = Settlement()
    sub_type: str | None = None

    @property
    def created(self) -> int:
        """When it began."""
        return self.events[0].at


class Deal(NamedTuple):
    """What is known of an order before anything happens to it, and the dice for the rest."""

    rng: random.Random
    company: int
    direction: str
    terms: Terms


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
        if number % BLOCK == CREDITED:
            return self._credited(number, created)
        if number % BLOCK == CREDITING:
            return self._credit_note(number, created)
        if members := _paid_with(number):
            return self._paid_together(number, created, members)
        return self._single(number, created)

    def _single(self, number: int, created: int) -> Lifecycle:
        deal = self._deal(number)
        kind = deal.rng.choices(_KINDS, (88, 5, 4, 3))[0]
        direction = deal.direction if kind == "Invoice" else "Income"
        terms = deal.terms._replace(part=_part(deal.rng))
        seldom = seeded_random(self.seed, 5, number)
        course = courses.drawn(seldom, direction, kind)
        events = _first(deal.rng, created)
        course.happen(deal.rng, events, terms)
        settlement = choose_settlement(seldom, events, direction)
        if chance(deal.rng, 0.2):
            edited = created + deal.rng.randrange(2 * HOUR, 40 * DAY)
            events.append(Event(edited, "edited"))
        return _lifecycle(
            number,
            deal._replace(direction=direction),
            events,
            kind=kind,
            part=terms.part if happened(events, "part-paid") else 0,
            settlement=settlement,
            sub_type=course.sub_type,
        )

    def _credited(self, number: int, created: int) -> Lifecycle:
        """An invoice with a credit note for all of it: set off, or paid back if it was paid."""
        deal = self._deal(number)
        events = _first(deal.rng, created)
        courses.usual(deal.direction, "Invoice").happen(deal.rng, events, deal.terms)
        noted = self.created(number + CREDITING - CREDITED) or 0
        events = [event for event in events if event.at < noted or event.kind == "sent"]
        if deal.direction == "Income" and not happened(events, "sent"):
            events.append(Event(created + MINUTE, "sent", "ToPay"))
        credited = max(noted, max(events).at) + 3 * MINUTE
        events.append(Event(credited, "credited", "Credited"))
        return _lifecycle(number, deal, events)

    def _credit_note(self, number: int, created: int) -> Lifecycle:
        root = number - (CREDITING - CREDITED)
        begun = self.created(root) or created
        invoice = self._credited(root, begun)
        rng = seeded_random(self.seed, 3, number)
        events = _first(rng, created)
        if invoice.direction == "Cost":
            events[0] = Event(created, "created", "ToPay")
        else:
            events.append(Event(created + MINUTE, "sent", "ToPay"))
            events.append(Event(created + 90 * SECOND, "delivered"))
        if invoice.settlement.banked is None:
            events.append(Event(invoice.events[-1].at, "set off", "Paid"))
        else:
            settle(rng, events, Terms(invoice.term))
        events = [event for event in events if event.kind != "reminded"]
        deal = Deal(rng, invoice.company, invoice.direction, Terms(invoice.term))
        return _lifecycle(number, deal, events, root=root, met=root, begun=begun, kind="CreditNote")

    def _paid_together(self, number: int, created: int, members: tuple[int, ...]) -> Lifecycle:
        """One of the invoices of a party that one payment settles, after the last of them."""
        first, last = members[0], members[-1]
        deal, lead = self._deal(number), self._deal(first)
        deal = deal._replace(company=lead.company, direction=lead.direction)
        events = _first(deal.rng, created)
        courses.usual(deal.direction, "Invoice").happen(deal.rng, events, deal.terms)
        events = [event for event in events if event.kind not in {"paid", "reminded"}]
        if deal.direction == "Cost" or happened(events, "sent"):
            wait = seeded_random(self.seed, 6, first).randrange(9 * DAY, 40 * DAY)
            paid = (self.created(last) or created) + wait
            events.append(Event(paid, "paid", "Paid"))
        begun = self.created(first) or created
        return _lifecycle(number, deal, events, met=first, begun=begun)

    def _daily(self, number: int, created: int) -> Lifecycle:
        company, midnight = -number // 2 % self.companies, created // DAY * DAY
        rng = seeded_random(self.seed, 4, number)
        later = rng.randrange(HOUR)
        events = [Event(created, "created", "Draft"), Event(created + 450, "finished")]
        if number % 2:
            turned = midnight + DAY + 16 * HOUR + later
            deleted = midnight + WITHDRAWN_AFTER * DAY + 15 * HOUR + later
            events.append(Event(turned, "converted", "Draft", "CreditNote"))
            events.append(Event(deleted, "deleted"))
        else:
            events.append(Event(created + 2 * SECOND, "sent", "ToPay"))
            events.append(Event(created + 9 * SECOND, "delivered"))
            events.append(Event(midnight + DAY + 17 * HOUR + later, "paid", "Paid"))
        return _lifecycle(number, Deal(rng, company, "Income", Terms(14)), events)

    def _deal(self, number: int) -> Deal:
        rng = seeded_random(self.seed, 2, number)
        company = int(rng.random() ** 1.5 * self.companies)
        direction = "Income" if chance(rng, 0.62) else "Cost"
        return Deal(rng, company, direction, Terms(rng.choice((8, 14, 30, 30, 30, 60))))


def _lifecycle(number: int, deal: Deal, events: list[Event], **unusual: Any) -> Lifecycle:
    """The lifecycle with these events; of an invoice on its own, unless told otherwise."""
    usual = Lifecycle(
        number=number,
        root=number,
        met=number,
        begun=events[0].at,
        company=deal.company,
        direction=deal.direction,
        kind="Invoice",
        term=deal.terms.days,
        part=0,
        events=tuple(sorted(events)),
        settlement=at_once(events),
    )
    return usual._replace(**unusual)


def _paid_with(number: int) -> tuple[int, ...]:
    """The numbers of the invoices that are paid with this one, itself among them."""
    block, place = divmod(number, BLOCK)
    places = TOGETHER.get(block % 4, ())
    return tuple(block * BLOCK + each for each in places) if place in places else ()


def _first(rng: random.Random, created: int) -> list[Event]:
    return [
        Event(created, "created", "Draft"),
        Event(created + rng.randrange(200, 800), "finished"),
    ]


def _part(rng: random.Random) -> int:
    return rng.choice((25, 30, 40, 50)) if chance(rng, 0.3) else 0
