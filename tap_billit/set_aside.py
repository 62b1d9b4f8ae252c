"""What could not be had: set aside in the state of a company, or named at the end of a run.

Orders whose details or files could not be read are set aside, and the next run tries them first.
`Incomplete` collects all that a run could not have, and decides whether it may count as complete.
"""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from tap_billit.errors import AnswerError, BillitError, Costs, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST = 50
"""Orders of a company in a stream that may be set aside; more are an outage."""

RECENT = 20
"""Of how many that were asked lately most must have failed for an outage."""

NAMED = 10
"""How many of a kind the end of a run names."""


class OutageError(AnswerError):
    """So much fails that none of it is taken for a thing of its own."""


class SetAside:
    """The orders set aside in the state of one company in one stream, oldest first.

    Each is an object with OrderID, why (a few words) and since (UTC, by this machine's clock).
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        for entry in self._entries:
            said = (entry["why"], entry["since"])
            if type(entry["OrderID"]) is not int or not all(isinstance(s, str) for s in said):
                raise TypeError(f"set_aside has {entry!r}")

    @property
    def _entries(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._state.get("set_aside", [])
        return entries

    @property
    def orders(self) -> list[int]:
        """Their OrderIDs."""
        return [entry["OrderID"] for entry in self._entries]

    def add(self, order: int, error: BillitError) -> None:
        """Set an order aside; one that is there already keeps its `since`.

        Raises:
            OutageError: there are too many.
        """
        since = next((e["since"] for e in self._entries if e["OrderID"] == order), None)
        self.remove(order)
        if len(self._entries) >= MOST:
            raise OutageError(
                f"More than {MOST} orders cannot be read, now {order}: {error} That is an outage: "
                "the next run goes on there."
            )
        now = datetime.now(tz=timezone.utc).isoformat(timespec="seconds")
        entry = {"OrderID": order, "why": error.brief, "since": since or now}
        self._state["set_aside"] = [*self._entries, entry]

    def remove(self, order: int) -> None:
        """An order has been read, or is no longer listed."""
        left = [entry for entry in self._entries if entry["OrderID"] != order]
        if left:
            self._state["set_aside"] = left
        else:
            self._state.pop("set_aside", None)


class Recent:
    """Whether most of what was asked lately failed."""

    def __init__(self) -> None:
        self._failed: deque[bool] = deque(maxlen=RECENT)

    def note(self, *, failed: bool) -> bool:
        """Whether that makes an outage."""
        self._failed.append(failed)
        return sum(self._failed) > RECENT // 2


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

    def has(self, stream: str) -> bool:
        """Whether something of this stream is missing."""
        return bool(
            self.companies
            or self._entries
            or any(name == stream for name, _ in (*self._streams, *self._rows))
        )

    def sentences(self, companies: int) -> Iterator[str]:
        """What is missing, of so many companies."""
        if self._entries:
            yield (
                f"Billit lists {self._entries} companies of this login without a PartyID; to do "
                "without them, name the others in `company_ids`."
            )
        if refused := self.companies:
            reasons = _named(f"{company}: {error}" for company, error in refused.items())
            yield f"{len(refused)} of {companies} companies could not be synced: {reasons}"
        if streams := self._streams:
            reasons = _named(f"{name} of {of}: {error}" for (name, of), error in streams.items())
            yield f"{len(streams)} streams of a company are left for the next run: {reasons}"
        if rows := self._rows:
            counts = _named(f"{name} of {of} ({number})" for (name, of), number in rows.items())
            yield f"Billit lists rows without their key: {counts}; the next run reads them again."


def _named(problems: Iterable[str]) -> str:
    texts = [*problems]
    more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    return " ".join(texts[:NAMED]) + more


def sentence_of(orders: Iterable[tuple[str, int, dict[str, Any]]]) -> str:
    """Name what is set aside: stream, company and entry each."""
    texts = [
        f"{stream} {entry['OrderID']} (company {company}, since {entry['since']}: {entry['why']})"
        for stream, company, entry in orders
    ]
    return f"{len(texts)} orders could not be read and are tried again: {_named(texts)}"
