"""What happens to an order of each kind, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_billit.demo.seeded_random import chance
from tap_billit.demo.timestamps import DAY, HOUR, MINUTE, SECOND

if TYPE_CHECKING:
    import random


class Event(NamedTuple):
    """What happened, when, and the OrderStatus and OrderType it leads to, if it leads to one."""

    at: int
    kind: str
    status: str | None = None
    order_type: str | None = None


class Terms(NamedTuple):
    """The days until an order is due, and the percentage that a first, partial payment pays."""

    days: int
    part: int = 0


Events = list[Event]


def happened(events: Events, kind: str, /) -> bool:
    """Whether there is an event of that kind."""
    return any(event.kind == kind for event in events)


def sale(rng: random.Random, events: Events, terms: Terms) -> None:
    """A sale, or a self-billed purchase: sent, then paid; some stay drafts."""
    issue(rng, events)
    if happened(events, "sent"):
        settle(rng, events, terms)


def purchase(rng: random.Random, events: Events, terms: Terms) -> None:
    """A purchase, or a sale that the customer billed: received, then paid."""
    receive(rng, events)
    settle(rng, events, terms)


def canceled_sale(rng: random.Random, events: Events, terms: Terms) -> None:
    """A sale that is cancelled some days after it was sent."""
    del terms
    _send(rng, events)
    events.append(Event(max(events).at + rng.randrange(HOUR, 6 * DAY), "canceled", "Canceled"))


def refused_sale(rng: random.Random, events: Events, terms: Terms) -> None:
    """A sale that the customer refuses some days after it was sent."""
    del terms
    _send(rng, events)
    events.append(Event(max(events).at + rng.randrange(HOUR, 9 * DAY), "refused", "Refused"))


def refused_purchase(rng: random.Random, events: Events, terms: Terms) -> None:
    """A purchase that is not approved."""
    del terms
    created = events[0].at
    events[0] = Event(created, "created", "ApprovalNeeded")
    events.append(Event(created + rng.randrange(HOUR, 12 * DAY), "refused", "Refused"))


def misread_purchase(rng: random.Random, events: Events, terms: Terms) -> None:
    """A credit note that was read as an invoice, and mended some days later."""
    created = events[0].at
    events[0] = Event(created, "created", "ToPay")
    mended = created + rng.randrange(DAY, 12 * DAY)
    events.append(Event(mended, "converted", "ToPay", "CreditNote"))
    settle(rng, events, Terms(terms.days))


def sale_to_offer(rng: random.Random, events: Events, terms: Terms) -> None:
    """A draft of a sale that goes out as an offer, after all."""
    del terms
    turned = events[0].at + rng.randrange(DAY, 12 * DAY)
    events.append(Event(turned, "converted", "Draft", "Offer"))
    events.append(Event(turned + rng.randrange(HOUR, 2 * DAY), "sent", "Sent"))


def offer_to_sale(rng: random.Random, events: Events, terms: Terms) -> None:
    """An offer that the customer accepts, and that itself becomes the invoice."""
    sent = events[0].at + 5 * MINUTE
    accepted = sent + rng.randrange(DAY, 15 * DAY)
    events.append(Event(sent, "sent", "Sent"))
    events.append(Event(accepted, "accepted", "ToInvoice"))
    events.append(Event(accepted + rng.randrange(HOUR, 4 * DAY), "converted", "ToPay", "Invoice"))
    settle(rng, events, terms)


def refused_offer(rng: random.Random, events: Events, terms: Terms) -> None:
    """An offer that the customer turns down."""
    del terms
    sent = events[0].at + 5 * MINUTE
    events.append(Event(sent, "sent", "Sent"))
    events.append(Event(sent + rng.randrange(DAY, 20 * DAY), "refused", "Refused"))


def canceled_order(rng: random.Random, events: Events, terms: Terms) -> None:
    """An order form that the customer cancels before anything is delivered."""
    del terms
    sent = events[0].at + 5 * MINUTE
    events.append(Event(sent, "sent", "ToDeliver"))
    events.append(Event(sent + rng.randrange(DAY, 9 * DAY), "canceled", "Canceled"))


def offer(rng: random.Random, events: Events, terms: Terms) -> None:
    """An offer on its way to an invoice of its own."""
    del terms
    _fulfill(rng, events, ("Sent", "ToInvoice", "Invoiced"))


def order_form(rng: random.Random, events: Events, terms: Terms) -> None:
    """An order form on its way to an invoice of its own."""
    del terms
    _fulfill(rng, events, ("ToDeliver", "DeliveryNoteCreated", "Invoiced"))


def delivery_note(rng: random.Random, events: Events, terms: Terms) -> None:
    """A delivery note on its way to an invoice of its own."""
    del terms
    _fulfill(rng, events, ("Delivered", "ToInvoice", "Invoiced"))


def issue(rng: random.Random, events: Events) -> None:
    """Sent at once, or a draft for some days, or for good; then delivered."""
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


def receive(rng: random.Random, events: Events) -> None:
    """To be approved first, or to pay at once."""
    created = events[0].at
    waits = chance(rng, 0.35)
    events[0] = Event(created, "created", "ApprovalNeeded" if waits else "ToPay")
    if waits:
        approved = created + rng.randrange(HOUR, 8 * DAY)
        events.append(Event(approved, "approved", "ToPay"))


def settle(rng: random.Random, events: Events, terms: Terms) -> None:
    """Paid in time, late or never; in part first; reminded when late."""
    due = events[0].at + terms.days * DAY
    begin = max(events).at + HOUR
    late = rng.choices((-12 * DAY, 2 * DAY, 20 * DAY, 90 * DAY, None), (40, 30, 18, 8, 4))[0]
    paid = None if late is None else max(begin, due + late) + int(rng.random() * 9 * DAY)
    if terms.part:
        share = rng.random()
        first = begin + int(share * ((paid or due + 10 * DAY) - begin))
        events.append(Event(first, "part-paid"))
    for wait in (7 * DAY, 21 * DAY):
        reminder = due + wait + rng.randrange(3 * HOUR)
        if paid is not None and paid < reminder:
            break
        if reminder > begin and happened(events, "sent"):
            events.append(Event(reminder, "reminded"))
    if paid is not None:
        events.append(Event(paid, "paid", "Paid"))


def _send(rng: random.Random, events: Events) -> None:
    sent = events[0].at + rng.randrange(20 * SECOND, HOUR)
    events.append(Event(sent, "sent", "ToPay"))
    events.append(Event(sent + rng.randrange(4 * SECOND, 4 * MINUTE), "delivered"))


def _fulfill(rng: random.Random, events: Events, statuses: tuple[str, str, str]) -> None:
    at = events[0].at + 5 * MINUTE
    for step, status in zip(("sent", "accepted", "invoiced"), statuses, strict=True):
        events.append(Event(at, step, status))
        if chance(rng, 0.3):
            break
        at += rng.randrange(DAY, 15 * DAY)
