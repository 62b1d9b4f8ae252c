"""The one way to Billit: a session that sends a request when the rate limit has a turn for it."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from math import inf
from threading import local
from typing import Any

import requests
from typing_extensions import override

from tap_billit.api import rate_limit
from tap_billit.api.deadline import DeadlineAdapter
from tap_billit.api.rate_limit import LATE, RateLimiter
from tap_billit.api.rate_limit_file import FileRateLimiter
from tap_billit.errors import BillitError


class RateLimitedAdapter(DeadlineAdapter):
    """Sends a request when the limiter has a turn for it."""

    def __init__(self, limiter: RateLimiter) -> None:
        super().__init__()
        self._limiter = limiter
        self._mine = local()

    def take_turn(self) -> None:
        """Wait for the turn of this thread's next request, which may have it already."""
        now = self._limiter.clock()
        if now - getattr(self._mine, "turn", -inf) > LATE:
            self._limiter.acquire()
            self._mine.turn = self._limiter.clock()

    @override
    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        self.take_turn()
        self._mine.turn = -inf
        return super().send(*args, **kwargs)

    @override
    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().cert_verify(*args, **kwargs)  # type: ignore[no-untyped-call]
        except OSError as error:
            raise BillitError(f"{error}; check `REQUESTS_CA_BUNDLE`.") from None

    @override
    def close(self) -> None:
        self._limiter.close()
        super().close()


def take_turn(session: requests.Session, url: str) -> None:
    """Wait for the turn of this thread's next request to `url` before it is sent."""
    with suppress(requests.exceptions.InvalidSchema):  # the request itself will say so
        adapter = session.get_adapter(url)
        if isinstance(adapter, RateLimitedAdapter):
            adapter.take_turn()


def rate_limiter(limit: int, store: str | None = None, *, key: str = "") -> RateLimiter:
    """At most `limit` requests in any 60 seconds, of this process or of all that share the store.

    `key` names what shares the limit in a database, where the store's URL does not.
    """
    window = rate_limit.WINDOW
    if not store:
        return RateLimiter(limit, window=window)
    if "://" not in store:
        return FileRateLimiter(limit, store, window=window)
    try:
        postgres = import_module("tap_billit.api.rate_limit_postgres")
    except ImportError:
        raise BillitError(
            "`rate_limit_store` in PostgreSQL needs the extra `postgres`: "
            "`pip install 'tap-billit[postgres]'`."
        ) from None
    limiter: RateLimiter = postgres.PostgresRateLimiter(limit, store, key=key, window=window)
    return limiter


def rate_limited_session(limiter: RateLimiter, *, user_agent: str) -> requests.Session:
    """A session that never sends more than the limiter has turns for.

    Retries count too: the limiter sits below them. Closing the session ends the waiting for a turn.
    """
    adapter = RateLimitedAdapter(limiter)
    session = requests.Session()
    session.headers["User-Agent"] = user_agent
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
