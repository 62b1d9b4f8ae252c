"""Refreshes in other processes: killed, stopped, on a full disk, all at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import requests

from tap_billit import shutdown
from tap_billit.api import prefetch
from tap_billit.api.client import BillitClient
from tap_billit.auth import oauth, token_endpoint
from tap_billit.auth.oauth import OAuth
from tap_billit.auth.token_endpoint import TokenEndpoint
from tap_billit.errors import BillitError, LoginError
from tap_billit.storage import base, local, private_files
from tap_billit.tap import TapBillit
from tap_billit.tokens import answer, document, rotation, store
from tap_billit.tokens.store import open_store
from tests.kit.demo import ACCOUNT, TOKEN

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess
    from types import FrameType


WATCHED = {
    module.__file__
    for module in (
        *(prefetch, shutdown, oauth, token_endpoint, answer, document, rotation, store),
        *(base, local, private_files),
    )
}


class OtherProcess(NamedTuple):
    """What another process needs for a request."""

    url: str
    client_id: str
    client_secret: str
    place: str

    def request(self) -> int:
        login = OAuth(
            endpoint=TokenEndpoint(
                self.url + TOKEN,
                client_id=self.client_id,
                client_secret=self.client_secret,
                session=requests.Session(),
                timeout=30,
            ),
            store=open_store(self.place, environment="sandbox", client_id=self.client_id),
        )
        session = requests.Session()
        client = BillitClient(base_url=self.url, auth=login, session=session, timeout=30)
        return len(client.get(ACCOUNT).body["Companies"])


def killed_at(other: OtherProcess, line: int, lines: Any) -> None:
    """Make a request; kill -9 before so many lines of the login's code; say how many there are."""
    passed = 0
    lock = threading.Lock()

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal passed
        if frame.f_code.co_filename not in WATCHED:
            return None
        if event == "line":
            with lock:
                passed += 1
                if passed == line:
                    os.kill(os.getpid(), signal.SIGKILL)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)
    other.request()
    sys.settrace(None)
    lines.value = passed


def stopped(other: OtherProcess, arrived: Any) -> None:
    """Make a request, and leave at a SIGTERM as the SDK's taps do."""

    def leave(*_: object) -> None:
        arrived.set()
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    other.request()
    os._exit(9)  # pragma: no cover


def confined(other: OtherProcess, limit: int) -> None:
    """Make a request while no file can grow past the limit, as on a disk that is full."""
    import resource  # noqa: PLC0415  not on Windows

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        other.request()
    except LoginError as error:
        sys.exit(3 if "cannot be written" in str(error) else 4)


def syncing(config: dict[str, Any], ready: Any) -> None:
    """Ask for the companies as the tap does, with its handlers of signals."""
    account = TapBillit(config=config, setup_mapper=False).account
    ready.set()
    try:
        assert account.companies
        account.close()
    except BillitError:
        shutdown.process.give_way()
        raise


def together(other: OtherProcess, barrier: Any) -> None:
    barrier.wait(20)
    other.request()


def finished(process: ForkServerProcess) -> int | None:
    process.join(30)
    code = process.exitcode
    process.close()
    return code
