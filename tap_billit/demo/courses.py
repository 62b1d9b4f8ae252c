"""The courses that an order can take, and how often it takes each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_billit.demo import events

if TYPE_CHECKING:
    import random
    from collections.abc import Callable


class Course(NamedTuple):
    """What happens to an order, in how many of a hundred, and its OrderSubType."""

    happen: Callable[[random.Random, events.Events, events.Terms], None]
    weight: int
    sub_type: str | None = None


SELF_BILLING = "SelfBilling"

COURSES = {
    ("Income", "Invoice"): (
        Course(events.sale, 92),
        Course(events.canceled_sale, 2),
        Course(events.refused_sale, 2),
        Course(events.sale_to_offer, 2),
        Course(events.purchase, 2, SELF_BILLING),
    ),
    ("Cost", "Invoice"): (
        Course(events.purchase, 88),
        Course(events.refused_purchase, 4),
        Course(events.misread_purchase, 4),
        Course(events.sale, 4, SELF_BILLING),
    ),
    ("Income", "Offer"): (
        Course(events.offer, 60),
        Course(events.refused_offer, 20),
        Course(events.offer_to_sale, 20),
    ),
    ("Income", "OrderForm"): (
        Course(events.order_form, 85),
        Course(events.canceled_order, 15),
    ),
    ("Income", "DeliveryNote"): (Course(events.delivery_note, 100),),
}
"""By OrderDirection and OrderType; the first of each is the usual one."""


def usual(direction: str, kind: str) -> Course:
    """The course of most orders of that kind."""
    return COURSES[direction, kind][0]


def drawn(rng: random.Random, direction: str, kind: str) -> Course:
    """A course, each as often as its weight says."""
    courses = COURSES[direction, kind]
    return rng.choices(courses, [course.weight for course in courses])[0]
