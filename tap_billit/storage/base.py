"""What every storage does: its document is read, and replaced if it is still what was read."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from contextlib import nullcontext
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from tap_billit.errors import LoginError, RunOverError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from threading import Event


class ChangedError(TransientError):
    """There is something else now than what was read."""


class Storage(ABC):
    """One document at `place`."""

    lease: ClassVar[float | None] = 2.0
    """How long a note of a refresh keeps others out, in times of what a request takes at most.

    None: a lock does, which ends with its process.
    """

    def __init__(self, place: str) -> None:
        self.place = place

    @abstractmethod
    def read(self) -> bytes | None:
        """The document; None: there is none."""

    def replace(self, old: bytes | None, new: bytes | None) -> None:
        """Put `new` in the place of `old`, all of it or nothing; None stands for no document.

        Raises:
            ChangedError: it is not `old` that is there.
            LoginError: it cannot be written.
        """
        try:
            self._swap(old, new)
        except ChangedError:
            # What is sent again after its answer was lost meets its own work.
            if self.read() != new:
                raise

    @abstractmethod
    def _swap(self, old: bytes | None, new: bytes | None) -> None:
        """As `replace`; it may raise ChangedError where `new` is there already."""

    def exclusive(self, *, over: Event, patience: float) -> AbstractContextManager[None]:  # noqa: ARG002
        """Keep other processes out, where it can; `over` ends the waiting for them."""
        return nullcontext()

    def reserve(self) -> None:  # noqa: B027  not every one can
        """Claim the space that the next document needs, where it can."""

    def unfinished(self) -> bytes | None:
        """A whole document that was about to replace the other when its process ended."""
        return None

    def _changed(self) -> ChangedError:
        return ChangedError(f"{self.place} was changed meanwhile.")

    def _unusable(self, what: str, reason: object) -> LoginError:
        return LoginError(
            f"The token store {self.place} cannot be {what} ({reason}); see to it, or point "
            "`token_store` to a place that lasts and that this user may write."
        )


def wait_for_lock(
    acquired: Callable[[], bool], lock: str, *, poll: float, over: Event, patience: float
) -> None:
    """Try to take a lock every `poll` seconds, at random a little sooner, until it is ours.

    Raises:
        RunOverError: the run is over.
        TransientError: another process has had the lock for longer than `patience`, in seconds.
    """
    end = monotonic() + patience
    while not acquired():
        if over.wait(random.uniform(0.5, 1) * poll):  # noqa: S311
            raise RunOverError
        if monotonic() > end:
            raise TransientError(f"Another process has held {lock} for {patience:.0f} seconds.")
