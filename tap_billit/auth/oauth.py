"""Getting in by OAuth, with a refresh token that works once.

| in the store | in memory | at Billit | what the next process does |
| --- | --- | --- | --- |
| nothing | - | whatever is configured | spends the configured token, or names the command |
| tokens | the same | live | uses the access token while it lasts, then spends the refresh token |
| tokens and a note | - | the token is live, or was spent and the answer lost | waits while \
the note may be that of another process (`lease.py`), then sends it once more; if that is refused, \
notes that and says since when the login is lost |
| tokens and a refused note | - | nothing is live | says since when the login is lost |
| tokens, note and answer | the new tokens | the new ones are live | takes them out of the answer; \
if it cannot, asks nothing, and says where they are |
| tokens and a note; a copy beside the default store | the new tokens | the new ones are live | \
takes them from the copy |
| new tokens | the same | live | as in the second row |

The note is written before the token is sent, the answer before it is read, the tokens before they
are used. All of it happens with the lock of the store, if it has one, or else under a lease.
"""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING

import requests
from typing_extensions import override

from tap_billit.api.rate_limit import WINDOW
from tap_billit.api.retry import retrying
from tap_billit.auth.base import Auth
from tap_billit.auth.token_endpoint import RefusedError
from tap_billit.errors import LoginError, RunOverError, billit_code
from tap_billit.redaction import fingerprint
from tap_billit.shutdown import process
from tap_billit.tokens.document import Tokens
from tap_billit.tokens.rotation import SAVE_WAITS, Rotation, loss, pending

if TYPE_CHECKING:
    from tap_billit.api.retry import Patience
    from tap_billit.auth.token_endpoint import TokenEndpoint
    from tap_billit.tokens.document import PendingRefresh
    from tap_billit.tokens.store import TokenStore

logger = logging.getLogger("tap-billit")

REVOKED = "accesstokenrevoked"
EXPIRED = ("accesstokenexpired", "invalidaccesstoken", "invalid_token")
"""Codes of a 401 that a new access token mends: Billit's, and OAuth's (RFC 6750)."""

TRIES = 3
"""Refresh tokens to try: the configured one, the store's, the store's when somebody changed it."""


class DeadLoginError(LoginError):
    """Billit knows this login no longer."""


class OAuth(Auth):
    """Bearer tokens, renewed ahead of their end. One object serves all threads of a tap."""

    def __init__(
        self,
        *,
        endpoint: TokenEndpoint,
        store: TokenStore,
        refresh_token: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.store = store
        self._obtain = retrying(self._obtain_once, patience=patience)
        self._configured = (refresh_token or "").strip() or None
        self._rotation = Rotation(store)
        self._mutex = threading.Lock()
        self.over = threading.Event()
        self._tokens: Tokens | None = None
        self._refreshed: str | None = None
        self._renewed: str | None = None
        self._mending = ""
        self._not_mended = {"apikeynotvalid"}

    @override
    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        tokens = self._tokens
        if tokens is None or not tokens.fresh:
            tokens = self._obtain(rejected=None)
        r.headers["Authorization"] = f"Bearer {tokens.access_token}"
        r.register_hook("response", self._notice)  # type: ignore[no-untyped-call]
        return r

    @override
    def close(self) -> None:
        """Refresh no more, once what is under way is done, and store what is not stored yet."""
        self.over.set()
        with self._mutex:
            process.shield(self._rotation.finish)

    def _notice(self, response: requests.Response, **_: object) -> None:
        if _bearer(response) != self._renewed:
            return
        if response.ok:
            self._renewed = None
        elif response.status_code == requests.codes.unauthorized:
            self._not_mended.add(self._mending)

    @override
    def renew(self, response: requests.Response) -> bool:
        """Whether there is another token now than the one that was answered 401.

        Billit also answers 401 for other people's records, and a new token does not mend those. So
        a code that is not known to mean the token is worth one new token, until that one was
        refused as well.

        Raises:
            LoginError: the login was taken back, and nobody has logged in again since.
        """
        code = (billit_code(response)[0] or "").lower()
        rejected = _bearer(response)
        if code == REVOKED or rejected == self._renewed:
            # Another process may have a newer one.
            if self._reread(rejected):
                return True
            if code == REVOKED:
                raise self._dead("The login was taken back in Billit (AccessTokenRevoked)")
        if rejected == self._renewed or (code in self._not_mended and code not in EXPIRED):
            return False
        self._mending = code
        token = self._obtain(rejected=rejected).access_token
        self._renewed = token if token == self._refreshed else None
        return True

    def _reread(self, rejected: str) -> bool:
        with self._mutex:
            if self._tokens is None or self._tokens.access_token == rejected:
                self._tokens = self.store.load()
            return self._can_be_used(self._tokens, rejected)

    def _obtain_once(self, *, rejected: str | None) -> Tokens:
        """An access token other than `rejected`, refreshed by whoever comes first."""
        return process.shield(lambda: self._attempt(rejected))

    def _attempt(self, rejected: str | None) -> Tokens:
        with self._mutex:
            if self.over.is_set():
                raise RunOverError
            if self._tokens is None or not self._can_be_used(self._tokens, rejected):
                self._tokens = self._from_store(rejected)
            return self._tokens

    def _from_store(self, rejected: str | None) -> Tokens:
        tokens = self.store.load()
        if tokens and self._can_be_used(tokens, rejected):
            return tokens
        # Another process asks in two ways, each with its turn, and stores what it is told.
        patience = 2 * (WINDOW + self.endpoint.patience) + sum(SAVE_WAITS)
        with self.store.exclusive(over=self.over, patience=patience):
            self._rotation.finish()
            return self._from_locked_store(rejected)

    def _from_locked_store(self, rejected: str | None) -> Tokens:
        refused: list[str] = []
        for _ in range(TRIES):
            kept = self._rotation.recover(self.over)
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
        raise self._no_way_in(kept, refused)

    def _next_token(self, kept: Tokens | None, refused: list[str]) -> str | None:
        candidates = [self._configured] if self._configured_is_unspent(kept) else []
        candidates += [kept.refresh_token] if kept and not loss(kept) else []
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
            and tokens.fresh
            and not self._configured_is_unspent(tokens)
        )

    def _refresh(self, kept: Tokens | None, token: str, refused: list[str]) -> Tokens:
        """The tokens that follow `token`, in the store already."""
        self.endpoint.take_turn()
        tokens = self._rotation.spend(
            token,
            partial(self.endpoint.refresh, token),
            kept=kept,
            renewed=Tokens(
                refresh_token=token,
                known=(kept or Tokens()).remembering(*refused, token, self._configured),
            ),
            seconds=self.endpoint.patience,
        )
        if refused:
            logger.warning(
                "Billit refused the configured `refresh_token`; going on with the stored one."
            )
        self._refreshed = tokens.access_token
        return tokens

    def _explain(self, refusal: RefusedError, kept: Tokens | None, token: str) -> None:
        """Stop at a refusal that no other refresh token mends."""
        if refusal.names_client:
            raise LoginError(
                "Billit does not know this `client_id` with this `client_secret`; the login itself "
                "may be good: check both, and `environment`."
            ) from None
        lost = pending(kept, token)
        if kept and lost and self._rotation.is_lost(kept, self.over, surely=refusal.names_grant):
            raise self._cut_off(lost) from None

    def _no_way_in(self, kept: Tokens | None, refused: list[str]) -> LoginError:
        if kept and (lost := loss(kept)):
            return self._cut_off(lost)
        if not refused:
            return LoginError(
                f"There is no login in {self.store.place} yet: run `{self.store.command}`."
            )
        return self._dead(
            f"Billit refused the login in {self.store.place}: it was used elsewhere, taken back, "
            "or belongs to another client (check `client_secret`)"
        )

    def _cut_off(self, lost: PendingRefresh) -> DeadLoginError:
        return self._dead(
            f"A refresh that began at {lost.since:%Y-%m-%d %H:%M:%S} UTC was cut off before "
            "Billit's answer was kept. The token that it spent works only once, so this login "
            "is lost"
        )

    def _dead(self, why: str) -> DeadLoginError:
        return DeadLoginError(f"{why}; to log in again, run `{self.store.command}`.")


def _bearer(response: requests.Response) -> str:
    return str(response.request.headers.get("Authorization", "")).removeprefix("Bearer ")
