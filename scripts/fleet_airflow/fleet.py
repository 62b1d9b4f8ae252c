"""A fleet of logins to the demo, and what a worker of Airflow finds at home to sync them."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections import Counter
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_billit.demo import fleet as demo
from tap_billit.demo.fleet import FleetAccount, FleetClock, LimitPer
from tap_billit.demo.limits import RequestLimit
from tap_billit.tokens.document import Tokens
from tap_billit.tokens.store import TokenStore, open_store
from tests.kit.expected import DETAILS, KEYS, ROWS, expected
from tests.kit.login import put
from tests.pipeline import COMPUTED, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgres import Postgres

ROOT = Path(__file__).parents[2]
TAP = ROOT / ".venv/bin/tap-billit"
STREAMS = (*ROWS, "orders", "deleted_orders", "sales_invoice_details")
SCHEMA = "billit"
MORNING = datetime(2026, 9, 30, 6, tzinfo=timezone.utc)


def catalog() -> str:
    """What a user leaves of the catalog that the tap discovers."""
    found = subprocess.check_output(  # noqa: S603
        (TAP, "--config=ENV", "--discover"), env={"TAP_BILLIT_ENVIRONMENT": "demo"}
    )
    streams = [each for each in json.loads(found)["streams"] if each["stream"] in STREAMS]
    return json.dumps({"streams": streams})


class Morning(FleetClock):
    """A working day's clock, which goes on as time does, and is moved on by hours besides."""

    def __init__(self) -> None:
        super().__init__()
        self._began = monotonic()

    @override
    def __call__(self) -> datetime:
        if self._still_at:
            return super().__call__()
        return MORNING + timedelta(seconds=monotonic() - self._began) + self._ahead

    def stop(self) -> None:
        """Stand still."""
        self._still_at = self() - self._ahead


class Demo(demo.Fleet):
    """A demo whose accounts are kept, so that they can be changed, and compared with."""

    @cache  # noqa: B019  there is one
    @override
    def account(self, login: int, *, clock: Any = None) -> FleetAccount:
        return super().account(login, clock=clock)


class Fleet:
    """The logins of a demo, under names, and the files and tables of those who sync them."""

    def __init__(
        self, folder: Path, server: Postgres, *, logins: int, orders: int, faults: float
    ) -> None:
        self._folder, self._server = folder, server
        self._tokens = f"postgresql://postgres@/postgres?host={server.folder}"
        self.clock = Morning()
        self.demo = Demo(
            logins, orders=orders, clock=self.clock, faults=demo.Faults(requests=faults)
        )
        self.logins = {f"login-{number:04}": login for number, login in self.demo.logins.items()}
        self._again: Counter[str] = Counter()
        self.limits: list[tuple[str, RequestLimit]] = []

    def account(self, login: str) -> FleetAccount:
        """The account of a login."""
        return self.demo.account(self.logins[login].number)

    def move_in(self, target: Path) -> None:
        """Make the home of a worker, the tables, and a token for each login."""
        for name, place in (
            ("examples", ROOT / "examples"),
            (".venv", ROOT / ".venv"),
            ("bin/tap-billit", TAP),
            ("bin/target-postgres", target),
        ):
            (self._folder / name).parent.mkdir(exist_ok=True)
            (self._folder / name).symlink_to(place)
        (self._folder / "catalog.json").write_text(catalog(), encoding="utf-8")
        self._server.run((ROOT / "examples/fleet/logins.sql").read_text(encoding="utf-8"))
        subprocess.check_output((TAP.with_name("tap-billit-tokens"), "create", self._tokens))  # noqa: S603
        for name, login in self.logins.items():
            [company] = self.demo.described(login)["company_ids"]
            row = f"('{name}', '{{{company}}}', '{SCHEMA}')"
            self._server.run(f"INSERT INTO billit_logins VALUES {row}")
            put(self._store(name), Tokens(refresh_token=login.first_refresh_token))

    def share(self, requests: int, per: LimitPer) -> None:
        """Have the demo keep a limit from now on, and the taps share it as it is meant."""
        if self.limits and self.limits[-1][0] == per:
            return
        self.demo.limit, self.demo.limit_per = RequestLimit(requests), per
        self.limits.append((per, self.demo.limit))
        of = "{login}" if per == "token" else "all"
        settings = self._settings() | {
            "TAP_BILLIT_REQUESTS_PER_MINUTE": str(requests),
            "TAP_BILLIT_RATE_LIMIT_STORE": f"{self._tokens}#{of}",
        }
        lines = (f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
        (self._folder / ".env").write_text("".join(lines), encoding="utf-8")

    @property
    def _client(self) -> demo.Login:
        """Any login: the client is the same for all."""
        return self.demo.logins[1]

    def _settings(self) -> dict[str, str]:
        return {
            "PATH": f"{self._folder}/bin:/usr/bin:/bin",
            "PGHOST": str(self._server.folder),
            "PGUSER": "postgres",
            "TAP_BILLIT_API_URL": self.demo.url,
            "TAP_BILLIT_CLIENT_ID": self._client.client_id,
            "TAP_BILLIT_CLIENT_SECRET": self._client.client_secret,
            "TAP_BILLIT_TOKEN_STORE": f"{self._tokens}#{{login}}",
            "TAP_BILLIT_REFRESH_UNPAID_HOURS": "24",
            "TAP_BILLIT_RETRY_MINUTES": "2",
            "TAP_BILLIT_LOGLEVEL": "WARNING",
            "TARGET_POSTGRES_LOGLEVEL": "WARNING",
            "TARGET_POSTGRES_SQLALCHEMY_URL": self._server.url,
        }

    def incomplete(self) -> list[str]:
        """The logins whose first load is not complete."""
        sql = "SELECT login FROM billit_states WHERE completed IS NOT NULL"
        return [*self.logins.keys() - self._server.run(sql).splitlines()]

    def lost(self) -> list[str]:
        """The logins whose token died with a process, between Billit and the store."""
        return [
            name
            for name, login in self.logins.items()
            if self._token(name) not in login._refresh  # noqa: SLF001
        ]

    def _token(self, name: str) -> str | None:
        tokens = self._store(name).load()
        return tokens.refresh_token if tokens else None

    def _store(self, name: str) -> TokenStore:
        place = f"{self._tokens}#{name}"
        return open_store(place, environment=self.demo.url, client_id=self._client.client_id)

    def log_in(self, name: str) -> None:
        """Once more, as a person does with `tap-billit-login`."""
        self._again[name] += 1
        put(self._store(name), Tokens(refresh_token=self.logins[name].issue_refresh_token()))

    def wrong_tokens(self) -> Iterator[str]:
        """The logins that have another number of live tokens than one, but for what was lost."""
        lost = self.lost()
        for name, login in self.logins.items():
            live = login.live_refresh_tokens - self._again[name]
            if live != 1 or name in lost:
                yield f"{name}: {live} tokens are live, or its store has another"

    def differences(self) -> Iterator[str]:
        """What the tables have otherwise than the accounts."""
        accounts = {name: self.account(name) for name in self.logins}
        companies = [(each, each.companies[0]["PartyID"]) for each in accounts.values()]
        gone = {str(row["OrderID"]) for each, of in companies for row in each.deleted(of)}
        for stream in STREAMS:
            rows = self._server.rows(f"SELECT * FROM {SCHEMA}.{stream}")
            have = {tuple(row[key] for key in KEYS[stream]): row for row in rows}
            want = {
                tuple(row[key] for key in KEYS[stream]): row
                for account, company in companies
                for row in map(as_text, expected(account, stream, company))
            }
            print(f"  {stream}: {len(want)} in Billit, {len(rows)} rows")
            for key in have.keys() ^ want.keys():
                if key[0] not in gone or key in want:
                    yield f"{stream}: {key} is {'lost' if key in want else 'not in Billit'}"
            unseen = COMPUTED if stream in DETAILS else ()
            for key in have.keys() & want.keys():
                wrong = {n for n, v in want[key].items() if have[key].get(n) != v} - {*unseen}
                if wrong:
                    yield f"{stream}: {key} is stale: {wrong}"
