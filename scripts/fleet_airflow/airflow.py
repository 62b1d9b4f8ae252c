"""An Airflow of our own: LocalExecutor, on a PostgreSQL server of the tests, in a folder."""

from __future__ import annotations

import os
import secrets
import socket
import time
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import requests

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.postgres import Postgres

ROOT = Path(__file__).parents[2]
COMMAND = ROOT / ".airflow/airflow/bin/airflow"

COMPONENTS = ("api-server", "scheduler", "dag-processor")
SLOTS = 4

KINDS = {
    "worker": "airflow worker -- LocalExecutor: ",
    "task": "airflow worker -- ",
    "chunk": "chunk.py",
    "tap": "bin/tap-billit",
    "target": "bin/target-postgres",
}
"""What a process is, by its command line: the first that fits."""


class Airflow:
    """Its processes, and its API."""

    def __init__(self, folder: Path, server: Postgres, **environment: str) -> None:
        self._folder, self._server = folder, server
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._url = f"http://127.0.0.1:{free.getsockname()[1]}"
        settings = {
            "API__BASE_URL": self._url,
            "API__HOST": "127.0.0.1",
            "API__PORT": self._url.rpartition(":")[2],
            "API__WORKERS": "1",
            "API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__DAGS_FOLDER": str(folder / "dags"),
            "CORE__EXECUTION_API_SERVER_URL": f"{self._url}/execution/",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__PARALLELISM": str(SLOTS),
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "DATABASE__SQL_ALCHEMY_CONN": (
                f"postgresql+psycopg2://postgres@/airflow?host={server.folder}"
            ),
            # A worker that was killed is missed after half a minute; by default it is five.
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "5",
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        }
        self._environment = {
            **os.environ,
            **environment,
            **{f"AIRFLOW__{name}": value for name, value in settings.items()},
            "AIRFLOW_HOME": str(folder),
        }
        self._processes: dict[str, psutil.Popen] = {}
        self._session = requests.Session()

    @contextmanager
    def running(self) -> Generator[None, None, None]:
        """Start what a run needs, and end it with all that it started."""
        self._server.run("CREATE DATABASE airflow")
        with ExitStack() as stack:
            if self._start(stack, "db", "migrate").wait():
                raise SystemExit(f"Airflow's database could not be made: see {self._folder}/db.log")
            for name in COMPONENTS:
                self._processes[name] = self._start(stack, name)
            token = self._ask("GET", "/auth/token", patience=300)["access_token"]
            self._session.headers["Authorization"] = f"Bearer {token}"
            yield

    def _start(self, stack: ExitStack, *command: str) -> psutil.Popen:
        log = stack.enter_context((self._folder / f"{command[0]}.log").open("wb"))
        process = psutil.Popen((COMMAND, *command), env=self._environment, stdout=log, stderr=log)
        stack.callback(end, process)
        return process

    def add_pool(self, name: str, slots: int) -> None:
        """A pool of so many slots."""
        self._ask("POST", "/api/v2/pools", {"name": name, "slots": slots})

    def trigger(self, dag: str, run: str) -> None:
        """Begin a run, as soon as the DAG is known."""
        body = {"dag_run_id": run, "logical_date": None}
        self._ask("POST", f"/api/v2/dags/{dag}/dagRuns", body, patience=300)

    def ended(self, dag: str, run: str) -> str | None:
        """How a run ended: `success` or `failed`; nothing, if it has not."""
        state: str = self._ask("GET", f"/api/v2/dags/{dag}/dagRuns/{run}")["state"]
        return state if state in {"success", "failed"} else None

    def tries(self, dag: str, run: str) -> list[int]:
        """How often each chunk of a run was tried."""
        place = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances?limit=1000"
        tasks = self._ask("GET", place)["task_instances"]
        return [each["try_number"] for each in tasks if each["task_id"] == "sync"]

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, patience: float = 0
    ) -> Any:
        """What it answers; where it is not there yet, it is asked again for so many seconds."""
        until = time.monotonic() + patience
        while True:
            try:
                answer = self._session.request(method, self._url + path, json=body, timeout=60)
            except requests.ConnectionError:
                if time.monotonic() > until:
                    raise
            else:
                if answer.ok:
                    return answer.json()
                if answer.status_code != HTTPStatus.NOT_FOUND or time.monotonic() > until:
                    raise SystemExit(f"Airflow, {method} {path}: {answer.text}")
            time.sleep(1)

    def busy(self) -> dict[str, list[psutil.Process]]:
        """What runs for tasks now, by kind.

        Without workers that run none yet. An idle one holds the lock of LocalExecutor's queue, for
        good if it is killed; and a task that was taken and not begun stays queued for ever.
        """
        found: dict[str, list[psutil.Process]] = {}
        for process in _family(self._processes["scheduler"]):
            with suppress(psutil.Error):
                command = " ".join(process.cmdline())
                kind = next((kind for kind, sign in KINDS.items() if sign in command), None)
                begun = any("chunk.py" in " ".join(each.cmdline()) for each in _family(process))
                if kind and (begun or kind not in {"worker", "task"}):
                    found.setdefault(kind, []).append(process)
        return found

    def memory(self) -> float:
        """MiB of all its processes, what they share counted once."""
        size = 0
        for top in self._processes.values():
            for each in (top, *_family(top)):
                with suppress(psutil.Error):
                    size += each.memory_full_info().pss
        return size / 2**20


def _family(process: psutil.Process) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    with suppress(psutil.Error):
        found = process.children(recursive=True)
    return found


def end(process: psutil.Popen) -> None:
    """End a process with all that it started, in whatever session."""
    family = [*_family(process), process]
    for each in family:
        with suppress(psutil.Error):
            each.terminate()
    for each in psutil.wait_procs(family, timeout=10)[1]:
        with suppress(psutil.Error):
            each.kill()
