"""Orders whose details or files could not be read: kept in the state, and tried first next time.

Part of `state.py`. Only orders are set aside: what leaves out a whole company (401, 403), a list or
the run is in `STATUS_RULES` of `errors.py`.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timezone
from typing import Any

from tap_billit.errors import AnswerError, BillitError

MOST = 50
"""Orders of a company in a stream that may be set aside; more are an outage."""

RECENT = 20
"""Of how many that were asked lately most must have failed for an outage."""


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
