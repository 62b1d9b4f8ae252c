"""Orders requested one at a time: decides whether each was read, is gone, or is set aside."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from tap_billit.set_aside import RECENT, OutageError, Recent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from singer_sdk.helpers.types import Record

    from tap_billit.errors import BillitError
    from tap_billit.walk import Walk


class Attempt(NamedTuple):
    """An order that was asked for: the records that it gave, and why it did not give all."""

    order: int
    records: list[Record]
    error: BillitError | None = None

    @property
    def maybe_gone(self) -> bool:
        """Whether a list has to say if the order is there at all."""
        return self.error is not None and self.error.maybe_gone


class Unsettled:
    """The orders of a walk that have been asked for and are not marked in the state yet.

    A failure waits until what comes after it shows that it is one of its own. Until then the state
    stands before it: of an outage nothing is marked, and a kill loses nothing. `listed` tells which
    orders the list still has.
    """

    def __init__(self, state: Walk, listed: Callable[[list[int]], set[int]]) -> None:
        self._state = state
        self._listed = listed
        self._attempts: deque[Attempt] = deque()
        self._recent = Recent()
        self.gone = 0

    def add(self, attempt: Attempt) -> None:
        """The records of the next order are written.

        Raises:
            OutageError: most of the last ones failed.
        """
        if not attempt.maybe_gone:
            self._note(attempt)
        self._attempts.append(attempt)
        while self._attempts and self._attempts[0].error is None:
            self._mark(self._attempts.popleft())

    def settle(self, *, everything: bool = False) -> None:
        """Mark what is certain: all but the latest failures, or `everything` at the end.

        Raises:
            OutageError: most of the last ones failed, or there are too many.
        """
        certain = len(self._attempts) if everything else self._certain()
        attempts = [*islice(self._attempts, certain)]
        missing = [attempt.order for attempt in attempts if attempt.maybe_gone]
        listed = self._listed(missing) if missing else set()
        for attempt in attempts:
            if attempt.order in listed:
                self._note(attempt)
        for attempt in attempts:
            is_gone = attempt.maybe_gone and attempt.order not in listed
            self.gone += is_gone
            self._mark(attempt._replace(error=None) if is_gone else attempt)
            self._attempts.popleft()

    def _certain(self) -> int:
        """How many attempts stand before the first failure among the last ones."""
        number = len(self._attempts)
        latest = range(max(0, number - RECENT), number)
        return next((at for at in latest if self._attempts[at].error), number)

    def _note(self, attempt: Attempt) -> None:
        if self._recent.note(failed=attempt.error is not None):
            raise OutageError(
                f"Most of the last {RECENT} orders could not be read, now {attempt.order}: "
                f"{attempt.error} That is an outage: the next run goes on before them."
            )

    def _mark(self, attempt: Attempt) -> None:
        if attempt.error:
            self._state.set_aside.add(attempt.order, attempt.error)
        else:
            self._state.set_aside.remove(attempt.order)
        self._state.written(attempt.order)


def still_listed(
    orders: Iterable[int], page_from: Callable[[int], tuple[list[int], bool]]
) -> set[int]:
    """Which of these orders are listed; `page_from` gives OrderIDs from one on, and if more follow.

    Where the orders are neighbours, one page tells of up to 120 of them.
    """
    left, listed = sorted(orders), set[int]()
    while left:
        page, more = page_from(left[0])
        listed |= {*page} & {*left}
        left = [order for order in left if order > page[-1]] if page and more else []
    return listed
