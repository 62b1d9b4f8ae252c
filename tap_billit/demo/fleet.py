"""Many logins on one server, as a software vendor has them: one client, an account for each.

Each login has companies, IDs, data and tokens of its own; its account is made when it is first
asked for something. Its first refresh token follows from its number and the seed, so it is good
once, until the server is started anew. What a real Billit does not have:

- `GET /_logins`: the companies of each login, and a config for the tap;
- `GET /_stats`: requests, refreshes and tokens of each login, the largest number of requests in
  any minute of each who shares a limit, and the faults given;
- `GET /_clock`; `POST /_clock?hours=1` moves the clock on, and the accounts with it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal, get_args
from uuid import UUID

from typing_extensions import override

from tap_billit.demo.account import FIRST_ORDER, Account, utc_now
from tap_billit.demo.api import Api
from tap_billit.demo.counterparties import company_id
from tap_billit.demo.limits import RequestLimit, too_many
from tap_billit.demo.messages import Reply
from tap_billit.demo.oauth import OAuth
from tap_billit.demo.seeded_random import chance, seeded_random
from tap_billit.demo.service import Service
from tap_billit.demo.timestamps import SECOND, moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_billit.demo.messages import Request

Json = dict[str, Any]

MOST_LOGINS = 1_000
TOKEN_PATH = "/oauth2/token"  # noqa: S105

LimitPer = Literal["token", "client", "address"]
LIMIT_PER: tuple[LimitPer, ...] = get_args(LimitPer)

_LOST = Reply(cut="short")
"""The answer is made, and what it changes is changed, but it never arrives whole."""

_FAILURES = [Reply.error(503, "GenericError"), Reply(cut="reset"), too_many(1)]
_FAULTS = [*_FAILURES, _LOST]


class FleetClock:
    """The time, or one that stands still, moved on by hand."""

    def __init__(self, still_at: datetime | None = None, *, ahead: timedelta = timedelta()) -> None:
        self._still_at, self._ahead = still_at, ahead

    def __call__(self) -> datetime:
        """The time of the accounts."""
        return (self._still_at or utc_now()) + self._ahead

    def forward(self, ahead: timedelta) -> None:
        """Move on."""
        self._ahead += ahead


class FleetAccount(Account):
    """The account of one of many logins: an OrderID is for two minutes, so that all have room."""

    id_every = 120 * SECOND

    def __init__(
        self, login: int, *, seed: int, companies: int, orders: int, clock: Callable[[], datetime]
    ) -> None:
        self.first_order = FIRST_ORDER + 4_000_000 * login
        super().__init__(
            seed=seed + login,
            companies=companies,
            orders=orders,
            clock=clock,
            before=login * companies,
        )


class Login(OAuth):
    """One login: its tokens begin with its number."""

    def __init__(self, number: int, fleet: Fleet) -> None:
        super().__init__(seed=fleet.seed, now=lambda: moment(fleet.clock()))
        self.number, self._fleet = number, fleet
        self.lock = RLock()
        self.requests = 0
        rng = seeded_random(fleet.seed, 41, number)
        uuids = (UUID(int=rng.getrandbits(128), version=4) for _ in range(2))
        self.api_key, self.first_refresh_token = (f"{number}-{each}" for each in uuids)
        self._refresh.add(self.first_refresh_token)

    @cached_property
    def api(self) -> Api:
        """The API over its account."""
        account = self._fleet.account(self.number)
        return Api(account=account, oauth=self, page_size=self._fleet.page_size)

    @override
    def new_token(self) -> str:
        return f"{self.number}-{super().new_token()}"

    def stats(self) -> Json:
        """What has happened to it so far."""
        return {
            "requests": self.requests,
            "refreshes": self.refreshes,
            "live_refresh_tokens": self.live_refresh_tokens,
            "spent_tokens_shown": self.spent_token_attempts,
        }


@dataclass(frozen=True, kw_only=True)
class Faults:
    """Shares: of requests that fail, and of refreshes whose answer alone is lost."""

    requests: float = 0.0
    lost_refreshes: float = 0.0


class Fleet(Service):
    """`logins` accounts behind one API, as `tap-billit-demo --logins` serves them."""

    def __init__(  # noqa: PLR0913
        self,
        logins: int,
        *,
        seed: int = 1,
        companies: int = 1,
        orders: int = 100,
        clock: FleetClock | None = None,
        port: int = 0,
        requests_per_minute: int | None = None,
        limit_per: LimitPer = "token",
        faults: Faults | None = None,
        latency: float = 0.0,
        page_size: int = 120,
    ) -> None:
        self.seed, self._companies, self._orders = seed, companies, orders
        self.clock = clock or FleetClock()
        self.page_size, self.latency = page_size, latency
        self.limit, self.limit_per = RequestLimit(requests_per_minute), limit_per
        self.logins = {number: Login(number, self) for number in range(1, logins + 1)}
        self.faults_given: Counter[str] = Counter()
        self._faults, self._dice = faults or Faults(), seeded_random(seed, 42)
        self._lock = RLock()
        self.serve(port=port, clock=self.clock)

    def account(self, login: int, *, clock: Callable[[], datetime] | None = None) -> FleetAccount:
        """The account of a login, made anew: a checker has one of its own to compare with."""
        return FleetAccount(
            login,
            seed=self.seed,
            companies=self._companies,
            orders=self._orders,
            clock=clock or self.clock,
        )

    @override
    def answer(self, request: Request) -> Reply:
        match request.method, request.path:
            case "GET", "/_logins":
                return Reply(body=[self.described(login) for login in self.logins.values()])
            case "GET", "/_stats":
                return Reply(body=self.stats())
            case _, "/_clock":
                return self._answer_clock(request)
        login = self._login(request)
        with self._lock:
            login.requests += 1
            refusal = self._refusal(request, login)
        if refusal is not None and not refusal.keeps_answer:
            return refusal
        with login.lock:
            reply = login.answer_login(request) or login.api.answer(request, url=self.url)
        return reply if refusal is None else replace(reply, cut=refusal.cut)

    def described(self, login: Login) -> Json:
        """The companies of a login, and a config for the tap."""
        first = login.number * self._companies
        config = {
            "api_url": self.url,
            "client_id": login.client_id,
            "client_secret": login.client_secret,
            "refresh_token": login.first_refresh_token,
        }
        company_ids = [company_id(first + number) for number in range(self._companies)]
        return {"login": login.number, "company_ids": company_ids, "config": config}

    def stats(self) -> Json:
        """What has been asked so far, for those who check a fleet."""
        with self._lock:
            return {
                "clock": self.clock().isoformat(),
                "logins": {str(number): login.stats() for number, login in self.logins.items()},
                "largest_minute": dict(self.limit.largest),
                "refused_by_limit": self.limit.refused,
                "faults": dict(self.faults_given),
            }

    def _answer_clock(self, request: Request) -> Reply:
        if request.method == "POST":
            try:
                ahead = timedelta(hours=float(request.query.get("hours", "")))
            except (ValueError, OverflowError):
                return Reply.error(400, "GenericError", "POST /_clock?hours=1 moves the clock on.")
            self.clock.forward(ahead)
        return Reply(body={"clock": self.clock().isoformat()})

    def _login(self, request: Request) -> Login:
        """Whose token the request carries; the first login refuses what is of nobody."""
        shown = request.header("Authorization").removeprefix("Bearer ") or request.header("ApiKey")
        if request.path.lower() == TOKEN_PATH:
            shown = str((request.json() or request.form()).get("refresh_token"))
        number = shown.partition("-")[0]
        return self.logins.get(int(number) if number.isdecimal() else 1) or self.logins[1]

    def _refusal(self, request: Request, login: Login) -> Reply | None:
        """What is answered in place of the normal answer, or cuts it, if anything."""
        if request.path.lower() == TOKEN_PATH:
            if chance(self._dice, self._faults.lost_refreshes):
                return self._fault("lost refresh", _LOST)
            kinds = _FAILURES
        else:
            limited = self.limit.refusal(self._limit_key(request, login))
            if limited is not None:
                return limited
            kinds = _FAULTS
        if chance(self._dice, self._faults.requests):
            fault = self._dice.choice(kinds)
            return self._fault(fault.cut or str(fault.status), fault)
        return None

    def _fault(self, name: str, reply: Reply) -> Reply:
        self.faults_given[name] += 1
        return reply

    def _limit_key(self, request: Request, login: Login) -> str:
        return {
            "token": f"login {login.number}",
            "client": login.client_id,
            "address": request.address,
        }[self.limit_per]
