"""What a run could not read: companies, streams and rows, named at its end with exit status 1.

`errors.py` says what each error costs; here it is counted, and an outage is told from many errors.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

from tap_billit.errors import BillitError, Costs, TransientError
from tap_billit.set_aside import OutageError, Recent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

T = TypeVar("T")

NAMED = 10
"""How many of a kind the end of a run names."""

REASONS = 3
"""How many reasons it gives for that; the log has told each where it came up."""


class IncompleteError(BillitError):
    """All but some of it has been read; `causes` are the errors that cost those."""

    def __init__(self, message: str, *, causes: tuple[BillitError, ...]) -> None:
        super().__init__(message)
        self.causes = causes


class Incomplete:
    """What a run could not have, besides what is set aside."""

    def __init__(self) -> None:
        self.companies: dict[int, BillitError] = {}
        self._streams: dict[tuple[str, int], BillitError] = {}
        self._rows: Counter[tuple[str, int]] = Counter()
        self._entries = 0
        self._recent = Recent()
        self._read: set[int] = set()

    def complete(self, company: int) -> None:
        """A stream of this company has been read."""
        self._recent.note(failed=False)
        self._read.add(company)

    def leave_out(self, stream: str, company: int, error: BillitError) -> None:
        """What an error costs is left out of this run; no company that was read is refused.

        Raises:
            BillitError: it costs the run; one by one, most streams of the companies failed.
        """
        outage = isinstance(error, (TransientError, OutageError)) and self._recent.note(failed=True)
        if error.costs is Costs.RUN or outage:
            raise error
        if error.costs is Costs.COMPANY and company not in self._read:
            self.companies[company] = error
        else:
            self._streams[stream, company] = error

    def rows(self, stream: str, company: int, number: int) -> None:
        """So many rows have no key."""
        self._rows[stream, company] += number

    def entries(self, number: int) -> None:
        """So many companies of the login cannot be told from another."""
        self._entries = number

    def errors(self, stream: str | None = None) -> tuple[BillitError, ...]:
        """What companies and streams failed by, or one stream."""
        return (*self.companies.values(), *_of(stream, self._streams).values())

    def has(self, stream: str) -> bool:
        """Whether something of this stream is missing."""
        return bool(
            self.companies
            or self._entries
            or any(name == stream for name, _ in (*self._streams, *self._rows))
        )

    def sentences(self, companies: int, stream: str | None = None) -> Iterator[str]:
        """What is missing, of so many companies; `stream`: in that one."""
        if self._entries:
            yield (
                f"Billit lists {self._entries} companies of this login without a PartyID; to do "
                "without them, name the others in `company_ids`."
            )
        if refused := self.companies:
            reasons = _by_reason(refused)
            yield f"{len(refused)} of {companies} companies could not be synced: {reasons}"
        if streams := _of(stream, self._streams):
            reasons = _by_reason({f"{name} of {of}": streams[name, of] for name, of in streams})
            yield f"{len(streams)} streams of a company are left for the next run: {reasons}"
        if rows := _of(stream, self._rows):
            counts = _first(NAMED, [f"{name} of {of} ({rows[name, of]})" for name, of in rows])
            yield f"Billit lists rows without their key: {counts}; the next run reads them again."


def _of(stream: str | None, places: Mapping[tuple[str, int], T]) -> dict[tuple[str, int], T]:
    """What there is of one stream; None: of all."""
    return {place: places[place] for place in places if stream in {None, place[0]}}


def _by_reason(failed: Mapping[Any, BillitError]) -> str:
    """What failed, by why: an error that many streams met is said once."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for place, error in failed.items():
        places[str(error)].append(str(place))
    reasons = [f"{_first(NAMED, places[reason], ', ')}: {reason}" for reason in places]
    return _first(REASONS, reasons)


def _first(count: int, texts: list[str], separator: str = " ") -> str:
    more = f" and {len(texts) - count} more" if len(texts) > count else ""
    return separator.join(texts[:count]) + more


def sentence_of(orders: Iterable[tuple[str, int, dict[str, Any]]]) -> str:
    """Name what is set aside: stream, company and entry each."""
    texts = [
        f"{stream} {entry['OrderID']} (company {company}, since {entry['since']}: {entry['why']})"
        for stream, company, entry in orders
    ]
    return f"{len(texts)} orders could not be read and are tried again: {_first(NAMED, texts)}"
