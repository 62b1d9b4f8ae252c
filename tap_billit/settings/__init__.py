"""The tap's settings, as one typed object: nothing else reads the raw config.

`schema` declares them, `values` makes raw values plain, `checks` says what will not do.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tap_billit.clock import BillitClock
from tap_billit.environments import DEMO, ENVIRONMENTS
from tap_billit.redaction import Hidden
from tap_billit.settings.checks import problems
from tap_billit.settings.schema import SETTINGS
from tap_billit.settings.values import plain_values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["SETTINGS", "Settings"]

ON_TIME = 0.99

_SCHEMA = SETTINGS.to_dict()


@dataclass(frozen=True, repr=False)
class Settings(Hidden):
    """What `schema` declares, by the same names; then what follows from it."""

    environment: str
    api_url: str | None
    client_id: str | None
    client_secret: str | None
    refresh_token: str | None
    token_store: str | None
    token_store_key: str | None
    api_key: str | None
    company_ids: list[int] | None
    context_party_id: int | None
    start_date: str | None
    recent_days: float
    timezone: str
    lookback_minutes: int
    refresh_unpaid: bool
    refresh_unpaid_hours: float
    full_lists_hours: float
    accept_unreadable: int
    files_url: str | None
    files_max_mb: float
    requests_per_minute: int
    request_timeout: float
    retry_minutes: float
    rate_limit_store: str | None
    user_agent: str | None
    problems: list[str] = field(compare=False)
    """What is wrong with the config, a sentence each; what cannot be read has its default here."""

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Settings:
        """The settings that `config` gives."""
        values, unreadable = plain_values(config, _SCHEMA)
        return cls(**values, problems=[*unreadable, *problems(values)])

    @property
    def plain(self) -> dict[str, Any]:
        """Each setting by its name, in the types of the schema."""
        names = (each.name for each in fields(self) if each.name != "problems")
        return {name: getattr(self, name) for name in names}

    @property
    def runs_demo(self) -> bool:
        """Whether the account is made up, inside this process."""
        return self.environment == DEMO and self.api_url is None

    @property
    def base_url(self) -> str:
        """Billit's API base; the demo's is known when it runs."""
        return (self.api_url or ENVIRONMENTS[self.environment].api_url).rstrip("/")

    @property
    def agent(self) -> str:
        """The `User-Agent` header."""
        return self.user_agent or f"tap-billit/{version('tap-billit')}"

    @property
    def patience(self) -> float:
        """Seconds that one request is tried again."""
        return self.retry_minutes * 60

    @property
    def lookback(self) -> timedelta:
        """How far behind the newest change the bookmark stays."""
        return timedelta(minutes=self.lookback_minutes)

    @property
    def refresh_every(self) -> timedelta:
        """How long open rows are not read again."""
        return timedelta(hours=self.refresh_unpaid_hours)

    @property
    def recent(self) -> timedelta:
        """How far before the newest change a first sync begins; zero: with the oldest order."""
        return timedelta(days=self.recent_days)

    @property
    def full_lists_pause(self) -> timedelta:
        """How long after a whole read the next one is due; a daily run may be minutes early."""
        return timedelta(hours=self.full_lists_hours) * ON_TIME

    @cached_property
    def clock(self) -> BillitClock:
        """Billit's clock."""
        return BillitClock(ZoneInfo(self.timezone))

    @cached_property
    def start(self) -> datetime | None:
        """`start_date` on Billit's clock."""
        return self.clock.read(self.start_date) if self.start_date else None
