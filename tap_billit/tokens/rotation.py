"""Exchanges the single-use refresh token and saves its successor, even if interrupted."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tap_billit.errors import BillitError, LoginError, RunOverError
from tap_billit.redaction import fingerprint
from tap_billit.shutdown import process
from tap_billit.storage.base import ChangedError
from tap_billit.tokens.answer import AnswerLostError, NotLastingError, UnreadableError, tokens_in
from tap_billit.tokens.document import KNOWN, PendingRefresh, Tokens, now
from tap_billit.tokens.lease import LONG, Lease, pause

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from tap_billit.tokens.store import TokenStore

SAVE_WAITS = (1, 2, 4, 8, 15, 30)
"""Seconds between tries to store new tokens: a minute in all, however short other patience is."""

logger = logging.getLogger("tap-billit")


class Rotation:
    """Spends tokens and codes for a store; the caller has its lock, if there is one.

    `unsaved` are tokens that only this process has, with the fingerprint of what was spent.
    """

    overrules = False
    """Whether new tokens replace those that somebody else stored meanwhile."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._lease = Lease(store.lease)
        self.unsaved: tuple[str, Tokens] | None = None

    def spend(
        self,
        secret: str,
        ask: Callable[[Callable[[], object]], bytes],
        *,
        kept: Tokens | None,
        renewed: Tokens,
        seconds: float,
    ) -> Tokens:
        """The tokens that follow `secret`, in the store already; `kept` was just loaded from there.

        `renewed` is what is known of them beforehand. `ask` calls what it is given before it sends
        anything; a request takes it so many `seconds` at most.

        Raises:
            AnswerLostError: nobody knows whether `secret` was spent; the store says so.
            UnreadableError: it was, and its successor is in an answer that cannot be read.
        """
        note = pending(kept, secret) or PendingRefresh(token=fingerprint(secret), since=now())
        self._check_readable(note)
        note = self._lease.begin(note, seconds=seconds)
        noted = replace(kept or Tokens(), spending=note)
        if kept is None or loss(kept):
            # Whoever comes next is not to try a token again that is known to be dead.
            noted = replace(noted, refresh_token=renewed.refresh_token)
        with process.spending(seconds + sum(SAVE_WAITS)):
            self._store.replace(noted)
            raw = self._asked(ask, kept)
            self._keep_answer(raw, noted, note)
            try:
                tokens = tokens_in(raw, renewed, since=now())
            except NotLastingError:
                self._restore(kept)
                raise
            except UnreadableError:
                raise self._unreadable(note) from None
            self._keep(note.token, tokens)
        return tokens

    def recover(self, over: Event) -> Tokens | None:
        """What the store holds, or what a run was given for its token before it suddenly ended.

        Where another process has noted that it renews the login, it is waited for.

        Raises:
            BillitError: the run is `over`.
        """
        said = False
        while True:
            kept = self._store.load()
            note = kept.spending if kept else None
            if kept is None or note is None:
                return kept
            if tokens := self._answered(kept, note):
                self._store.replace(tokens)
                self._forget_copy()
                return tokens
            left = self._lease.left(note)
            if not left:
                return kept
            if left > LONG and not said:
                said = True
                logger.warning(
                    "Another process renews the login in %s, or was cut off while it did: waiting "
                    "%.0f seconds for it at most.",
                    self._store.place,
                    left,
                )
            if over.wait(pause(left)):
                raise RunOverError

    def is_lost(self, kept: Tokens, over: Event, *, surely: bool) -> bool:
        """Whether a token is lost that was noted in `kept`, and refused now.

        Who had noted it may have been stopped, and store the answer yet. Where Billit refused it
        `surely`, it is not sent again.
        """
        self._lease.renew()
        there = self.recover(over)
        noted, tried = there and there.spending, kept.spending
        if not (there and noted and tried) or noted.token != tried.token:
            return False
        if surely:
            self._restore(replace(there, spending=replace(noted, refused=now())))
        return True

    def _answered(self, kept: Tokens, note: PendingRefresh) -> Tokens | None:
        """The tokens in the answer that was kept, or in the copy beside the default store."""
        copy = self._copy()
        if copy and copy.spending and copy.spending.token == note.token:
            note = copy.spending
        if copy and not copy.spending and note.token in copy.known:
            return copy
        known = (*kept.known, note.token)[-KNOWN:]
        try:
            return tokens_in(note.raw, replace(kept, known=known), since=note.since)
        except BillitError:
            return None

    def finish(self) -> None:
        """Store what could not be stored before, or raise LoginError."""
        if self.unsaved:
            with process.spending(sum(SAVE_WAITS) + 1, begins=False):
                self._keep(*self.unsaved)
        if self.unsaved:
            raise LoginError(self._where())

    def _asked(self, ask: Callable[[Callable[[], object]], bytes], kept: Tokens | None) -> bytes:
        try:
            self._store.reserve()
            return ask(self._lease.check)
        except AnswerLostError:
            raise
        except BillitError:
            self._restore(kept)
            raise

    def _restore(self, kept: Tokens | None) -> None:
        """Take the note back: nothing was spent."""
        with suppress(ChangedError):
            self._store.replace(kept)

    def _keep_answer(self, raw: bytes, noted: Tokens, note: PendingRefresh) -> None:
        answered = replace(noted, spending=replace(note, answer=raw.decode("latin-1")))
        try:
            self._put(note.token, answered)
        except Exception:  # noqa: BLE001  whatever it is, it must not cost the answer
            self._make_copy(answered)

    def _keep(self, spent: str, tokens: Tokens) -> None:
        """Store tokens, however long it takes within the minute."""
        self.unsaved = spent, tokens
        for wait in (*SAVE_WAITS, 0):
            try:
                self._put(spent, tokens)
            except Exception as error:  # noqa: BLE001, PERF203  it is what is waited for
                # First the copy: the log may be stuck.
                self._make_copy(tokens)
                said = error if isinstance(error, BillitError) else f"({type(error).__name__})"
                logger.warning("Billit's new tokens are not stored yet. %s", said)
                time.sleep(wait)
            else:
                self.unsaved = None
                self._forget_copy()
                return
        logger.error(self._where())

    def _put(self, spent: str, tokens: Tokens) -> None:
        """Store tokens, unless somebody has logged in since."""
        there = self._store.load()
        if there is None or self.overrules or spent in _at_stake(there):
            self._store.replace(tokens)

    def _copy(self) -> Tokens | None:
        with suppress(BillitError):
            return self._store.spare.load() if self._store.spare else None
        return None

    def _make_copy(self, tokens: Tokens | None) -> None:
        if spare := self._store.spare:
            with suppress(BillitError):
                spare.overwrite(tokens)

    def _forget_copy(self) -> None:
        if self._copy():
            self._make_copy(None)

    def _check_readable(self, note: PendingRefresh) -> None:
        try:
            tokens_in(note.raw, Tokens(), since=note.since)
        except UnreadableError:
            raise self._unreadable(note) from None
        except BillitError:
            pass  # there is none, or it was none of the token endpoint: another try will tell

    def _unreadable(self, note: PendingRefresh) -> UnreadableError:
        return UnreadableError(
            f"Billit answered the refresh of {note.since:%Y-%m-%d %H:%M:%S} UTC in a way that "
            f"cannot be read. The answer is kept in {self._store.place} (`spending`), with the new "
            f"tokens, for a later version of the tap; to log in again, run `{self._store.command}`."
        )

    def _where(self) -> str:
        place = self._store.spare.place if self._store.spare and self._copy() else "memory alone"
        return (
            f"Billit's new tokens could not be stored in {self._store.place}. They are in {place}; "
            f"the next run takes them from a file. Else, run `{self._store.command}`."
        )


def _at_stake(there: Tokens) -> tuple[str, ...]:
    """What this store would spend, or is spending: whose answer is newer than what it holds."""
    note = (there.spending.token,) if there.spending else ()
    return (*note, fingerprint(there.refresh_token or ""))


def pending(kept: Tokens | None, secret: str | None) -> PendingRefresh | None:
    """The note of an earlier refresh with `secret` whose answer is not in the store."""
    note = kept.spending if kept else None
    return note if note and secret and note.token == fingerprint(secret) else None


def loss(kept: Tokens) -> PendingRefresh | None:
    """The refresh that is known to have cost the token in the store."""
    note = pending(kept, kept.refresh_token)
    return note if note and note.refused else None
