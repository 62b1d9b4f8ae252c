"""One login: `tap-billit | target-postgres`, the target only where there is something to load."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager, suppress
from itertools import chain
from threading import Thread
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Process = subprocess.Popen[bytes]

STORES = ("TAP_BILLIT_TOKEN_STORE", "TAP_BILLIT_RATE_LIMIT_STORE")
"""Settings in which `{login}` is the login."""


class Pair:
    """The tap of a login, and its target once there is something to load."""

    def __init__(self, login: str, company_ids: list[int] | None, schema: str) -> None:
        stores = {name: os.environ[name] for name in STORES if name in os.environ}
        self._environment = {
            **os.environ,
            **{name: named(at, login) for name, at in stores.items()},
            "TAP_BILLIT_COMPANY_IDS": "" if company_ids is None else json.dumps(company_ids),
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": schema,
        }
        # With it the tap would name a command of Meltano's, which knows no login.
        self._environment.pop("MELTANO_ENVIRONMENT", None)
        self._tap: Process | None = None
        self._target: Process | None = None
        self._stopped = False
        self.ended: dict[str, int] = {}
        """The exit status of each process that ran."""

    def stop(self) -> None:
        """Have the tap write a last STATE and end; the target stores what it was given.

        Asked again, do not wait for the target: what it did not confirm comes again.
        """
        if self._stopped and self._target:
            self._target.kill()
        self._stopped = True
        if self._tap:
            self._tap.terminate()

    def run(self, *options: str, keep: Callable[[str], object]) -> None:
        """Sync; `keep` is told each STATE up to which everything is stored."""
        state = None
        with self._started("tap-billit", *options) as self._tap:
            if self._stopped:
                self.stop()
            held: list[bytes] = []
            for line in self._tap.stdout or ():
                held.append(line)
                message = read(line)
                if message["type"] == "STATE":
                    state = message["value"]
                elif message["type"] != "SCHEMA":
                    self._load(self._tap, held, keep)
                    return
            if state is not None:
                keep(json.dumps(state))

    def _load(self, tap: Process, held: list[bytes], keep: Callable[[str], object]) -> None:
        with self._started("target-postgres") as self._target:
            target = self._target
            feeder = Thread(target=feed, args=(held, tap, target.stdin))
            feeder.start()
            try:
                for line in target.stdout or ():
                    if parsed(line) is not None:
                        keep(line.decode())
                if target.wait():
                    tap.terminate()
            except BaseException:
                tap.terminate()
                target.kill()  # nobody reads any more what it writes
                raise
            finally:
                feeder.join()

    @contextmanager
    def _started(self, command: str, *options: str) -> Iterator[Process]:
        """A process that a signal to our group does not reach: we pass it on, to the tap first."""
        with subprocess.Popen(  # noqa: S603
            (command, "--config=ENV", *options),
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            try:
                yield process
            except BaseException:
                process.terminate()
                raise
        self.ended[command] = process.returncode


def named(place: str, login: str) -> str:
    """A store with the login in it; only in the name behind the # of a URL it is encoded."""
    address, mark, name = place.partition("#" if "://" in place else "\0")
    part = login.replace("/", "%2F")
    return address.replace("{login}", part) + mark + name.replace("{login}", quote(login, safe=""))


def read(line: bytes) -> dict[str, Any]:
    """A Singer message; one that was cut off, as by a kill, is the last, and loads nothing."""
    return parsed(line) or {"type": "SCHEMA"}


def parsed(line: bytes) -> dict[str, Any] | None:
    """The object in a line, if it is a whole one."""
    with suppress(ValueError):
        found = json.loads(line)
        return found if isinstance(found, dict) else None
    return None


def feed(held: list[bytes], tap: Process, target: IO[bytes]) -> None:
    """Give the target what was held back, and what the tap writes from then on."""
    try:
        with target:
            for line in chain(held, tap.stdout or ()):
                target.write(line)
                target.flush()
    except BrokenPipeError:
        tap.terminate()  # nobody reads it any more
