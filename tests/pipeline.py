"""A Meltano project between a demo account and a PostgreSQL server, run as a team runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

from tap_billit.demo import Account, DemoServer
from tests.kit.expected import DETAILS, KEYS, ROWS, expected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap_billit.demo import Request
    from tests.kit.run import Json
    from tests.postgres import Postgres

ROOT = Path(__file__).parents[1]
MELTANO = Path(sys.executable).with_name("meltano")
STATE_ID = "production:tap-billit-to-target-postgres"

COMPUTED = ("Overdue", "DaysOverdue")
"""What Billit computes when asked: in documents it is as of their last change."""


def install(folder: Path) -> None:
    """Make the project of the checkout in `folder`, with the tap's wheel and the target in it.

    Raises:
        RuntimeError: the plugins could not be installed.
    """
    folder.mkdir()
    [wheel] = build(folder / "dist")
    definition = (ROOT / "meltano.yml").read_text(encoding="utf-8")
    assert "pip_url: -e ." in definition
    definition = definition.replace("pip_url: -e .", f"pip_url: {wheel}")
    (folder / "meltano.yml").write_text(definition, encoding="utf-8")
    _call(MELTANO, "install", "tap-billit", "target-postgres", cwd=folder)


def build(folder: Path) -> list[Path]:
    """The wheel of this checkout, in `folder`."""
    _call("uv", "build", "--quiet", "--wheel", "--out-dir", folder, cwd=ROOT)
    return list(folder.glob("*.whl"))


def _call(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run(  # noqa: S603
        command, cwd=cwd, env=clean(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")


def clean() -> dict[str, str]:
    """This process's environment, without what would configure the project."""
    ours = ("MELTANO_", "TAP_BILLIT_", "TARGET_", "VIRTUAL_ENV")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return environ | {"PATH": f"{MELTANO.parent}{os.pathsep}{os.environ['PATH']}"}


class Pipeline:
    """`demo` is the account's server; the tables are in a schema of the project's own."""

    def __init__(self, folder: Path, *, installed: Path, server: Postgres) -> None:
        self.now = datetime(2026, 9, 30, 22, tzinfo=timezone.utc)
        self.account = Account(companies=2, orders=60, clock=lambda: self.now)
        self.demo = DemoServer(self.account)
        self.folder = folder / "project"
        self.server = server
        self.schema = f"of_{folder.name}".lower()
        plugins = shutil.ignore_patterns("extractors", "loaders", "dist")
        shutil.copytree(installed, self.folder, ignore=plugins)
        for kind in ("extractors", "loaders"):
            (self.folder / ".meltano" / kind).symlink_to(installed / ".meltano" / kind)
        self.settings = {
            "MELTANO_AUTO_INSTALL": "false",
            "MELTANO_ENVIRONMENT": "production",
            "TAP_BILLIT_API_URL": self.demo.url,
            "TAP_BILLIT_CLIENT_ID": self.demo.client_id,
            "TAP_BILLIT_CLIENT_SECRET": self.demo.client_secret,
            "TAP_BILLIT_REFRESH_TOKEN": self.demo.issue_refresh_token(),
            "TAP_BILLIT_TOKEN_STORE": str(folder / "tokens" / "billit.json"),
            "TAP_BILLIT_REQUESTS_PER_MINUTE": "60000",
            "TAP_BILLIT_REQUEST_TIMEOUT": "30",
            "TAP_BILLIT_RETRY_MINUTES": "1",
            "TAP_BILLIT_START_DATE": "2020-01-01T00:00:00Z",
            "TARGET_POSTGRES_SQLALCHEMY_URL": server.url,
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": self.schema,
        }
        self.log = ""
        """What the last command wrote to standard error."""
        self._process: subprocess.Popen[str] | None = None

    def meltano(self, *arguments: str, expect: int = 0) -> str:
        """What a `meltano` command prints; `log` has the rest."""
        with subprocess.Popen(  # noqa: S603
            [MELTANO, "--log-format=json", *arguments],
            cwd=self.folder,
            env=clean() | self.settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            umask=0o077,
        ) as process:
            self._process = process
            try:
                printed, self.log = process.communicate(timeout=300)
            finally:
                if process.poll() is None:
                    self.kill_all()
        assert process.returncode == expect, self.log
        self.assert_hidden(printed + self.log)
        return printed

    def run(self, *options: str, expect: int = 0) -> list[Request]:
        """`meltano run tap-billit target-postgres`: the requests that it made."""
        before = len(self.demo.requests)
        self.meltano("run", *options, "tap-billit", "target-postgres", expect=expect)
        return self.demo.requests[before:]

    def select(self, *rules: str) -> None:
        """From now on, read what the rules say."""
        self.settings["TAP_BILLIT__SELECT"] = json.dumps(rules)

    def state(self) -> Json:
        """What `meltano state get` shows: the bookmarks, by stream."""
        state = json.loads(self.meltano("state", "get", STATE_ID))
        bookmarks: Json = state["singer_state"]["bookmarks"]
        return bookmarks

    def set_state(self, bookmarks: Json) -> None:
        """`meltano state set`."""
        file = self.folder / "state.json"
        file.write_text(json.dumps({"singer_state": {"bookmarks": bookmarks}}), encoding="utf-8")
        self.meltano("state", "set", "--force", "--input-file", str(file), STATE_ID)

    def forget_column(self, stream: str, column: str) -> None:
        """Make the catalog that Meltano keeps that of a version which did not know the column."""
        file = self._run / "tap.properties.json"
        catalog = json.loads(file.read_text(encoding="utf-8"))
        for entry in catalog["streams"]:
            if entry["tap_stream_id"] == stream:
                del entry["schema"]["properties"][column]
                entry["metadata"] = [
                    each for each in entry["metadata"] if each["breadcrumb"][1:] != [column]
                ]
        file.write_text(json.dumps(catalog), encoding="utf-8")

    def configs(self) -> list[Path]:
        """The files with the tap's settings, secrets included, that Meltano has not deleted."""
        return list(self._run.glob("tap.*.config.json"))

    @property
    def _run(self) -> Path:
        return self.folder / ".meltano" / "run" / "tap-billit"

    def at_document(self, number: int, what: Callable[[], object]) -> None:
        """Do this once, when the tap asks for so many-th document."""
        left = number

        def hook(request: Request) -> None:
            nonlocal left
            left -= is_document(request)
            if left == 0:
                left = -1
                what()

        self.demo.hooks.append(hook)

    def signal_tap(self, signum: signal.Signals) -> None:
        """Send the tap, not Meltano, a signal."""
        assert self._process
        for process in psutil.Process(self._process.pid).children(recursive=True):
            if any(part.endswith("bin/tap-billit") for part in process.cmdline()):
                process.send_signal(signum)

    def signal_meltano(self, signum: signal.Signals) -> None:
        """Send Meltano, not its plugins, a signal."""
        assert self._process
        self._process.send_signal(signum)

    def kill_all(self) -> None:
        """As when a machine loses its power."""
        assert self._process
        os.killpg(self._process.pid, signal.SIGKILL)

    def assert_hidden(self, text: str) -> None:
        """No secret is in the text."""
        demo = self.demo
        tokens = (*demo._access, *demo._refresh, *demo._spent)
        assert not [secret for secret in (demo.client_secret, *tokens) if secret in text]

    def pass_hours(self, hours: float) -> None:
        """Time goes on, and with it the account."""
        self.now += timedelta(hours=hours)

    def orders(
        self, kind: tuple[str, str] | None = None, company: int | None = None
    ) -> dict[int, str]:
        """The live orders that streams read (of a kind, of a company), and when they changed."""
        companies = [company] if company else [each["PartyID"] for each in self.account.companies]
        kinds = {kind} if kind else {*ROWS.values()}
        return {
            row["OrderID"]: row["LastModified"]
            for each in companies
            for row in self.account.rows(each)
            if (row["OrderDirection"], row["OrderType"]) in kinds
        }

    def table(self, stream: str) -> dict[tuple[str, ...], Json]:
        """The rows of a table by key, numbers as text; without those that were retired."""
        query = f"SELECT * FROM {self.schema}.{stream} WHERE _sdc_deleted_at IS NULL"  # noqa: S608
        rows = self.server.rows(query)
        table = {
            tuple(row[key] for key in KEYS[stream]): {
                name: value for name, value in row.items() if not name.startswith("_sdc_")
            }
            for row in rows
        }
        assert len(table) == len(rows), f"{stream}: keys are not unique"
        return table

    def check(self, streams: Iterable[str] = tuple(KEYS), companies: int = 2) -> None:
        """Each table holds what the account does, digit for digit, and what was deleted there."""
        wanted = [each["PartyID"] for each in self.account.companies[:companies]]
        gone = {str(row["OrderID"]) for each in wanted for row in self.account.deleted(each)}
        for stream in streams:
            have = self.table(stream)
            want = {
                tuple(row[key] for key in KEYS[stream]): row
                for company in wanted
                for row in map(as_text, expected(self.account, stream, company))
            }
            if stream in {*ROWS, *DETAILS, "orders"}:
                have = {key: row for key, row in have.items() if key[0] not in gone}
            assert have.keys() == want.keys(), stream
            unseen = COMPUTED if stream in DETAILS else ()
            for key, row in have.items():
                right = dict.fromkeys(row) | want[key]
                right |= {name: row[name] for name in unseen}
                assert row == right, (stream, key)


def is_document(request: Request) -> bool:
    """Whether it asks for the whole of one order."""
    return request.path.removeprefix("/v1/orders/").isdecimal()


def as_text(row: Json) -> Json:
    """A row as a table shows it: numbers as their digits, and none of it NUL."""
    raw = msgspec.json.Encoder(decimal_format="number").encode(row)
    raw = raw.replace(rb"\u0000", rb"\ufffd")
    text: Json = json.loads(raw, parse_float=str, parse_int=str)
    return text
