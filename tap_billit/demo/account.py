"""A Billit account that runs: companies and their orders, at the time the clock shows."""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from datetime import datetime, timezone
from decimal import Decimal
from operator import attrgetter
from threading import RLock
from typing import TYPE_CHECKING, Any

from tap_billit.demo import counterparties, files, ledger
from tap_billit.demo.bank import Bank, Movement
from tap_billit.demo.lazy_rows import LazyRows
from tap_billit.demo.lifecycle import START, Lifecycles, Series
from tap_billit.demo.order import Order, made_by_hand
from tap_billit.demo.order_json import OrderJson
from tap_billit.demo.order_row import due_date
from tap_billit.demo.timestamps import SECOND, local_date, midnight, moment, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from tap_billit.demo.bank import Transaction

Json = dict[str, Any]

FIRST_ORDER = 1_000_000
_BY_ID = attrgetter("order_id")


def utc_now() -> datetime:
    """The time."""
    return datetime.now(timezone.utc)


class NoSuchOrderError(LookupError):
    """No live order has this OrderID."""


class Account:
    """All that one login reaches.

    A function of seed, companies, orders and the time: the same moment shows the same data, a day
    later some orders are new, some paid, one deleted. On 2026-10-01 there are `orders` live ones,
    over all companies, and the pace goes on; with 0 the companies start empty, and stay so.
    What changes the account by hand stamps LastModified with the clock.
    The IDs go on from those of accounts with so many companies `before`.
    """

    first_order = FIRST_ORDER
    id_every = 5 * SECOND

    def __init__(
        self,
        *,
        seed: int = 1,
        companies: int = 3,
        orders: int = 900,
        clock: Callable[[], datetime] = utc_now,
        before: int = 0,
    ) -> None:
        self.seed = seed
        self._before = before
        self.clock = clock
        self.lock = RLock()
        self.companies = counterparties.companies(seed=seed, count=companies, before=before)
        self._lifecycles = Lifecycles(seed=seed, companies=companies, orders=orders)
        self._parties = [
            counterparties.Parties(seed=seed, company=number, companies=companies, before=before)
            for number in range(companies)
        ]
        self._order_json = [
            OrderJson(seed=seed, company=company, parties=parties)
            for company, parties in zip(self.companies, self._parties, strict=True)
        ]
        self._live: list[list[Order]] = [[] for _ in range(companies)]
        self._deleted: list[list[Order]] = [[] for _ in range(companies)]
        self._by_id: dict[int, Order] = {}
        self._bank = Bank(seed=seed, companies=self.companies, orders=self._by_id, before=before)
        if orders:
            self._bank.open()
        self._upcoming: list[tuple[int, int]] = []
        self._series = [Series(0, 1), Series(-1, -2), Series(-2, -2)]
        self.advance()

    @property
    def now(self) -> int:
        """The clock's time as a moment."""
        return moment(self.clock())

    def advance(self) -> None:
        """Let happen all that should have happened by now."""
        with self.lock:
            now = self.now
            self._begin(now)
            while self._upcoming and self._upcoming[0][0] <= now:
                _, order_id = heapq.heappop(self._upcoming)
                self._live_on(self._by_id[order_id], now)
            self._bank.advance(now)

    def rows(self, company_id: int) -> list[Json]:
        """The summaries of the company's live orders, by OrderID."""
        return list(self.listing(company_id))

    def deleted(self, company_id: int) -> list[Json]:
        """The last summaries of the company's deleted orders, stamped with the deletion."""
        return list(self.listing(company_id, deleted=True))

    def listing(self, company_id: int, *, deleted: bool = False) -> LazyRows[Order]:
        """The same, each row made when asked for; hold the lock while reading."""
        self.advance()
        shelf = self._deleted if deleted else self._live
        today = local_date(self.now)
        return LazyRows(shelf[self._number(company_id)], lambda order: self._shown(order, today))

    def row(self, order_id: int) -> Json:
        """The summary of a live order."""
        self.advance()
        return dict(self._shown(self._order(order_id)))

    def document(self, order_id: int) -> Json:
        """The whole of a live order."""
        self.advance()
        with self.lock:
            order = self._order(order_id)
            order_json = self._order_json[order.lifecycle.company]
            return order_json.document(order, row=self._shown(order))

    def company_of(self, order_id: int) -> int:
        """The PartyID of the company whose live order this is."""
        self.advance()
        return int(self.companies[self._order(order_id).lifecycle.company]["PartyID"])

    def create(self, company_id: int, **properties: Any) -> int:
        """A new order, a sent sales invoice unless the properties say otherwise."""
        self.advance()
        with self.lock:
            now = self.now
            order_id = properties.pop("OrderID", None) or self._free_id(now)
            stamp = properties.pop("LastModified", None) or written(now)
            order = made_by_hand(
                order_id, company=self._number(company_id), now=now, properties=properties
            )
            self._by_id[order_id] = order
            insort(self._live[order.lifecycle.company], order, key=_BY_ID)
            self._set(order, properties, stamp)
            return order_id

    def change(self, order_id: int, **properties: Any) -> None:
        """Set properties, of the row and of the document."""
        self.advance()
        with self.lock:
            stamp = properties.pop("LastModified", None) or written(self.now)
            self._set(self._order(order_id), properties, stamp)

    def pay(self, order_id: int, amount: Decimal | None = None) -> None:
        """Pay all that is open, or part of it; nothing else happens to the order by itself."""
        self.advance()
        with self.lock:
            order, now = self._order(order_id), self.now
            amount = self._shown(order)["ToPay"] if amount is None else amount
            order.stop()
            order.payments.append((now, Decimal(amount)))
            order.touch(written(now))
            company = order.lifecycle.company
            self._bank.book(Movement(now, order_id, order_id, company, Decimal(amount)))

    def convert(self, order_id: int, order_type: str, *, direction: str | None = None) -> None:
        """Make it an order of another kind, and perhaps of the other side; it stays so."""
        self.advance()
        with self.lock:
            order = self._order(order_id)
            order.convert(self.now, order_type=order_type, direction=direction or order.direction)

    def delete(self, order_id: int) -> None:
        """Take the order out of the lists; `deleted` shows it from now on."""
        self.advance()
        with self.lock:
            order = self._order(order_id)
            order.touch(written(self.now))
            self._bury(order)

    def parties(self, company_id: int) -> list[Json]:
        """The company's customers and suppliers, by PartyID."""
        parties, now = self._parties[self._number(company_id)], self.now
        return [parties.party(number, now) for number in range(parties.count(now))]

    def products(self, company_id: int) -> list[Json]:
        """What the company sells, by ProductID."""
        number = self._number(company_id)
        return ledger.products(seed=self.seed, company=number, now=self.now, before=self._before)

    def documents(self, company_id: int) -> list[Json]:
        """The company's other papers, by DocumentID."""
        return ledger.documents(
            seed=self.seed,
            company=self._number(company_id),
            company_id=company_id,
            now=self.now,
            before=self._before,
        )

    def transactions(self, company_id: int) -> LazyRows[Transaction]:
        """What went over the company's bank account, by its ID; hold the lock while reading."""
        self.advance()
        booked = self._bank.transactions[self._number(company_id)]
        return LazyRows(booked, lambda each: self._bank.shown(each, self._shown))

    def file(self, file_id: str) -> tuple[int, Json]:
        """The PartyID of the company that owns the file, and the file with its content."""
        owner = files.owner(file_id)
        with self.lock:
            order = self._by_id.get(owner or 0)
            if order is not None and not order.deleted:
                company_id = self.company_of(order.order_id)
                made = ledger.order_file(file_id, self._shown(order), seed=self.seed)
                if made:
                    return company_id, made
            for company in self.companies:
                for document in self.documents(company["PartyID"]):
                    if document["File"]["FileID"] == file_id:
                        return company["PartyID"], ledger.document_file(document)
        raise LookupError(file_id)

    def _shown(self, order: Order, today: date | None = None) -> Json:
        """The order's row with Overdue and DaysOverdue as of today; not to be altered."""
        row = order.row
        if row is None:
            row = self._order_json[order.lifecycle.company].row(order)
            order.row, order.due = row, due_date(row)
        days = order.days_overdue(today or local_date(self.now)) if row["ToPay"] else 0
        if days != row["DaysOverdue"]:
            computed = {"Overdue": days > 0, "DaysOverdue": days}
            row = order.row = row | {
                key: order.set.get(key, value) for key, value in computed.items()
            }
        return row

    def _begin(self, now: int) -> None:
        """Take in the orders created since the last time."""
        for place, series in enumerate(self._series):
            while (at := self._lifecycles.created(series.number)) is not None and at <= now:
                order_id = self._free_id(at, place)
                order = Order(order_id, self._lifecycles.lifecycle(series.number, at), done=0)
                self._by_id[order_id] = order
                insort(self._live[order.lifecycle.company], order, key=_BY_ID)
                self._bank.expect(order)
                self._live_on(order, now)
                series.number += series.step

    def _live_on(self, order: Order, now: int) -> None:
        """Let the order's events up to now happen."""
        if order.deleted or order.next is None:
            return
        before, events = order.done, order.lifecycle.events
        while order.done < len(events) and events[order.done].at <= now:
            order.done += 1
        past = events[before : order.done]
        if past:
            order.touch()
        if past and past[-1].kind == "deleted":
            self._bury(order)
        elif order.next is not None:
            heapq.heappush(self._upcoming, (order.next, order.order_id))

    def _bury(self, order: Order) -> None:
        order.deleted = True
        shelf = self._live[order.lifecycle.company]
        del shelf[bisect_left(shelf, order.order_id, key=_BY_ID)]
        insort(self._deleted[order.lifecycle.company], order, key=_BY_ID)

    def _set(self, order: Order, properties: Json, stamp: str) -> None:
        if properties.get("Paid") is True:
            today = midnight(local_date(self.now))
            properties = {"PaidDate": today, "PaymentMethod": "Wired"} | properties
        order.set = order.set | properties
        order.touch(stamp)

    def _free_id(self, at: int, place: int = 0) -> int:
        """An OrderID that ascends with time, with gaps; each series has its own."""
        step = len(self._series)
        order_id = self.first_order + step * (max(0, at - START) // self.id_every) + place
        while order_id in self._by_id:
            order_id += step
        return order_id

    def _order(self, order_id: int) -> Order:
        order = self._by_id.get(order_id)
        if order is None or order.deleted:
            raise NoSuchOrderError(order_id)
        return order

    def _number(self, company_id: int) -> int:
        ids = [company["PartyID"] for company in self.companies]
        return ids.index(company_id)
