"""PyAirbyte in an environment of its own (`make airbyte`), told what to do by a test."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.kit.run import exactly

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.kit.run import Json

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".airbyte"
PYTHON = ENVIRONMENTS / "pyairbyte/bin/python"
WORKER = ROOT / "tests/airbyte/clients/pyairbyte.py"


def surroundings(folder: Path) -> dict[str, str]:
    """What PyAirbyte needs: uv, no network, and a place for its logs."""
    return {
        **os.environ,
        "PATH": f"{ROOT / '.tools/bin'}:{os.environ['PATH']}",
        "AIRBYTE_OFFLINE_MODE": "1",
        "DO_NOT_TRACK": "1",
        "AIRBYTE_LOGGING_ROOT": str(folder / "logs"),
    }


class FailedError(Exception):
    """PyAirbyte raised this."""


class PyAirbyte:
    """A process that has imported PyAirbyte, and does one thing after the other."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        assert process.stdin
        assert process.stdout
        self.process, self._in, self._out, self._log = process, process.stdin, process.stdout, log

    def __call__(self, do: str, **how: Any) -> Any:
        """What it answers.

        Raises:
            FailedError: PyAirbyte raised an exception.
        """
        self.begin(do, **how)
        answer = exactly(self._out.readline())
        if "error" in answer:
            raise FailedError(answer["error"])
        return answer["answer"]

    def begin(self, do: str, **how: Any) -> None:
        """Have it do something, and do not wait for it."""
        self._in.write(json.dumps({"do": do, **how}).encode() + b"\n")
        self._in.flush()

    @property
    def log(self) -> str:
        """What it wrote for people."""
        return self._log.read_text()


@contextmanager
def pyairbyte(folder: Path) -> Generator[PyAirbyte, None, None]:
    """PyAirbyte, whose working directory is `folder`."""
    log = folder / "log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(  # noqa: S603
            [str(PYTHON), str(WORKER)],
            cwd=folder,
            env=surroundings(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as process,
    ):
        try:
            yield PyAirbyte(process, log)
        finally:
            process.kill()


def plain(value: Any) -> Any:
    """A value of the API or of DuckDB: what is the same figure, text or moment is equal."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    return value


def columns(row: Json) -> Json:
    """A row as PyAirbyte stores it: names in lower case, what is absent is null."""
    return {
        name.lower(): plain(value)
        for name, value in row.items()
        if value is not None and not name.startswith("_airbyte")
    }
