"""The tap as a process, that a test stops in the middle of something."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

from tests.kit.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tap_billit.demo import DemoServer


SOON = 5.0
"""Seconds. It takes a tenth of one, on a machine that has nothing else to do."""

TAP = """
import sys
from tap_billit import tap
tap.STREAMS = tuple(each for each in tap.STREAMS if each.name == sys.argv[1])
sys.argv.pop(1)
tap.TapBillit.cli()
"""


class Tap:
    """The tap as a process. What it writes is read at once, or as soon as the test asks for it."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, *, reads: bool) -> None:
        assert process.stdout
        self.process, self.out, self._log = process, process.stdout, log
        self._read = b""
        self._reader = Thread(target=self._take)
        if reads:
            self._reader.start()

    def _take(self) -> None:
        self._read = self.out.read()

    @property
    def log(self) -> str:
        return self._log.read_text()

    def stop(self, signum: int) -> float:
        self.process.send_signal(signum)
        return time.monotonic()

    def rest(self, stopped: float) -> tuple[Run, int]:
        """What it wrote, and its exit status, soon after it was stopped."""
        if self._reader.ident is None:
            self._reader.start()
        code = self.process.wait(SOON)
        assert time.monotonic() - stopped < SOON
        self._reader.join()
        lines = self._read.splitlines(keepends=True)
        assert all(line.endswith(b"\n") for line in lines)
        return Run([json.loads(line) for line in lines]), code


@contextmanager
def tap(
    server: DemoServer, stream: str, folder: Path, *, reads: bool = True, **config: Any
) -> Generator[Tap, None, None]:
    if "client_id" not in config:
        config["api_key"] = server.api_key
    (folder / "config.json").write_text(json.dumps({"api_url": server.url} | config))
    command = [sys.executable, "-c", TAP, stream, "--config", str(folder / "config.json")]
    log = folder / "log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(  # noqa: S603
            command, stdout=subprocess.PIPE, stderr=errors, cwd=folder
        ) as process,
    ):
        try:
            yield Tap(process, log, reads=reads)
        finally:
            process.kill()


def wait_for(happened: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.005)
