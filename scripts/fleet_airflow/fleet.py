"""A fleet of logins to the demo, and what a worker of Airflow finds at home to sync them."""

from __future__ import annotations

import json
import shlex
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from tap_billit.auth.token_store import TokenStore, open_store
from tap_billit.auth.tokens import Tokens
from tap_billit.demo import Account, DemoServer
from tests.kit.expected import DETAILS, KEYS, ROWS, expected
from tests.kit.login import put
from tests.pipeline import COMPUTED, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.fleet_airflow.trouble import Limit
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


class Fleet:
    """Logins with a company each, in one demo, on a clock that is moved on by hours."""

    def __init__(self, folder: Path, server: Postgres, *, logins: int, orders: int) -> None:
        self._folder, self._server = folder, server
        self._began, self.hours = monotonic(), 0
        self.account = Account(companies=logins, orders=orders * logins, clock=self._now)
        self.demo = DemoServer(self.account)
        self.demo.hooks.append(lambda _: None)  # where the limit will be
        self.logins = {
            f"login-{number:04}": company["PartyID"]
            for number, company in enumerate(self.account.companies)
        }

    def _now(self) -> datetime:
        return MORNING + timedelta(hours=self.hours, seconds=monotonic() - self._began)

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
        for login, company in self.logins.items():
            row = f"('{login}', '{{{company}}}', '{SCHEMA}')"
            self._server.run(f"INSERT INTO billit_logins VALUES {row}")
            self.log_in(login)

    def share(self, limit: Limit) -> None:
        """Have the demo keep a limit from now on, and the taps share it as it is meant."""
        self.demo.hooks[:1] = [limit]
        of = "all" if limit.shared else "{login}"
        settings = self._settings() | {
            "TAP_BILLIT_REQUESTS_PER_MINUTE": str(limit.requests),
            "TAP_BILLIT_RATE_LIMIT_STORE": f"{self._folder}/limits/{of}",
        }
        lines = (f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
        (self._folder / ".env").write_text("".join(lines), encoding="utf-8")

    def _settings(self) -> dict[str, str]:
        return {
            "PATH": f"{self._folder}/bin:/usr/bin:/bin",
            "PGHOST": str(self._server.folder),
            "PGUSER": "postgres",
            "TAP_BILLIT_API_URL": self.demo.url,
            "TAP_BILLIT_CLIENT_ID": self.demo.client_id,
            "TAP_BILLIT_CLIENT_SECRET": self.demo.client_secret,
            "TAP_BILLIT_TOKEN_STORE": f"{self._folder}/tokens/{{login}}.json",
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
        live = self.demo._refresh  # noqa: SLF001
        return [login for login in self.logins if self._token(login) not in live]

    def _token(self, login: str) -> str | None:
        tokens = self._store(login).load()
        return tokens.refresh_token if tokens else None

    def _store(self, login: str) -> TokenStore:
        place = f"{self._folder}/tokens/{login}.json"
        return open_store(place, environment=self.demo.url, client_id=self.demo.client_id)

    def log_in(self, login: str) -> None:
        """As a person does, with `tap-billit-login`."""
        put(self._store(login), Tokens(refresh_token=self.demo.issue_refresh_token()))

    def differences(self) -> Iterator[str]:
        """What the tables have otherwise than the accounts."""
        companies = self.logins.values()
        gone = {str(row["OrderID"]) for each in companies for row in self.account.deleted(each)}
        for stream in STREAMS:
            rows = self._server.rows(f"SELECT * FROM {SCHEMA}.{stream}")
            have = {tuple(row[key] for key in KEYS[stream]): row for row in rows}
            want = {
                tuple(row[key] for key in KEYS[stream]): row
                for company in companies
                for row in map(as_text, expected(self.account, stream, company))
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
