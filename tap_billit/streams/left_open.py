"""Orders that have left the open ones: asked by id, so that no payment depends on its date."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from requests import codes

from tap_billit.api import odata
from tap_billit.api.pagination import KeysetPaginator, pages
from tap_billit.errors import AnswerError, ApiError, BillitError, Costs
from tap_billit.value_types import boolean, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Record

    from tap_billit.api.paginator import Row
    from tap_billit.state import CompanyState
    from tap_billit.streams.orders import OrderRows

AT_ONCE = 30
"""Orders asked in one request: with ids of ten digits that is a URL of some 1,200 characters."""

NAMED = 10
"""How many OrderIDs a line of the log names."""


def open_in(rows: Iterable[Row]) -> dict[int, bool]:
    """Whether each of these rows is open, by OrderID; one that does not say so is not."""
    return {row["OrderID"]: boolean(row.get("Paid")) is False for row in rows}


def rows_that_left(stream: OrderRows, state: CompanyState, company: int) -> Iterator[Record]:
    """The rows of what has left the open ones; an error costs no more than these."""
    try:
        yield from _Asking(stream, state, company).records()
    except BillitError as error:
        if error.costs > Costs.STREAM:
            raise
        stream.account.incomplete.leave_out(stream.name, company, error)
        stream.say(company, str(error), level=logging.ERROR)


class _Asking:
    """Asks for the orders of one company that have left, and tells its state of each."""

    def __init__(self, stream: OrderRows, state: CompanyState, company: int) -> None:
        self._stream, self._state, self._company = stream, state, company
        self._found: dict[int, bool] = {}
        self._without_key = 0

    def records(self) -> Iterator[Record]:
        """Their rows; where Billit refuses so many at once, half of them."""
        at_once, gone, still_open = AT_ONCE, list[int](), list[int]()
        while orders := self._state.open.left[:at_once]:
            try:
                yield from self._ask(orders)
            except ApiError as error:  # noqa: PERF203  a refusal is what is waited for
                if error.status != codes.bad_request or len(orders) == 1:
                    raise
                at_once = len(orders) // 2
            else:
                for order in self._settle(orders):
                    (still_open if order in self._found else gone).append(order)
        if gone:
            self._say("were open, and are deleted or of another kind now", gone)
        if still_open:
            self._say(
                "are open by their row, not by `Paid eq false`, and no longer read", still_open
            )

    def _say(self, what: str, orders: list[int]) -> None:
        more = ", …" if len(orders) > NAMED else ""
        named = ", ".join(map(str, orders[:NAMED]))
        said = f"{len(orders)} orders {what}: {named}{more}"
        self._stream.say(self._company, said, level=logging.WARNING)

    def _ask(self, orders: list[int]) -> Iterator[Record]:
        """The rows that are listed of these orders, of the stream's kind."""
        any_of = odata.any_of(*(odata.eq("OrderID", order) for order in orders))
        stream, conditions = self._stream, [*self._stream.kinds(), any_of]
        self._found, self._without_key = {}, 0
        for page in pages(
            stream.account.client,
            KeysetPaginator(stream.path, conditions, after=None),
            company=self._company,
            usable=lambda rows: self._usable(rows, {*orders}),
        ):
            self._found |= open_in(page)
            stream.write_state(coming=len(page))
            yield from page
            stream.note_written(len(page))

    def _usable(self, rows: list[Row], asked: set[int]) -> list[Row]:
        """Those that have a key; the others are counted.

        Raises:
            AnswerError: one is none that was asked for.
        """
        found = self._stream.with_key(rows)
        for row in found:
            self._stream.check(row, self._company)
            if whole_number(row["OrderID"]) not in asked:
                raise AnswerError(
                    f"Billit lists order {row['OrderID']}, which was not asked for: does something "
                    "between here and Billit take the filter away?"
                )
        self._without_key += len(rows) - len(found)
        return found

    def _settle(self, orders: list[int]) -> list[int]:
        """These have been asked and written: which of them are forgotten, although none is paid.

        One that is not there, or is open by its row, is asked again by the next refresh if that
        does not list it either: one answer may lag behind. Then it is forgotten, or it would cost
        a request each hour for ever.
        """
        self._state.open.asked(orders)
        told = self._found
        if self._without_key:
            self._stream.account.incomplete.rows(
                self._stream.name, self._company, self._without_key
            )
        else:
            told = dict.fromkeys(orders, True) | told
        closed = [order for order, is_open in told.items() if not is_open]
        doubted = self._state.open.doubt([order for order in told if told[order]])
        self._state.open.written(dict.fromkeys([*closed, *doubted], False))
        return doubted
