"""Getting in: an API key, or OAuth with a refresh token that works once."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

import msgspec
from typing_extensions import override

from tap_billit.api.prefetch import fulfil
from tap_billit.api.retry import retrying
from tap_billit.auth.base import Auth
from tap_billit.auth.token_endpoint import (
    AnswerLostError,
    PendingRefresh,
    RefusedError,
    TokenEndpoint,
    Tokens,
    now,
    tokens_from,
)
from tap_billit.errors import BillitError, LoginError, TransientError, billit_code
from tap_billit.redaction import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from tap_billit.api.retry import Patience
    from tap_billit.auth.token_endpoint import ClientAuthMethod
    from tap_billit.auth.token_store import TokenStore

T = TypeVar("T")

logger = logging.getLogger("tap-billit")

TOKEN_CODES = ("AccessTokenExpired", "InvalidAccessToken", "invalid_token", None)
"""Codes of a 401 that a new access token may mend: Billit's, OAuth's (RFC 6750), or no code."""

_WORKER = "tap-billit-login"

TRIES = 3
"""Refresh tokens to try: the configured one, the store's, the store's when somebody changed it."""


class OAuth(Auth):
    """Bearer tokens, renewed ahead of their end. One object serves all threads of a tap."""

    def __init__(  # noqa: PLR0913  a setting each
        self,
        *,
        token_url: str,
        client_id: str,
        client_secret: str,
        refresh_token: str | None,
        store: TokenStore,
        session: requests.Session,
        timeout: float,
        patience: Patience | None = None,
    ) -> None:
        self._endpoint = TokenEndpoint(
            token_url,
            client_id=client_id,
            client_secret=client_secret,
            session=session,
            timeout=timeout,
        )
        self._obtain = retrying(self._obtain_once, patience=patience)
        self._configured = (refresh_token or "").strip() or None
        self._store = store
        self._mutex = threading.Lock()
        self._tokens: Tokens | None = None
        self._unsaved: Tokens | None = None
        self._never_accepted: str | None = None

    @property
    def way(self) -> ClientAuthMethod | None:
        """How the token endpoint takes the client, once this process has refreshed."""
        return self._endpoint.way

    @override
    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        tokens = self._tokens
        if tokens is None or not _is_fresh(tokens):
            tokens = self._obtain(rejected=None)
        r.headers["Authorization"] = f"Bearer {tokens.access_token}"
        r.register_hook("response", self._notice)  # type: ignore[no-untyped-call]
        return r

    def _notice(self, response: requests.Response, **_: object) -> None:
        if response.ok and _bearer(response) == self._never_accepted:
            self._never_accepted = None

    @override
    def renew(self, response: requests.Response) -> bool:
        """Whether there is another token now than the one that was answered 401.

        Billit also answers 401 for other people's records: a new token does not mend those, nor
        does a second new token where the first was refused at once.

        Raises:
            LoginError: the login was taken back, and nobody has logged in again since.
        """
        code, _ = billit_code(response)
        rejected = _bearer(response)
        if code == "AccessTokenRevoked":
            return self._reread(rejected)
        if code not in TOKEN_CODES or rejected == self._never_accepted:
            return False
        self._obtain(rejected=rejected)
        return True

    def _reread(self, rejected: str) -> bool:
        with self._mutex:
            if self._tokens is None or self._tokens.access_token == rejected:
                self._tokens = self._store.load()
            if self._can_be_used(self._tokens, rejected):
                return True
        raise LoginError(
            "The login was taken back in Billit (AccessTokenRevoked); to log in again, run "
            f"`{self._store.command}`."
        )

    def _obtain_once(self, *, rejected: str | None) -> Tokens:
        """An access token other than `rejected`, refreshed by whoever comes first."""
        return uninterrupted(lambda: self._attempt(rejected))

    def _attempt(self, rejected: str | None) -> Tokens:
        with self._mutex:
            if self._tokens is None or not self._can_be_used(self._tokens, rejected):
                try:
                    self._tokens = self._from_store(rejected)
                except LoginError as error:
                    if self._unsaved:
                        raise TransientError(
                            f"Billit's new tokens are not kept yet. {error}"
                        ) from None
                    raise
            return self._tokens

    def _from_store(self, rejected: str | None) -> Tokens:
        tokens = self._store.load()
        if tokens and self._can_be_used(tokens, rejected):
            return tokens
        with self._store.exclusive():
            if self._unsaved:
                self._save_late(self._unsaved)
            return self._from_locked_store(rejected)

    def _from_locked_store(self, rejected: str | None) -> Tokens:
        refused: list[str] = []
        for _ in range(TRIES):
            kept = self._store.load()
            if kept and self._can_be_used(kept, rejected):
                return kept
            token = self._next_token(kept, refused)
            if token is None:
                break
            try:
                return self._refresh(kept, token, refused)
            except RefusedError as refusal:
                self._explain(refusal, kept, token)
                refused.append(token)
        raise self._no_way_in(refused)

    def _next_token(self, kept: Tokens | None, refused: list[str]) -> str | None:
        candidates = [self._configured] if self._configured_is_unspent(kept) else []
        candidates += [kept.refresh_token] if kept else []
        return next((token for token in candidates if token and token not in refused), None)

    def _configured_is_unspent(self, kept: Tokens | None) -> bool:
        """Whether the configured token is one that this store has not seen spent."""
        return self._configured is not None and (
            kept is None or fingerprint(self._configured) not in kept.known
        )

    def _can_be_used(self, tokens: Tokens | None, rejected: str | None) -> bool:
        return (
            tokens is not None
            and tokens.access_token != rejected
            and _is_fresh(tokens)
            and not self._configured_is_unspent(tokens)
        )

    def _refresh(self, kept: Tokens | None, token: str, refused: list[str]) -> Tokens:
        """The tokens that follow `token`, in the store already."""
        before = kept or Tokens(refresh_token=token)
        spending = _cut_off(kept, token) or PendingRefresh(token=fingerprint(token), since=now())
        self._store.save(msgspec.structs.replace(before, spending=spending))
        try:
            self._store.reserve()
            granted = self._endpoint.refresh(token)
        except AnswerLostError:
            raise
        except BillitError:
            self._restore(kept, token)
            raise
        if refused:
            logger.warning(
                "Billit refused the configured `refresh_token`; going on with the stored one."
            )
        known = before.remembering(*refused, token, self._configured)
        renewed = tokens_from(granted, spent=token, known=known)
        self._never_accepted = renewed.access_token
        return self._save(renewed)

    def _restore(self, kept: Tokens | None, token: str) -> None:
        """Take the note back that `token` is being spent, unless somebody else wrote meanwhile."""
        if not _cut_off(self._store.load(), token):
            return
        if kept:
            self._store.save(kept)
        else:
            self._store.discard()

    def _save(self, tokens: Tokens) -> Tokens:
        """Keep tokens that only this process has, before anybody uses them."""
        self._unsaved = tokens
        self._store.save(tokens)
        self._unsaved = None
        return tokens

    def _save_late(self, tokens: Tokens) -> None:
        """Try again what failed, unless somebody has logged in since."""
        kept = self._store.load()
        if kept is None or kept.spending:
            self._save(tokens)
        self._unsaved = None

    def _explain(self, refusal: RefusedError, kept: Tokens | None, token: str) -> None:
        """Stop at a refusal that no other refresh token mends."""
        if refusal.names_client:
            raise LoginError(
                "Billit does not know this `client_id` with this `client_secret`; the login itself "
                "may be good: check both, and `environment`."
            ) from None
        if lost := _cut_off(kept, token):
            raise LoginError(
                f"A refresh that began at {lost.since:%Y-%m-%d %H:%M:%S} UTC was cut off before "
                "Billit's answer was kept. The token that it spent works only once, so this login "
                f"is lost: run `{self._store.command}`."
            ) from None

    def _no_way_in(self, refused: list[str]) -> LoginError:
        place, run = self._store.place, f"run `{self._store.command}`"
        if not refused:
            return LoginError(f"There is no login in {place} yet: {run}.")
        return LoginError(
            f"Billit refused the login in {place}: it was used elsewhere, taken back, or belongs "
            f"to another client; check `client_secret`, then {run}."
        )


def uninterrupted(work: Callable[[], T]) -> T:
    """The result of `work`, which goes to its end even when a signal ends the waiting for it.

    Python raises in the main thread alone, and waits for other threads before it exits. So the
    answer to a refresh is kept although a SIGTERM or Ctrl-C came while it was on its way.
    """
    future: Future[T] = Future()
    threading.Thread(target=fulfil, args=(future, work), name=_WORKER).start()
    return future.result()


def finish_refresh() -> None:
    """Wait for what is uninterrupted, before a process ends without Python's own waiting."""
    for thread in threading.enumerate():
        if thread.name == _WORKER:
            thread.join()


def _cut_off(kept: Tokens | None, token: str) -> PendingRefresh | None:
    """The note of an earlier refresh with `token` whose answer is not in the store."""
    spending = kept.spending if kept else None
    return spending if spending and spending.token == fingerprint(token) else None


def _is_fresh(tokens: Tokens) -> bool:
    return bool(tokens.access_token and tokens.renew_at and now() < tokens.renew_at)


def _bearer(response: requests.Response) -> str:
    return str(response.request.headers.get("Authorization", "")).removeprefix("Bearer ")
