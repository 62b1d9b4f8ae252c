"""The processes of a race, which renew the login whenever its access token has ended."""

from __future__ import annotations

import logging
import multiprocessing
import os
import random
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import requests

from tap_billit.api.client import BillitClient
from tap_billit.api.retry import Patience
from tap_billit.auth.oauth import DeadLoginError, OAuth
from tap_billit.auth.token_endpoint import TokenEndpoint
from tap_billit.errors import BillitError
from tap_billit.storage.base import Storage
from tap_billit.tokens.store import open_store
from tests.kit.demo import ACCOUNT, TOKEN

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

TIMEOUT = 5.0
"""Seconds that Billit has for an answer."""


class Contestant(NamedTuple):
    """What a process needs to take part; `lease` is in seconds."""

    url: str
    client_id: str
    client_secret: str
    place: str
    lease: float

    def login(self, token: str | None = None) -> OAuth:
        """A login as a tap has it, which names its process to Billit."""
        session = requests.Session()
        session.headers["User-Agent"] = f"contestant-{os.getpid()}"
        endpoint = TokenEndpoint(
            self.url + TOKEN, self.client_id, self.client_secret, session, TIMEOUT
        )
        # The local file has a lock, and no lease.
        Storage.lease = self.lease / endpoint.patience
        store = open_store(self.place, environment="sandbox", client_id=self.client_id)
        return OAuth(endpoint=endpoint, store=store, refresh_token=token, patience=Patience(10))

    def ask(self, login: OAuth) -> None:
        """One request of the API."""
        session = login.endpoint.session
        client = BillitClient(base_url=self.url, auth=login, session=session, timeout=TIMEOUT)
        client.get(ACCOUNT)


def run(contestant: Contestant, environment: dict[str, str], dead: Any) -> None:
    """Ask again and again, as many runs of a tap; say when the login is dead."""
    os.environ.update(environment)
    logging.disable()
    while True:
        login = contestant.login()
        try:
            for _ in range(20):
                contestant.ask(login)
                time.sleep(random.uniform(0, 0.05))
        except DeadLoginError as error:
            dead.put(str(error))
            time.sleep(contestant.lease / 2)
        except BillitError:
            time.sleep(random.uniform(0, 0.2))


class Crowd:
    """So many processes; whoever is killed is followed by another."""

    def __init__(self, contestant: Contestant, size: int, *, kill: float, stop: float) -> None:
        self._contestant, self._size = contestant, size
        self._kill, self._stop = kill, stop
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self.dead: Any = self._context.Queue()
        self._processes: dict[int, ForkServerProcess] = {}
        self.kills = self.stops = 0
        self.stopped: set[int] = set()
        self.over = False

    def fill(self) -> None:
        """Have as many processes as there should be."""
        for pid, process in list(self._processes.items()):
            if not process.is_alive():
                del self._processes[pid]
        while len(self._processes) < self._size:
            process = self._context.Process(
                target=run, args=(self._contestant, dict(os.environ), self.dead)
            )
            process.daemon = True
            process.start()
            self._processes[process.pid or 0] = process

    def disturb_any(self) -> None:
        """Kill or stop one of them, or none."""
        if self._processes:
            self.disturb(random.choice(list(self._processes)))

    def disturb(self, pid: int) -> None:
        """Kill this process, or stop it for longer than the lease, or neither."""
        chance = random.random()
        if self.over or pid not in self._processes or chance > self._kill + self._stop:
            return
        with suppress(ProcessLookupError):
            if chance < self._kill:
                os.kill(pid, signal.SIGKILL)
                self.kills += 1
            else:
                os.kill(pid, signal.SIGSTOP)
                self.stops += 1
                self.stopped.add(pid)
                seconds = self._contestant.lease * random.uniform(1.2, 2.5)
                threading.Timer(seconds, _go_on, (pid,)).start()

    def end(self) -> None:
        """Kill all of them."""
        self.over = True
        for process in self._processes.values():
            process.kill()
            process.join()


def _go_on(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
