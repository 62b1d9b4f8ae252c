"""CPU seconds and requests of a login: where nothing changed, and where five orders did.

The tap alone, with its target, with a target only where there is something to load
(examples/fleet), and under Meltano, beside each other in one run: one company, the rows of all
kinds of orders, open rows once a day, an access token that must be renewed each time. What
PostgreSQL itself costs is not in it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import psycopg

from benchmarks import figures
from benchmarks.process import UNUSUAL
from tap_billit.demo import Account, DemoServer
from tap_billit.tokens.document import Tokens
from tap_billit.tokens.store import open_store
from tests import pipeline, postgres
from tests.kit.demo import TOKEN
from tests.kit.expected import ROWS
from tests.kit.login import put
from tests.kit.run import catalog_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.postgres import Postgres

STREAMS = (*ROWS, "orders")
CHANGED = 5

AN_EVENING = datetime(2026, 9, 30, 20, tzinfo=timezone.utc)
"""When nothing happens by itself."""

TAP = "tap-billit --config=ENV --catalog=catalog.json --state=state.json"
CHUNK = f"{sys.executable} {pipeline.ROOT}/examples/fleet/chunk.py --catalog=catalog.json"


@dataclass(frozen=True)
class Way:
    """A command that syncs these logins."""

    name: str
    command: str
    logins: tuple[str, ...] = ("login",)


WAYS = (
    Way("tap alone", f"{TAP} > output"),
    Way("tap and target", f"{TAP} | target-postgres --config=ENV > output"),
    Way("examples/fleet", f"{CHUNK} a b c d", tuple("abcd")),
    Way("meltano run", "cd ../project; meltano run tap-billit target-postgres"),
)


class Cost(NamedTuple):
    """What a login took."""

    cpu: float
    requests: float
    refreshes: float


class Bench:
    """A way to sync, in a folder of its own, and what it costs."""

    def __init__(self, way: Way, folder: Path, demo: DemoServer, server: Postgres) -> None:
        self.way, self._folder, self._demo = way, folder, demo
        schema = folder.name
        self._environment = {
            **{name: value for name, value in pipeline.clean().items() if name not in UNUSUAL},
            "PATH": f"{folder.parent}/bin:{pipeline.clean()['PATH']}",
            "PGHOST": str(server.folder),
            "PGUSER": "postgres",
            "MELTANO_AUTO_INSTALL": "false",
            "MELTANO_ENVIRONMENT": "production",
            "TAP_BILLIT__SELECT": json.dumps([f"{stream}.*" for stream in STREAMS]),
            "TAP_BILLIT_API_URL": demo.url,
            "TAP_BILLIT_CLIENT_ID": demo.client_id,
            "TAP_BILLIT_CLIENT_SECRET": demo.client_secret,
            "TAP_BILLIT_TOKEN_STORE": str(folder / way.logins[0]),
            "TAP_BILLIT_REFRESH_UNPAID_HOURS": "24",
            "TARGET_POSTGRES_SQLALCHEMY_URL": server.url,
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": schema,
        }
        if len(way.logins) > 1:
            self._environment["TAP_BILLIT_TOKEN_STORE"] = str(folder / "{login}")
        (folder / "catalog.json").write_text(json.dumps(catalog_of(*STREAMS)), encoding="utf-8")
        (folder / "state.json").write_text("{}", encoding="utf-8")

    def run(self) -> Cost:
        """Sync, each login with a token to be spent."""
        for login in self.way.logins:
            at, demo = str(self._folder / login), self._demo
            store = open_store(at, environment=demo.url, client_id=demo.client_id)
            put(store, Tokens(refresh_token=demo.issue_refresh_token()))
        self._demo.requests.clear()
        before = _cpu()
        done = subprocess.run(  # noqa: S603
            ("bash", "-e", "-o", "pipefail", "-c", self.way.command),  # noqa: S607
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{self.way.name} failed: {done.stdout}{done.stderr}")
        cpu, logins = _cpu() - before, len(self.way.logins)
        self._keep_state()
        refreshes = sum(each.path == TOKEN for each in self._demo.requests)
        requests = len(self._demo.requests) - refreshes
        return Cost(cpu / logins, requests / logins, refreshes / logins)

    def _keep_state(self) -> None:
        """Keep the last STATE, the tap's message or what the target made of it."""
        output = self._folder / "output"
        for line in output.read_bytes().splitlines() if output.exists() else ():
            message = json.loads(line)
            if message.get("type", "STATE") == "STATE":
                state = json.dumps(message.get("value", message))
                (self._folder / "state.json").write_text(state, encoding="utf-8")


def _cpu() -> float:
    """What the children took that have ended, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def benches(folder: Path, demo: DemoServer, server: Postgres) -> list[Bench]:
    """The ways, all with the plugins of one project."""
    pipeline.install(folder / "project")
    (folder / "bin").mkdir()
    for kind, name in (("extractors", "tap-billit"), ("loaders", "target-postgres")):
        place = folder / "project/.meltano" / kind / name / "venv/bin" / name
        (folder / "bin" / name).symlink_to(place)
    with psycopg.connect(host=str(server.folder), user="postgres") as database:
        database.execute((pipeline.ROOT / "examples/fleet/logins.sql").read_bytes())
        for login in WAYS[2].logins:
            database.execute("INSERT INTO billit_logins (login) VALUES (%s)", (login,))
    made = []
    for number, way in enumerate(WAYS):
        place = folder / f"way{number}"
        place.mkdir()
        made.append(Bench(way, place, demo, server))
    return made


COLUMNS = ("A login", "by", "CPU s", "of the tap's", "from-to", "Requests", "Token refreshes")


def compare(row: Callable[..., None], situation: str, rounds: list[list[Cost]]) -> None:
    """The medians, and the ratio to the tap alone within a round."""
    for number, way in enumerate(WAYS):
        costs = [each[number] for each in rounds]
        ratios = [each[number].cpu / each[0].cpu for each in rounds]
        row(
            situation,
            way.name,
            median(cost.cpu for cost in costs),
            median(ratios),
            f"{min(ratios):.2f}-{max(ratios):.2f}",
            median(cost.requests for cost in costs),
            median(cost.refreshes for cost in costs),
        )


def main() -> None:
    """The command."""
    options = figures.Options(__doc__, orders=(900, 60), rounds=(3, 1)).chosen()
    clock = [AN_EVENING]
    account = Account(companies=1, orders=options.orders, clock=lambda: clock[0])
    with (
        tempfile.TemporaryDirectory(prefix="tap-billit-") as folder,
        postgres.running() as server,
        DemoServer(account) as demo,
        figures.table("fleet", *COLUMNS, options=options) as row,
    ):
        ways = benches(Path(folder), demo, server)

        def round_of(changed: int) -> list[Cost]:
            clock[0] += timedelta(minutes=10)  # past the lookback
            for row in account.rows(account.companies[0]["PartyID"])[:changed]:
                account.change(row["OrderID"], Reference=f"{clock[0]}")
            return [way.run() for way in ways]

        compare(row, "first load", [round_of(0)])
        round_of(0)
        compare(row, "idle", [round_of(0) for _ in range(options.rounds)])
        changed = [round_of(CHANGED) for _ in range(options.rounds)]
        compare(row, f"{CHANGED} orders changed", changed)


if __name__ == "__main__":
    main()
