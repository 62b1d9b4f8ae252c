"""Proof by force that nothing is lost: `python -m scripts.soak --minutes 60 --target duckdb`.

Runs `meltano run` again and again against a demo account that changes all the time, and kills the
tap, the loader or Meltano with SIGKILL at random moments. When the time is up the account comes to
rest, a last run is let through, and the tables are compared with the account: each order stands in
the table of its stream as Billit has it, and what stands beyond is deleted, or of another kind.

`--runs 20 --kills 3 --target postgres` is an hourly schedule of a day or so, in minutes. With
`--models` dbt builds the models after every tenth run, and at the end, when they are compared with
the oracle of the tests.

It works in a copy of the project, in a temporary folder, with Meltano of this environment. The
PostgreSQL server is one of its own, as in the tests.
Exit status 1: a table or a mart differs. 2: no run came to its end.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import duckdb

from scripts import soak_models
from scripts.soak_compare import differences
from tap_billit.demo import Account, DemoServer
from tap_billit.demo.timestamps import written
from tests import postgres
from tests.transform.engines import SCHEMA, DuckDb, PostgreSql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.soak_compare import Row


ROOT = Path(__file__).parents[1]

MELTANO = Path(sys.executable).with_name("meltano")

LEFT_OUT = {".git", ".venv", ".meltano", ".tools", "output", ".mypy_cache", ".hypothesis"}

KINDS = (("Income", "Invoice"), ("Income", "CreditNote"), ("Cost", "Invoice"))

CHANGES, WEIGHTS = ("create", "change", "move", "pay", "delete"), (4, 6, 1, 2, 1)

LOOKBACK = 5 * 60_000

ENDS = ("complete", "failed")

PAGE = 20

BATCH = "50"


class Churn(Thread):
    """Changes the account, some changes stamped up to the lookback before they appear."""

    def __init__(self, account: Account, dice: random.Random) -> None:
        super().__init__(daemon=True)
        self.account, self.dice = account, dice
        self.enough = Event()
        self.done: Counter[str] = Counter()

    def run(self) -> None:
        """Change something some five times a second."""
        while not self.enough.wait(self.dice.expovariate(5)):
            with self.account.lock:
                self._change(*self.dice.choices(CHANGES, WEIGHTS))

    def _change(self, what: str) -> None:
        self.done[what] += 1
        company = self.dice.choice(self.account.companies)["PartyID"]
        age = self.dice.choice((0, 0, 0, self.dice.randrange(LOOKBACK - 10_000)))
        stamp = written(self.account.now - age)
        direction, kind = self.dice.choice(KINDS)
        if what == "create":
            self.account.create(
                company, OrderDirection=direction, OrderType=kind, LastModified=stamp
            )
            return
        listing = self.account.listing(company)
        order = self.dice.choice(listing)["OrderID"]
        if what == "change":
            number = f"R{self.done[what]}"
            self.account.change(order, OrderNumber=number, LastModified=stamp)
        elif what == "move":
            self.account.change(order, OrderDirection=direction, OrderType=kind, LastModified=stamp)
        else:
            getattr(self.account, what)(order)


class Postgres:
    """A PostgreSQL server of our own; its rows have numbers as their digits."""

    def __init__(self, folder: Path, server: postgres.Postgres) -> None:
        self._server = server
        self.models = PostgreSql(folder / "models", server)
        self.environment = {
            "TARGET_POSTGRES_SQLALCHEMY_URL": server.url,
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": SCHEMA,
            "TARGET_POSTGRES_BATCH_SIZE_ROWS": BATCH,
        }

    def rows(self, table: str) -> list[Row]:
        """The rows of a table."""
        return self._server.rows(f"SELECT * FROM {SCHEMA}.{table}")


class DuckDB:
    """A DuckDB file."""

    def __init__(self, folder: Path) -> None:
        self.models = DuckDb(folder / "models")
        self.path = self.models.file
        self.environment = {
            "TARGET_DUCKDB_PATH": str(self.path),
            "TARGET_DUCKDB_DEFAULT_TARGET_SCHEMA": SCHEMA,
            "TARGET_DUCKDB_BATCH_SIZE_ROWS": BATCH,
        }

    def rows(self, table: str) -> list[Row]:
        """The rows of a table."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            result = connection.execute(f"SELECT * FROM {SCHEMA}.{table}")
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


class Runs:
    """Runs of Meltano in a folder, some of them killed."""

    def __init__(self, folder: Path, environment: dict[str, str], dice: random.Random) -> None:
        self.folder, self.environment, self.dice = folder, environment, dice
        self.done: Counter[str] = Counter()
        self.longest = 15.0

    def meltano(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Meltano in a session of its own, its output kept in a file."""
        with (self.folder / "soak.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [str(MELTANO), *arguments],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def run(self, target: str, *, kill: bool) -> bool:
        """One run; whether it came to its end."""
        began = time.monotonic()
        command = ("--environment=sandbox", "run", "--force", "tap-billit", f"target-{target}")
        meltano = self.meltano(*command)
        victim = self.dice.choice(("tap-billit", f"target-{target}", "meltano")) if kill else None
        deadline = time.monotonic() + self.dice.uniform(2, self.longest + 2)
        while meltano.poll() is None:
            time.sleep(0.05)
            if victim and time.monotonic() >= deadline:
                for process in _processes(meltano.pid, victim):
                    with suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
                    self.done[f"killed {victim}"] += 1
                    victim = None
                    break
        self._wait_for_orphans(meltano.pid)
        self.done["complete" if meltano.returncode == 0 else "failed"] += 1
        if meltano.returncode == 0:
            self.longest = time.monotonic() - began
        return meltano.returncode == 0

    def _wait_for_orphans(self, session: int) -> None:
        """What Meltano left behind ends by itself: its pipes are closed."""
        deadline = time.monotonic() + 60
        while left := list(_processes(session)):
            time.sleep(0.1)
            if time.monotonic() > deadline:
                self.done["orphans killed"] += 1
                for process in left:
                    with suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)


def _processes(session: int, name: str = "") -> Iterator[int]:
    """The live processes of a session whose program is `name`."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            state, _, _, of_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            programs = (entry / "cmdline").read_text().split("\0")[:2]
            named = any(Path(program).name == name for program in programs)
            if int(of_session) == session and state != "Z" and (named or not name):
                yield int(entry.name)


def soak(options: argparse.Namespace, folder: Path) -> int:
    """Run, kill and compare; the exit status."""
    seed, target = options.seed, options.target
    dice = random.Random(seed)  # noqa: S311
    project = folder / "project"
    shutil.copytree(ROOT, project, ignore=lambda _, names: LEFT_OUT & set(names))
    (project / "output").mkdir()
    account = Account(seed=seed, companies=2, orders=300)
    with ExitStack() as stack:
        server = stack.enter_context(DemoServer(account, page_size=PAGE, latency=0.02))
        store = (
            DuckDB(folder)
            if target == "duckdb"
            else Postgres(folder, stack.enter_context(postgres.running()))
        )
        runs = Runs(project, os.environ | _settings(server) | store.environment, dice)
        for kind, plugin in (("extractor", "tap-billit"), ("loader", f"target-{target}")):
            if runs.meltano("install", kind, plugin).wait():
                sys.exit(f"{plugin} could not be installed, see {project}/soak.log")
        churn = Churn(account, dice)
        churn.start()
        for kill in _plan(options, runs, dice):
            runs.run(target, kill=kill and bool(runs.done["complete"]))
            server.requests.clear()
            print(f"  {dict(runs.done)}, {sum(churn.done.values())} changes", flush=True)
            if options.models and sum(runs.done[each] for each in ENDS) % 10 == 0:
                soak_models.build(store.models)
        churn.enough.set()
        churn.join()
        if not any(runs.run(target, kill=False) for _ in range(3)):
            print(f"No run comes to its end any more, see {project}/soak.log")
            return 2
        print(f"Changes: {dict(churn.done)}\nRuns: {dict(runs.done)}\nTables:")
        wrong = list(differences(account, store))
        if options.models:
            wrong += soak_models.differences(store.models)
    print("\n".join([*wrong[:20], f"{len(wrong)} differences"]))
    return 1 if wrong else 0


def _plan(options: argparse.Namespace, runs: Runs, dice: random.Random) -> Iterator[bool]:
    """For each run, whether to kill it."""
    if options.runs:
        doomed = dice.sample(range(1, options.runs), options.kills)
        for number in range(options.runs):
            killed = sum(times for what, times in runs.done.items() if what.startswith("killed"))
            yield killed < sum(each <= number for each in doomed)
        return
    end = time.monotonic() + options.minutes * 60
    while time.monotonic() < end:
        yield dice.random() < 0.8  # noqa: PLR2004


def _settings(server: DemoServer) -> dict[str, str]:
    return {
        "TAP_BILLIT_API_URL": server.url,
        "TAP_BILLIT_API_KEY": server.api_key,
        "TAP_BILLIT_REQUESTS_PER_MINUTE": "60000",
        "TAP_BILLIT_LOAD_SCHEMA": SCHEMA,
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--runs", type=int, help="so many runs, in place of minutes")
    parser.add_argument("--kills", type=int, default=3, help="how many of these are killed")
    parser.add_argument("--target", choices=("duckdb", "postgres"), default="duckdb")
    parser.add_argument("--models", action="store_true", help="build the models and compare them")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true", help="keep the folder it works in")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tap-billit-soak-"))
    folder.chmod(0o755)
    print(f"Seed {options.seed}, in {folder}", flush=True)
    try:
        status = soak(options, folder)
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    sys.exit(status)


if __name__ == "__main__":
    main()
