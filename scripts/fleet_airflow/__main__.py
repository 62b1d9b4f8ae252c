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
import sys
import tempfile
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from scripts.fleet_airflow.airflow import ROOT, Airflow
from scripts.fleet_airflow.fleet import Fleet
from scripts.fleet_airflow.trouble import Changes, Faults, Kills
from tests import postgres

DAGS = ("billit_first_loads", "billit_fleet")
TARGET = ROOT / ".airflow/target/bin/target-postgres"
PATIENCE = 3600
"""Seconds for a round."""

EDITS = (
    ('HOME = "/srv/billit"', 'HOME = "{home}"'),
    ("CHUNKS = 120", "CHUNKS = {chunks}"),
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


def play(airflow: Airflow, fleet: Fleet, name: str) -> None:
    """One round: both lanes, until both have ended."""
    began = time.monotonic()
    for dag in DAGS:
        airflow.trigger(dag, name)
    ended: dict[str, str | None] = dict.fromkeys(DAGS)
    while not all(ended.values()):
        time.sleep(2)
        ended = {dag: airflow.ended(dag, name) for dag in DAGS}
        if time.monotonic() - began > PATIENCE:
            raise SystemExit(f"{name} does not end: {ended}")
    tries = Counter(tries for dag in DAGS for tries in airflow.tries(dag, name))
    print(
        f"{name}: {ended[DAGS[0]]}, {ended[DAGS[1]]} after {time.monotonic() - began:.0f} s;"
        f" chunks by tries {dict(sorted(tries.items()))};"
        f" {len(fleet.incomplete())} logins without a first load",
        flush=True,
    )
    for login in fleet.lost():
        print(f"  {login} was killed while its token was on its way: logged in again")
        fleet.log_in(login)


def prove(options: argparse.Namespace, folder: Path) -> list[str]:
    """Play the rounds: what is wrong at the end."""
    home, dice, chat = folder / "home", random.Random(options.seed), Chat()  # noqa: S311
    for place in (home, folder / "dags"):
        place.mkdir()
    chunks = max(2, options.logins // 10)
    (folder / "dags/fleet.py").write_text(dag_file(home, chunks), encoding="utf-8")
    alerts = f"http://127.0.0.1:{chat.server_port}"
    with postgres.running() as server:
        fleet = Fleet(home, server, logins=options.logins, orders=options.orders)
        airflow = Airflow(folder, server, BILLIT_ALERT_URL=alerts)
        faults = Faults(options.faults, dice)
        changes, kills = Changes(fleet, 1, dice), Kills(airflow, options.seconds, dice)
        fleet.demo.hooks.append(faults)
        with fleet.demo, airflow.running():
            fleet.move_in(TARGET)
            airflow.add_pool("billit", 3)
            airflow.add_pool("billit_first_loads", 2)
            changes.start()
            kills.start()
            for number in range(options.rounds):
                if number == options.rounds - 1:
                    changes.end()
                    kills.end()
                play(airflow, fleet, f"round-{number}")
                fleet.hours += 1
            for what, done in (("Changes", changes), ("Faults", faults), ("Kills", kills)):
                print(f"{what}: {dict(done.done)}")
            print(f"Alerts: {len(chat.told)}. Airflow: {airflow.memory():.0f} MiB.")
        return [*fleet.differences(), *fleet.lost()]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--logins", type=int, default=200)
    parser.add_argument("--orders", type=int, default=30, help="orders a login, at the start")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--faults", type=float, default=0.04, help="share of requests that fail")
    parser.add_argument("--seconds", type=float, default=8, help="between two kills")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true", help="keep the folder it works in")
    options = parser.parse_args()
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
