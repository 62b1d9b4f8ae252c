"""A made-up account, and a demo that answers as told: replies, and when to act.

`DemoServer.fail(reply, path=…, skip=2, times=1)` gives the third request of a path this reply.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tap_billit.demo import Account, DemoServer, Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_billit.demo import Request

NOW = datetime(2026, 11, 2, 9, tzinfo=timezone.utc)
ALWAYS = 10**6
"""How often to fail, for a demo that does not recover."""

ORDERS = "/v1/orders"
PARTIES = "/v1/parties"
ACCOUNT = "/v1/account/accountInformation"
TOKEN = "/OAuth2/token"


class Clock:
    """The time, which stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 10, 1, 12, tzinfo=timezone.utc)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class Waits:
    """The waiting between tries, on a clock that only it moves: nobody really waits."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.then: Callable[[], object] = lambda: None
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.now += seconds
        self.then()

    def monotonic(self) -> float:
        return self.now


def account(*, orders: int = 60, companies: int = 1) -> Account:
    return Account(orders=orders, companies=companies, clock=lambda: NOW)


def empty_demo() -> DemoServer:
    """A demo whose two companies have no orders."""
    return DemoServer(Account(orders=0, companies=2))


def oauth(demo: DemoServer, folder: Path) -> dict[str, Any]:
    """The settings of a login that may be renewed, kept in `folder`."""
    return {
        "client_id": demo.client_id,
        "client_secret": demo.client_secret,
        "refresh_token": demo.issue_refresh_token(),
        "token_store": str(folder / "tokens.json"),
    }


def error(status: int, code: str, said: str | None = None, **headers: str) -> Reply:
    """Billit's error envelope, with headers: `Retry_After="7"`."""
    reply = Reply.error(status, code, said)
    reply.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
    return reply


def act_after(demo: DemoServer, count: int, act: Callable[[], object]) -> None:
    """Do this before the request of orders that comes after this many."""
    left = [act]

    def hook(request: Request) -> None:
        asked = sum(each.path == ORDERS for each in demo.requests)
        if request.path == ORDERS and asked > count and left:
            left.pop()()

    demo.hooks.append(hook)


def rotate_then(demo: DemoServer, reply: Reply, *, times: int = 1) -> None:
    """The token endpoint does its work, but answers this."""
    left = [reply] * times

    def hook(request: Request) -> Reply | None:
        if request.path != TOKEN or not left:
            return None
        demo.normal(request)
        return left.pop()

    demo.hooks.append(hook)
