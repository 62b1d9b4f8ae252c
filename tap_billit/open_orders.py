"""The orders that were open when their row was last written, kept in the state.

No source says that a payment moves LastModified, and its date may be any. So each refresh lists
what is open; an order that was open, and is not listed any more, has left the open ones: paid,
deleted or of another kind now. It is asked by id, whatever its dates say.
Part of `state.py`.

The state of a partition has it as `open`, an object; absent: not known, and all rows are read once.

    orders          OrderIDs, packed: see `pack`
    opened, closed  OrderIDs that came or went since they were packed
    left            OrderIDs that were not listed any more, and are still to be asked
    doubted         OrderIDs that were asked, and not paid by their row, or not there: asked twice
    refreshing      the crawl under way is a refresh, begun at this time (null: it is not known)
    refreshed_at    when the last complete refresh began, on Billit's clock
"""

from __future__ import annotations

import binascii
import zlib
from base64 import b64decode, b64encode
from bisect import bisect_right
from datetime import timedelta
from itertools import accumulate
from operator import sub
from struct import iter_unpack
from struct import pack as as_bytes
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from tap_billit.clock import BillitClock

FEW = 500
"""OrderIDs that may have come and gone before they are packed again: that takes time."""

EARLY = 0.01
"""The part of the rhythm that a refresh may come early: a daily run is some minutes off."""

_WIDTH = 8


class OpenOrders:
    """The open orders of one company in one stream, as its `state` has them.

    `known` is False where the state does not say; `damage` is why, if it says what cannot be read.
    """

    def __init__(self, state: dict[str, Any], *, clock: BillitClock) -> None:
        self._state = state
        self._clock = clock
        self._orders: set[int] = set()
        self.damage: str | None = None
        try:
            self._read(state.get("open"))
        except (AttributeError, KeyError, TypeError, ValueError, binascii.Error, zlib.error) as no:
            self.damage = f"{type(no).__name__}: {no}"
            del state["open"]
        self._before = sorted(self._orders)

    def _read(self, said: dict[str, Any] | None) -> None:
        if said is None:
            return
        if not all(
            type(each) is int
            for ids in (said["opened"], said["closed"], said["left"], said.get("doubted", ()))
            for each in ids
        ):
            raise TypeError("an OrderID that is no whole number")
        for moment in filter(None, (said.get("refreshing"), said.get("refreshed_at"))):
            self._clock.read(moment)
        self._orders = {*unpack(said["orders"]), *said["opened"]} - {*said["closed"]}

    def __len__(self) -> int:
        """How many are open."""
        return len(self._orders)

    def __contains__(self, order: int) -> bool:
        return order in self._orders

    @property
    def known(self) -> bool:
        """Whether the state says which orders are open."""
        return self._state.get("open") is not None

    @property
    def _said(self) -> dict[str, Any]:
        said: dict[str, Any] = self._state["open"]
        return said

    @property
    def refreshing(self) -> bool:
        """Whether the crawl under way lists all that is open."""
        return self.known and "refreshing" in self._said

    @property
    def left(self) -> list[int]:
        """The orders that have left the open ones, and are to be asked."""
        return [*self._said["left"]] if self.known else []

    def is_due(self, now: datetime | None, *, every: timedelta) -> bool:
        """Whether so much time has passed since the last refresh; if in doubt, it has."""
        last = self._said.get("refreshed_at") if self.known else None
        if last is None or now is None:
            return True
        age = now - self._clock.earliest(self._clock.read(last))
        return not timedelta(0) <= age < every * (1 - EARLY)

    def start(self) -> None:
        """Nothing has been written yet: none is open."""
        self._orders, self._before = set(), []
        self._state["open"] = {"orders": pack(()), "opened": [], "closed": [], "left": []}

    def begin(self, now: datetime | None, *, refresh: bool) -> None:
        """A crawl begins, which lists all that is open if it is a `refresh`."""
        if not self.known:
            return
        self._before = sorted(self._orders)
        self._said["left"] = []
        self._said.pop("refreshing", None)
        if refresh:
            self._said["refreshing"] = now and self._clock.floor(now).isoformat(timespec="seconds")

    def listed(self, rows: Mapping[int, bool], *, after: int | None) -> None:
        """The crawl has written these rows, open or not: all that it lists `after` an OrderID."""
        self._note_left(after, max(rows), but=rows)
        if self.known and self._said.get("doubted"):
            self._said["doubted"] = [each for each in self._said["doubted"] if each not in rows]
        self.written(rows)

    def list_ends(self, *, after: int | None) -> None:
        """The crawl lists nothing `after` this one."""
        self._note_left(after, None, but=())

    def asked(self, orders: Iterable[int]) -> None:
        """These have left, and were asked."""
        asked = {*orders}
        self._said["left"] = [order for order in self._said["left"] if order not in asked]

    def doubt(self, orders: Iterable[int]) -> list[int]:
        """Those of these orders that were doubted before; the others are from now on."""
        doubted = {*self._said.get("doubted", ())}
        again = [order for order in orders if order in doubted]
        self._said["doubted"] = sorted(doubted.union(orders).difference(again))
        return again

    def end(self) -> None:
        """The crawl is over; a refresh is complete if all that has left was asked."""
        if not self.known:
            return
        self._pack()
        began = self._said.pop("refreshing", None)
        if began and not self._said["left"]:
            self._said["refreshed_at"] = began

    def written(self, rows: Mapping[int, bool]) -> None:
        """These rows have been written, open or not."""
        if not self.known:
            return
        open_now = {order for order, is_open in rows.items() if is_open}
        for order in sorted(open_now ^ self._orders.intersection(rows)):
            self._turn(order, is_open=order in open_now)
        if len(self._said["opened"]) + len(self._said["closed"]) > max(FEW, len(self._orders) // 8):
            self._pack()

    def _turn(self, order: int, *, is_open: bool) -> None:
        (self._orders.add if is_open else self._orders.discard)(order)
        to, of = ("opened", "closed") if is_open else ("closed", "opened")
        if order in self._said[of]:
            self._said[of].remove(order)
        else:
            self._said[to].append(order)

    def _pack(self) -> None:
        self._said.update(orders=pack(self._orders), opened=[], closed=[])

    def _note_left(self, after: int | None, last: int | None, *, but: Collection[int]) -> None:
        if not self.refreshing:
            return
        begin = 0 if after is None else bisect_right(self._before, after)
        end = len(self._before) if last is None else bisect_right(self._before, last)
        self._said["left"] += [
            order
            for order in self._before[begin:end]
            if order not in but and order in self._orders and order not in self._said["left"]
        ]


def pack(orders: Collection[int]) -> str:
    """OrderIDs as a short text: of their differences all first bytes, all second …, deflated."""
    ascending = sorted(orders)
    gaps = map(sub, ascending, [0, *ascending])
    data = as_bytes(f"<{len(ascending)}q", *gaps)
    planes = b"".join(data[place::_WIDTH] for place in range(_WIDTH))
    return b64encode(zlib.compress(planes, 9)).decode("ascii")


def unpack(text: str) -> list[int]:
    """The OrderIDs of a text that `pack` made, ascending.

    Raises:
        ValueError, TypeError, zlib.error: it made no such text.
    """
    planes = zlib.decompress(b64decode(text, validate=True))
    length, rest = divmod(len(planes), _WIDTH)
    if rest:
        raise ValueError(f"{len(planes)} bytes are no OrderIDs")
    data = bytearray(len(planes))
    for place in range(_WIDTH):
        data[place::_WIDTH] = planes[place * length : (place + 1) * length]
    return [*accumulate(gap for (gap,) in iter_unpack("<q", data))]
