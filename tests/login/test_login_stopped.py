"""A signal while the code is exchanged: the new login is kept all the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from threading import Event
from typing import TYPE_CHECKING

import filelock
import pytest
import requests

from tap_billit.demo.messages import Reply
from tests.kit.demo import TOKEN
from tests.kit.login import kept
from tests.kit.process import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_billit.demo.messages import Request
    from tap_billit.demo.server import DemoServer
    from tests.kit.person import Person

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")

COMMAND = "from tap_billit.auth.login import main; main()"


@pytest.fixture
def process(person: Person, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The command, which waits for the address of the browser."""
    person.file.write_text(json.dumps(person.config))
    arguments = ["--config", str(person.file), "--no-browser"]
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-uc", COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
    ) as process:
        yield process
        process.kill()


def log_in(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    assert process.stdin
    page = next(line.strip() for line in process.stdout if "/Account/Logon" in line)
    answer = requests.get(f"{page}&approve=1", timeout=5, allow_redirects=False)
    process.stdin.write(answer.headers["Location"] + "\n")
    process.stdin.flush()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_while_the_code_is_exchanged(
    signum: int, demo: DemoServer, person: Person, process: subprocess.Popen[str]
) -> None:
    came = Event()

    def hook(request: Request) -> Reply | None:
        if request.path != TOKEN:
            return None
        came.set()
        return Reply(delay=0.5)

    demo.hooks.append(hook)
    log_in(process)
    assert came.wait(30)
    process.send_signal(signum)
    assert process.wait(10) == 128 + signum
    tokens = kept(person.store)
    assert tokens.refresh_token in demo._refresh
    assert tokens.spending is None


def test_while_another_process_holds_the_store(
    demo: DemoServer, tmp_path: Path, process: subprocess.Popen[str]
) -> None:
    assert process.stdout
    next(line for line in process.stdout if "/Account/Logon" in line)
    with filelock.FileLock(tmp_path / "state" / "tokens.json.lock"):
        assert process.stdin
        process.stdin.write(f"https://example.com/billit?code=c&state={'x'}\n")
        process.stdin.flush()
        process.send_signal(signal.SIGTERM)
        # Python has no handlers any more while it ends: then the signal itself is the status.
        assert process.wait(10) in {1, 143, -signal.SIGTERM}
    wait_for(lambda: not demo._http._open)
    assert not any(request.path == TOKEN for request in demo.requests)
