"""The tap: what all of its streams share, and the command line."""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.plugin_base import SingerCommand
from typing_extensions import override

from tap_billit.auth import ApiKeyLogin, OAuthLogin, finish_refresh
from tap_billit.client import BillitClient
from tap_billit.clock import BillitClock
from tap_billit.crawl import Mark, check
from tap_billit.environments import DEMO, ENVIRONMENTS
from tap_billit.errors import ApiError, BillitError
from tap_billit.pacing import paced_session
from tap_billit.paging import page_of
from tap_billit.settings import SETTINGS, problems
from tap_billit.streams import STREAMS
from tap_billit.tokens import open_store
from tap_billit.writer import LineWriter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType

    import click
    from requests import Session
    from singer_sdk.streams import Stream

    from tap_billit.auth import Login


class _Command(SingerCommand):
    """The command line; what a user can mend ends it with a sentence, not with a traceback."""

    @override
    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except ConfigValidationError as error:
            for problem in error.errors:
                self.logger.error(problem)  # noqa: TRY400
        except BillitError as error:
            self.logger.error(error)  # noqa: TRY400
        sys.exit(1)


class TapBillit(Tap):
    """Sales and supplier invoices from Billit, and what surrounds them."""

    name = "tap-billit"
    config_jsonschema = SETTINGS.to_dict()
    message_writer_class = LineWriter

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [stream(self) for stream in STREAMS]

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        """The streams in our order, where the SDK's is alphabetical."""
        streams = super().streams
        return {stream.name: streams[stream.name] for stream in STREAMS}

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        check(state.get("bookmarks", {}))
        super().load_state(state)

    @override  # type: ignore[misc]  # final, but no hook runs after it
    def sync_all(self) -> None:
        """Sync all selected streams.

        Raises:
            BillitError: Billit refused a company; the others are complete.
        """
        try:
            super().sync_all()
        finally:
            if "client" in vars(self):
                self.client.close()
        if self.refused:
            raise BillitError(
                f"{len(self.refused)} of {len(self.companies)} companies could not be synced: "
                + " ".join(f"{company}: {error}" for company, error in self.refused.items())
            )

    @cached_property
    def refused(self) -> dict[int, ApiError]:
        """The companies that Billit refused in this run, each with the reason."""
        return {}

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End the run on a signal: a last STATE, then exit status 128 + `signum`, as shells say.

        The SDK's own handler exits with 0, which looks like a complete sync.
        """
        writer = self.message_writer
        if isinstance(writer, LineWriter):
            writer.when_whole(partial(self._end, signum))
        else:
            self._end(signum)

    def _end(self, signum: int) -> None:
        self.logger.warning("Stopped by %s", signal.Signals(signum).name)
        with suppress(OSError):
            self.state_writer.write_state(self.state)
        finish_refresh()
        logging.shutdown()
        os._exit(128 + signum)  # threads may be waiting for their turn, up to a minute

    @cached_property
    def client(self) -> BillitClient:
        """Billit's API, through the one session and the one login that all streams share."""
        session = paced_session(
            requests_per_minute=self.config["requests_per_minute"],
            user_agent=self.config.get("user_agent") or f"{self.name}/{self.plugin_version}",
            shared_budget=self.config.get("shared_budget"),
        )
        api_url = self.config.get("api_url")
        credentials = self.config
        if not api_url and self.config["environment"] == DEMO:
            api_url, credentials = _start_demo()
        api_url = (api_url or ENVIRONMENTS[self.config["environment"]].api_url).rstrip("/")
        return BillitClient(
            base_url=api_url,
            login=self._login(api_url, credentials, session),
            session=session,
            timeout=self.config["request_timeout"],
            patience=self.config["retry_minutes"] * 60,
            context_party_id=self.config.get("context_party_id"),
        )

    def _login(self, api_url: str, credentials: Mapping[str, Any], session: Session) -> Login:
        if api_key := credentials.get("api_key"):
            return ApiKeyLogin(api_key)
        return OAuthLogin(
            token_url=f"{api_url}/OAuth2/token",
            client_id=credentials["client_id"],
            client_secret=credentials["client_secret"],
            refresh_token=credentials.get("refresh_token"),
            store=open_store(
                credentials.get("token_store"),
                environment=self.config["environment"],
                client_id=credentials["client_id"],
                api_url=self.config.get("api_url"),
            ),
            session=session,
            timeout=self.config["request_timeout"],
        )

    @cached_property
    def companies(self) -> list[dict[str, Any]]:
        """The companies to sync, as Billit describes them.

        Raises:
            BillitError: the login does not reach one of `company_ids`, or any company at all.
        """
        body = self.client.get("/v1/account/accountInformation").body
        companies = body.get("Companies") if isinstance(body, dict) else None
        if not companies:
            raise BillitError("This login reaches no company in Billit.")
        reached = {company["PartyID"]: company for company in companies}
        wanted = self.config.get("company_ids") or list(reached)
        if missing := [str(party) for party in wanted if party not in reached]:
            have = ", ".join(f"{party} ({c.get('Name')})" for party, c in reached.items())
            raise BillitError(
                f"`company_ids` names {', '.join(missing)}, which this login does not reach. "
                f"It reaches {have}."
            )
        if idle := self._with_state() - set(wanted):
            self.logger.warning(
                "There is state of companies that are not synced: %s. It is kept.",
                ", ".join(str(party) for party in sorted(idle)),
            )
        return [reached[party] for party in dict.fromkeys(wanted)]

    def _with_state(self) -> set[int]:
        return {
            partition["context"]["CompanyID"]
            for stream in self.state.get("bookmarks", {}).values()
            for partition in stream.get("partitions", ())
        }

    def mark(self, path: str, company: int) -> Mark | None:
        """The newest change in a list of a company when the run first asked; None: it is empty."""
        if (path, company) not in self._marks:
            query = {"$orderby": "LastModified desc", "$top": "1"}
            answer = self.client.get(path, query, company=company)
            rows, _ = page_of(answer.body, path)
            mark = Mark(rows[0]["LastModified"], answer.date) if rows else None
            self._marks[path, company] = mark
        return self._marks[path, company]

    @cached_property
    def _marks(self) -> dict[tuple[str, int], Mark | None]:
        return {}

    @cached_property
    def clock(self) -> BillitClock:
        """Billit's clock."""
        return BillitClock(ZoneInfo(self.config["timezone"]))

    @cached_property
    def start(self) -> datetime | None:
        """`start_date` on Billit's clock."""
        text = self.config.get("start_date")
        return self.clock.read(text) if text else None

    @cached_property
    def lookback(self) -> timedelta:
        """How far behind the mark the bookmark stays."""
        return timedelta(minutes=self.config["lookback_minutes"])

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        errors = super()._validate_config(raise_errors=raise_errors) or problems(self.config)
        if errors and raise_errors:
            raise ConfigValidationError(
                "Config validation failed", errors=errors, schema=self.config_jsonschema
            )
        return errors

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        return _Command(
            name=command.name,
            callback=command.callback,
            params=command.params,
            help=command.help,
            context_settings=command.context_settings,
            logger=cls.logger,
        )


def _start_demo() -> tuple[str, dict[str, str]]:
    """Start the stand-in in this process, for as long as it lives: its URL and a login.

    `BILLIT_DEMO_DAYS_AHEAD` sets its clock so many days ahead: there, some invoices are paid.
    """
    from tap_billit.demo import Account, DemoServer  # noqa: PLC0415  only the demo needs it

    ahead = timedelta(days=float(os.environ.get("BILLIT_DEMO_DAYS_AHEAD", "0")))
    demo = DemoServer(Account(clock=lambda: datetime.now(tz=timezone.utc) + ahead)).start()
    return demo.url, {
        "client_id": demo.client_id,
        "client_secret": demo.client_secret,
        "refresh_token": demo.issue_refresh_token(),
        "token_store": "memory://tap-billit-demo",
    }
