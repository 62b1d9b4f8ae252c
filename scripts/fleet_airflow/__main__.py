"""Proof that a fleet under Airflow loses nothing: `python -m scripts.fleet_airflow`.

An Airflow in a folder of its own runs the example, on a PostgreSQL server of its own, against the
demo: each round is an hour of the accounts' clock. A third of the companies changes meanwhile, a
share of all requests fails, and workers, tasks, taps and targets are killed. The last round is left
in peace; then the tables are compared with the accounts, value by value, and the tokens counted.

Exit status 1: something is lost. The logs stay with `--keep`.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from scripts.fleet_airflow.airflow import ROOT, Airflow
from scripts.fleet_airflow.fleet import Fleet
from scripts.fleet_airflow.trouble import Changes, Kills
from tests import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

DAGS = ("billit_first_loads", "billit_fleet")
TARGET = ROOT / ".airflow/target/bin/target-postgres"
PATIENCE = 3600
"""Seconds for a round."""

EDITS = (
    ('HOME = "/srv/billit"', 'HOME = "{home}"'),
    ("CHUNKS = 120", "CHUNKS = {chunks}"),
    ("LANES = 8", "LANES = {chunks}"),
    ('schedule=f"*/{EVERY} * * * *"', "schedule=None"),
    ('schedule="@hourly"', "schedule=None"),
    ("timedelta(minutes=5)", "timedelta(seconds=5)"),
)
"""What the example has otherwise here: where it is, how many chunks, and when it runs."""


def dag_file(home: Path, chunks: int) -> str:
    """The example, as this worker has it."""
    text = (ROOT / "examples/airflow/billit_fleet.py").read_text(encoding="utf-8")
    for old, new in EDITS:
        if old not in text:
            raise SystemExit(f"examples/airflow/billit_fleet.py has no {old}")
        text = text.replace(old, new.replace("{home}", str(home)).replace("{chunks}", str(chunks)))
    return text


class Chat(ThreadingHTTPServer):
    """Where alerts are told."""

    def __init__(self) -> None:
        self.told: list[bytes] = []
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                chat.told.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Not here."""

        super().__init__(("127.0.0.1", 0), Handler)
        Thread(target=self.serve_forever, daemon=True).start()


class Proof:
    """The rounds, and what is to be told of them."""

    def __init__(self, airflow: Airflow, fleet: Fleet, options: argparse.Namespace) -> None:
        self._airflow, self._fleet, self._rounds = airflow, fleet, options.rounds
        dice = random.Random(options.seed)  # noqa: S311
        self._changes = Changes(fleet, 1, dice)
        self._kills = Kills(airflow, options.seconds, dice)
        self._most = max(120, 2 * options.logins)
        self._failed = 0

    def play(self) -> None:
        """All rounds; the last is left in peace."""
        self._changes.start()
        self._kills.start()
        for number in range(self._rounds):
            if number:
                self._fleet.clock.forward(timedelta(hours=1))
            if number < self._rounds / 2:
                self._fleet.share(60, "token")
            else:
                self._fleet.share(self._most, "address")
            if number == self._rounds - 1:
                self._changes.end()
                self._kills.end()
                self._fleet.clock.stop()  # orders also change as time goes by
            self._round(f"round-{number}")

    def _round(self, name: str) -> None:
        """Both lanes, until both have ended."""
        began = time.monotonic()
        for dag in DAGS:
            self._airflow.trigger(dag, name)
        ended: dict[str, str | None] = dict.fromkeys(DAGS)
        while not all(ended.values()):
            time.sleep(2)
            ended = {dag: self._airflow.ended(dag, name) for dag in DAGS}
            if time.monotonic() - began > PATIENCE:
                raise SystemExit(f"{name} does not end: {ended}")
        self._failed += [*ended.values()].count("failed")
        tries = Counter(tries for dag in DAGS for tries in self._airflow.tries(dag, name))
        states = ", ".join(f"{dag} {state}" for dag, state in ended.items())
        print(
            f"{name}: {states} after {time.monotonic() - began:.0f} s;"
            f" chunks by tries {dict(sorted(tries.items()))};"
            f" {len(self._fleet.incomplete())} first loads to come",
            flush=True,
        )
        for login in self._fleet.lost():
            print(f"  {login} was killed while its token was on its way, and logs in again")
            self._fleet.log_in(login)

    def tell(self) -> None:
        """Print what happened."""
        told = self._fleet.demo.stats()
        logins = told["logins"].values()
        requests, refreshes, spent = (
            sum(login[what] for login in logins)
            for what in ("requests", "refreshes", "spent_tokens_shown")
        )
        print(f"Changes: {dict(self._changes.done)}")
        print(f"Faults: {told['faults']} in {requests} requests")
        print(f"Kills: {dict(self._kills.done)}")
        print(f"Token refreshes: {refreshes}, and {spent} with a spent token")
        for per, limit in self._fleet.limits:
            most = max(limit.largest.values(), default=0)
            print(f"Most requests in a minute of one {per}: {most} of {limit.per_minute}")
        print(f"Airflow: {self._airflow.memory():.0f} MiB")

    def wrong(self, alerts: int) -> Iterator[str]:
        """What is not as it should be at the end."""
        if alerts < self._failed:
            yield f"{self._failed} runs failed, and {alerts} alerts were told"
        yield from self._fleet.differences()
        yield from self._fleet.wrong_tokens()
        yield from (
            f"{login}: its first load is not complete" for login in self._fleet.incomplete()
        )
        for per, limit in self._fleet.limits:
            if max(limit.largest.values(), default=0) > (limit.per_minute or 0):
                yield f"more than {limit.per_minute} requests in a minute of one {per}"


def prove(options: argparse.Namespace, folder: Path) -> list[str]:
    """Play the rounds: what is wrong at the end."""
    home, chat = folder / "home", Chat()
    for place in (home, folder / "dags"):
        place.mkdir()
    dag = dag_file(home, chunks=max(3, options.logins // 10))
    (folder / "dags/fleet.py").write_text(dag, encoding="utf-8")
    alerts = f"http://127.0.0.1:{chat.server_port}"
    with postgres.running() as server:
        fleet = Fleet(
            home, server, logins=options.logins, orders=options.orders, faults=options.faults
        )
        airflow = Airflow(folder, server, BILLIT_ALERT_URL=alerts)
        proof = Proof(airflow, fleet, options)
        with fleet.demo, airflow.running():
            fleet.move_in(TARGET)
            airflow.add_pool("billit", 3)
            airflow.add_pool("billit_first_loads", 3)
            proof.play()
            proof.tell()
        print(f"Alerts: {len(chat.told)}")
        return [*proof.wrong(len(chat.told))]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--logins", type=int, default=200)
    parser.add_argument("--orders", type=int, default=30, help="orders a login, at the start")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--faults", type=float, default=0.04, help="share of requests that fail")
    parser.add_argument("--seconds", type=float, default=20, help="between two kills")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true", help="keep the folder it works in")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda signum, _: sys.exit(128 + signum))  # and end what runs
    folder = Path(tempfile.mkdtemp(prefix="tap-billit-airflow-"))
    print(f"Seed {options.seed}, in {folder}", flush=True)
    try:
        wrong = prove(options, folder)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print("\n".join([*wrong[:20], f"{len(wrong)} differences"]))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
