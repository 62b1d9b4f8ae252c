"""`examples/fleet/chunk.py`: a chunk of logins, each in a tap and, if need be, a target."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import yaml
from psycopg.errors import CheckViolation

from tap_billit.demo import Account, DemoServer
from tap_billit.tokens.document import Tokens
from tap_billit.tokens.store import open_store
from tests.kit.demo import act_after
from tests.kit.login import put
from tests.kit.process import wait_for
from tests.kit.run import catalog_of
from tests.pipeline import MELTANO, ROOT, clean
from tests.postgres import running_or_skipped

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.kit.demo import Clock
    from tests.postgres import Postgres

CHUNK = ROOT / "examples/fleet/chunk.py"

TARGET = f"""#!{sys.executable}
import json, os, signal, sys
place = os.environ["TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA"]
if place == "broken":
    sys.exit(3)
if place == "deaf":
    sys.exit(0)
if place == "stuck":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open("stuck", "w").close()
    signal.pause()
if place == "noisy":
    print('\\n{{"cut off', flush=True)
    place = os.devnull
with open(place, "a") as loaded:
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "RECORD":
            loaded.write(line)
        elif message["type"] == "STATE":
            print(json.dumps(message["value"]), flush=True)
"""


RECORD = b'{"type": "RECORD", "stream": "sales_invoices", "record": {"OrderID": 1}}\n'
STATE = b'{"type": "STATE", "value": {}}\n'


@pytest.fixture(scope="module")
def server() -> Generator[Postgres, None, None]:
    with running_or_skipped() as started:
        yield started


class Fleet:
    """Logins of one demo, each with a company of its own, in a database of its own."""

    def __init__(self, folder: Path, demo: DemoServer, database: psycopg.Connection[Any]) -> None:
        self.folder, self.demo, self.database = folder, demo, database
        self.companies = [each["PartyID"] for each in demo.account.companies]
        (folder / "bin").mkdir()
        (folder / "bin/tap-billit").symlink_to(MELTANO.with_name("tap-billit"))
        (folder / "bin/target-postgres").write_text(TARGET)
        (folder / "bin/target-postgres").chmod(0o755)
        (folder / "catalog.json").write_text(json.dumps(catalog_of("sales_invoices", "orders")))

    def add(self, name: str, *, schema: str = "", token: str | None = None) -> int:
        """The login `name`, of the next company."""
        company = self.companies.pop(0)
        place = schema or str(self.folder / f"{name}.jsonl")
        self.database.execute(
            "INSERT INTO billit_logins VALUES (%s, %s, %s)", (name, [company], place)
        )
        tokens = Tokens(refresh_token=token or self.demo.issue_refresh_token())
        store = open_store(
            str(self.folder / f"{name}.json"),
            environment=self.demo.url,
            client_id=self.demo.client_id,
        )
        put(store, tokens)
        return int(company)

    def tap(self, script: str) -> None:
        """Have a tap that does this."""
        file = self.folder / "bin/tap-billit"
        file.unlink()
        file.write_text(f"#!{sys.executable}\nimport os, time\n{script}\n")
        file.chmod(0o755)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        info = self.database.info
        settings = {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "PGHOST": info.host,
            "PGUSER": info.user,
            "PGDATABASE": info.dbname,
            "TAP_BILLIT_API_URL": self.demo.url,
            "TAP_BILLIT_CLIENT_ID": self.demo.client_id,
            "TAP_BILLIT_CLIENT_SECRET": self.demo.client_secret,
            "TAP_BILLIT_TOKEN_STORE": f"{self.folder}/{{login}}.json",
            "TAP_BILLIT_REQUESTS_PER_MINUTE": "60000",
            "TAP_BILLIT_REFRESH_UNPAID": "false",
            "MELTANO_ENVIRONMENT": "production",
        }
        return subprocess.Popen(  # noqa: S603
            (sys.executable, CHUNK, f"--catalog={self.folder}/catalog.json", *arguments),
            env=clean() | settings,
            cwd=self.folder,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, expect: int = 0) -> str:
        """What it logged."""
        with self.start(*arguments) as process:
            _, log = process.communicate()
        (self.folder / "log").write_text(log)
        assert process.returncode == expect, log
        (self.folder / "log").write_text(log)
        assert "Traceback" not in log
        return log

    def loaded(self, name: str) -> list[int]:
        """The invoices that came to the target, since the last question."""
        file = self.folder / f"{name}.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        messages = map(json.loads, lines)
        return [m["record"]["OrderID"] for m in messages if m["stream"] == "sales_invoices"]


@pytest.fixture
def fleet(tmp_path: Path, server: Postgres, clock: Clock) -> Generator[Fleet, None, None]:
    name = f"of_{tmp_path.name}".lower()
    # Without an encoding, as where the server's locale is C.
    server.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    place = f"host={server.folder} user=postgres dbname={name}"
    account = Account(companies=3, orders=60, clock=clock)
    with (
        DemoServer(account) as demo,
        psycopg.connect(place, autocommit=True, client_encoding="utf8") as database,
    ):
        database.execute((CHUNK.parent / "logins.sql").read_bytes())
        yield Fleet(tmp_path, demo, database)


@pytest.mark.parametrize("record", [b"", RECORD], ids=["idle", "changed"])
def test_a_tap_that_has_written_all_may_take_its_time(record: bytes, fleet: Fleet) -> None:
    """It may have tokens to store yet."""
    fleet.add("acme")
    fleet.tap(f"os.write(1, {record + STATE!r}); os.close(1); time.sleep(0.5)")
    assert "acme: complete; exit status: tap-billit 0" in fleet.run("acme")


def test_a_target_that_reads_no_more_ends_its_tap(fleet: Fleet) -> None:
    fleet.add("acme", schema="deaf")
    fleet.tap(f"while True: os.write(1, {RECORD!r})")
    assert "tap-billit -15, target-postgres 0" in fleet.run("acme", expect=1)


def test_first_loads_then_what_changed_and_what_failed_alone(fleet: Fleet, clock: Clock) -> None:
    changed = fleet.add("acme")
    fleet.add("idle")
    fleet.add("lost", token="not-a-token")

    log = fleet.run("--first-loads", "--run=1", expect=1)
    assert log.endswith("2 of 3 logins are complete; not complete: lost\n")
    assert "run `tap-billit-login --api-url" in log
    assert fleet.loaded("acme")
    assert fleet.loaded("idle")

    fleet.database.execute("UPDATE billit_states SET state = (state::text || ' ')::json")
    clock.forward(hours=1)
    order = fleet.demo.account.create(changed, OrderDirection="Income", OrderType="Invoice")
    log = fleet.run("--run=2")
    assert "acme: complete; exit status: tap-billit 0, target-postgres 0\n" in log
    assert "idle: complete; exit status: tap-billit 0\n" in log
    assert order in fleet.loaded("acme")
    assert fleet.loaded("idle") == []
    query = "SELECT login FROM billit_states WHERE state::text LIKE '% '"
    assert fleet.database.execute(query).fetchall() == []
    assert fleet.demo.client_secret not in log

    asked = len(fleet.demo.requests)
    assert "0 of 0 logins are complete" in fleet.run("--run=2")
    assert len(fleet.demo.requests) == asked


def test_a_chunk_that_is_stopped_ends_what_it_runs_and_goes_on_later(fleet: Fleet) -> None:
    fleet.add("acme")
    fleet.add("globex")
    with fleet.start("--first-loads") as process:

        def stop() -> None:
            process.terminate()
            process.wait(30)  # unanswered: the login could be complete before it is stopped

        act_after(fleet.demo, 1, stop)
        _, log = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert log.endswith("0 of 2 logins are complete; not complete: acme globex\n")
    assert "globex:" not in log
    partly = fleet.loaded("acme")

    fleet.run("--first-loads")
    rest = fleet.loaded("acme")
    assert not set(partly) & set(rest)
    assert fleet.loaded("globex")


def test_a_target_that_fails_costs_its_login_alone(fleet: Fleet) -> None:
    fleet.add("acme", schema="broken")
    fleet.add("globex")
    log = fleet.run("acme", "globex", "--run=1", expect=1)
    assert log.endswith("1 of 2 logins are complete; not complete: acme\n")
    assert fleet.database.execute("SELECT login FROM billit_states").fetchall() == [("globex",)]
    assert fleet.loaded("globex")

    schema = str(fleet.folder / "acme.jsonl")
    fleet.database.execute("UPDATE billit_logins SET schema = %s", (schema,))
    with fleet.database.transaction():
        lock = "SELECT pg_advisory_xact_lock(hashtextextended('billit_logins acme', 0))"
        fleet.database.execute(lock)
        assert "acme: another process syncs it" in fleet.run("acme", expect=1)
    fleet.run("acme", "globex", "--run=1")
    assert fleet.loaded("acme")


def test_a_target_that_says_more_than_states_is_no_trouble(fleet: Fleet) -> None:
    fleet.add("acme", schema="noisy")
    fleet.run("acme")
    assert fleet.database.execute("SELECT state IS NOT NULL FROM billit_states").fetchone()


def test_a_login_that_is_removed_meanwhile_costs_no_other(fleet: Fleet) -> None:
    """Nor is a STATE in the way that is larger than what a pipe holds."""
    fleet.add("acme")
    fleet.add("globex")
    state = json.dumps({"type": "STATE", "value": {"a": "b" * 200_000}}).encode() + b"\n"
    fleet.tap(f"""
if "acme" in os.environ["TAP_BILLIT_TOKEN_STORE"]:
    import psycopg
    psycopg.connect(autocommit=True).execute("DELETE FROM billit_logins WHERE login = 'acme'")
    with os.fdopen(1, "wb") as out:
        for _ in range(5):
            out.write({RECORD + state!r})
        out.flush()
        time.sleep(60)
os.write(1, {STATE!r})
""")  # noqa: S608
    log = fleet.run("acme", "globex", expect=1)
    assert "acme: not complete; PostgreSQL: insert or update" in log
    assert "globex: complete" in log


def test_a_target_that_is_stuck_is_given_up_at_the_second_signal(fleet: Fleet) -> None:
    fleet.add("acme", schema="stuck")
    fleet.tap(f"os.write(1, {RECORD!r})")
    with fleet.start("acme") as process:
        wait_for((fleet.folder / "stuck").exists)
        process.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.terminate()
        _, log = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert "target-postgres -9" in log


def test_what_is_stopped_before_it_begins_does_not_begin(fleet: Fleet) -> None:
    fleet.add("acme")
    fleet.tap("open('begun', 'w').close()")
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with fleet.database.transaction():
        fleet.database.execute("LOCK TABLE billit_states IN ACCESS EXCLUSIVE MODE")
        process = fleet.start("acme")
        wait_for(lambda: fleet.database.execute(waiting).fetchone() == (1,))
        process.terminate()
        time.sleep(0.2)
    process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert not (fleet.folder / "begun").exists()


def test_no_company_is_not_all_of_them(fleet: Fleet) -> None:
    fleet.add("acme")
    none = "UPDATE billit_logins SET company_ids = '{}'"
    with pytest.raises(CheckViolation):
        fleet.database.execute(none)
    fleet.database.execute(
        "ALTER TABLE billit_logins DROP CONSTRAINT billit_logins_company_ids_check"
    )
    fleet.database.execute(none)
    assert "acme: `company_ids` is empty" in fleet.run("acme", expect=1)
    assert not fleet.demo.requests


def test_a_file_has_the_name_of_its_login(fleet: Fleet) -> None:
    fleet.add("info@acme.be")
    assert "info@acme.be: complete" in fleet.run("info@acme.be")


def test_what_it_cannot_begin_is_a_sentence(fleet: Fleet) -> None:
    assert "not in billit_logins: nobody\n" in fleet.run("nobody", expect=2)
    assert "of 20 chunks, the last is 19" in fleet.run("--chunk=20", "--chunks=20", expect=2)
    fleet.database.execute("DROP TABLE billit_states")
    assert 'PostgreSQL: relation "billit_states" does not exist' in fleet.run(expect=1)


def test_the_job_of_kubernetes_runs_a_chunk(fleet: Fleet) -> None:
    text = (ROOT / "examples/kubernetes/fleet.yaml").read_text(encoding="utf-8")
    job = yaml.safe_load(text)["spec"]["jobTemplate"]["spec"]
    [container] = job["template"]["spec"]["containers"]
    assert f"--chunks={job['completions']}" in container["args"]
    assert ROOT / container["command"][1] == CHUNK
    names = {each["name"]: "7" for each in container["env"] if "valueFrom" in each}
    arguments = [re.sub(r"\$\((\w+)\)", lambda m: names[m[1]], a) for a in container["args"]]
    assert "0 of 0 logins are complete" in fleet.run(*arguments)
