"""The Billit account that a run reads: what all streams share."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cached_property, partial
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_billit.api.client import Answer, BillitClient
from tap_billit.api.pagination import page_of
from tap_billit.api.query_fallbacks import Feature, without
from tap_billit.api.retry import Patience
from tap_billit.api.session import rate_limited_session, rate_limiter
from tap_billit.auth.api_key import ApiKeyAuth
from tap_billit.auth.oauth import OAuth
from tap_billit.auth.token_endpoint import TokenEndpoint
from tap_billit.clock import shifted
from tap_billit.errors import BillitError, RunOverError
from tap_billit.incomplete import Incomplete
from tap_billit.shared_lists import SharedLists
from tap_billit.state import ZONE_DOUBT, Watermark
from tap_billit.state_messages import StatePace
from tap_billit.tokens.store import open_store
from tap_billit.value_types import whole_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Session

    from tap_billit.api.paginator import Row
    from tap_billit.auth.base import Auth
    from tap_billit.settings import Settings
    from tap_billit.tokens.store import TokenStore

logger = logging.getLogger("tap-billit")

UNPACED = 1_000_000
"""Requests a minute to our own stand-in: there is nobody to spare."""


class BillitAccount:
    """One session, one login and the companies it reaches, from the tap's settings.

    Nothing is asked before it is needed. `incomplete` is what this run could not have; `limited` is
    told for how many seconds Billit's limit holds it, `estimated` how many records a stream has.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.incomplete = Incomplete()
        self.shared_lists = SharedLists()
        self.state_pace = StatePace()
        self.limited: Callable[[float], object] = lambda _: None
        self.estimated: Callable[[str, int], object] = lambda *_: None
        self._checked: set[tuple[str, int]] = set()
        self._watermarks: dict[tuple[str, int], Watermark | None] = {}
        self.first_load = False
        self._opening = Lock()
        self._closed = False

    def close(self) -> None:
        """Ask no more, not even through a client that is still to be made.

        Raises:
            LoginError: new tokens could not be stored.
        """
        with self._opening:
            self._closed = True
        if "client" in vars(self):
            self.client.close()

    @cached_property
    def client(self) -> BillitClient:
        """Billit's API, through the one session and the one login."""
        with self._opening:
            if self._closed:
                raise RunOverError
            return self._connect()

    def _connect(self) -> BillitClient:
        settings = _start_demo(self.settings) if self.settings.runs_demo else self.settings
        patience = Patience(settings.patience)
        patience.limited = self.limited
        limiter = rate_limiter(
            settings.requests_per_minute,
            settings.rate_limit_store,
            key=urlsplit(settings.base_url).hostname or "",
        )
        limiter.limited, limiter.is_first_load = self.limited, lambda: self.first_load
        patience.hold = limiter.hold
        session = rate_limited_session(limiter, user_agent=settings.agent)
        return BillitClient(
            base_url=settings.base_url,
            auth=self._auth(settings, session, patience),
            session=session,
            timeout=settings.request_timeout,
            patience=patience,
            context_party_id=settings.context_party_id,
        )

    def _auth(self, settings: Settings, session: Session, patience: Patience) -> Auth:
        if settings.api_key:
            return ApiKeyAuth(settings.api_key)
        return OAuth(
            endpoint=TokenEndpoint(
                url=f"{settings.base_url}/OAuth2/token",
                client_id=settings.client_id or "",
                client_secret=settings.client_secret or "",
                session=session,
                timeout=settings.request_timeout,
            ),
            refresh_token=settings.refresh_token,
            store=self.token_store(settings),
            patience=patience,
        )

    def token_store(self, settings: Settings) -> TokenStore:
        """Where the tokens of a login are kept."""
        return open_store(
            settings.token_store,
            environment=settings.environment,
            client_id=settings.client_id or "",
            api_url=settings.api_url,
            keys=settings.token_store_key,
        )

    @cached_property
    def _information(self) -> Answer:
        return self.client.get("/v1/account/accountInformation")

    @property
    def began(self) -> datetime | None:
        """Billit's clock at the first answer of the run, if it said the time."""
        date = self._information.date
        return date and date.replace(microsecond=0)

    @cached_property
    def companies(self) -> list[dict[str, Any]]:
        """The companies to sync, as Billit describes them.

        Raises:
            BillitError: the login does not reach one of `company_ids`, or any company at all.
        """
        body = self._information.body
        companies = body.get("Companies") if isinstance(body, dict) else None
        listed = companies if isinstance(companies, list) else []
        reached = {party: each for each in listed if (party := _party_id(each)) is not None}
        if not reached:
            raise BillitError(
                "This login reaches no company in Billit"
                f"{', but for some without a PartyID' if listed else ''}."
            )
        if not self.settings.company_ids:
            self.incomplete.entries(sum(_party_id(each) is None for each in listed))
        wanted = self.settings.company_ids or list(reached)
        if missing := [str(party) for party in wanted if party not in reached]:
            have = ", ".join(f"{party} ({c.get('Name')})" for party, c in reached.items())
            raise BillitError(
                f"`company_ids` names {', '.join(missing)}, which this login does not reach. "
                f"It reaches {have}."
            )
        return [{**reached[party], "PartyID": party} for party in dict.fromkeys(wanted)]

    def watermark(self, path: str, company: int) -> Watermark | None:
        """The newest change in a list of a company when the run first asked; None: it is empty."""
        if (path, company) not in self._watermarks:
            self._watermarks[path, company] = self._ask_watermark(path, company)
        return self._watermarks[path, company]

    def _ask_watermark(self, path: str, company: int) -> Watermark | None:
        query = partial(without, {"$orderby": "LastModified desc", "$top": "1"})
        answer = self.client.ask(path, query, company=company)
        rows, link = page_of(answer.body, path)
        if not rows:
            return Watermark(None, answer.date) if link else None
        newest = self._newest(rows[0], path)
        return Watermark(newest, self._plausible(answer.date, newest))

    def ignores_newest_first(
        self, path: str, company: int, rows: list[Row], *, than: str | None
    ) -> bool:
        """Whether rows newer `than` the newest change show that this was not the newest.

        They may have changed since it was asked: so it is asked again, once in a run.
        """
        if not than or (path, company) in self._checked:
            return False
        stamps = [stamp for row in rows if isinstance(stamp := row.get("LastModified"), str)]
        if max(stamps, default="") <= than:
            return False
        self._checked.add((path, company))
        now = self._ask_watermark(path, company)
        if now is None or now.newest is None or max(stamps) <= now.newest:
            return False
        self.client.fallbacks.ignored(path, Feature.NEWEST_FIRST)
        self._watermarks = {
            place: mark for place, mark in self._watermarks.items() if place[0] != path
        }
        self.shared_lists = SharedLists()
        return True

    def _newest(self, row: dict[str, Any], path: str) -> str | None:
        """The LastModified of what should be the row changed last."""
        if Feature.NEWEST_FIRST in self.client.fallbacks.refused(path):
            return None
        text = row.get("LastModified")
        try:
            self.settings.clock.read(text or "")
        except (TypeError, ValueError):
            logger.warning(
                "Billit's rows in %s say no LastModified that can be read: the Date header of its "
                "answers, less a day, is the bookmark.",
                path,
            )
            return None
        return str(text)

    def _plausible(self, date: datetime | None, newest: str | None) -> datetime | None:
        """Billit's clock; None where its newest change is later, and is so by our clock as well."""
        if date is None or newest is None:
            return date
        now = datetime.now(tz=timezone.utc)
        changed = self.settings.clock.earliest(self.settings.clock.read(newest))
        if changed <= shifted(date, ZONE_DOUBT) or abs(now - changed) > abs(now - date):
            return date
        logger.warning(
            "Billit's newest row is of %s, its Date header of %s: the Date is left out.",
            newest,
            date.isoformat(),
        )
        return None


def _party_id(company: Any) -> int | None:
    return whole_number(company.get("PartyID")) if isinstance(company, dict) else None


def _start_demo(settings: Settings) -> Settings:
    """Start the stand-in in this process, for as long as it lives, and get in.

    `BILLIT_DEMO_DAYS_AHEAD` sets its clock so many days ahead: there, some invoices are paid.
    """
    from tap_billit.demo import Account, DemoServer  # noqa: PLC0415  only the demo needs it

    ahead = timedelta(days=float(os.environ.get("BILLIT_DEMO_DAYS_AHEAD", "0")))
    demo = DemoServer(Account(clock=lambda: datetime.now(tz=timezone.utc) + ahead)).start()
    return replace(
        settings,
        api_url=demo.url,
        client_id=demo.client_id,
        client_secret=demo.client_secret,
        refresh_token=demo.issue_refresh_token(),
        token_store=f"memory://{urlsplit(demo.url).netloc}",
        api_key=None,
        requests_per_minute=UNPACED,
    )
