"""The demo on a socket, and the command `tap-billit-demo`."""

from __future__ import annotations

import argparse
import json
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from math import ceil
from threading import Event, RLock, Thread
from time import monotonic as real_monotonic
from typing import TYPE_CHECKING

from tap_billit.demo.account import Account, utc_now
from tap_billit.demo.api import Api
from tap_billit.demo.dialect import Dialect
from tap_billit.demo.messages import Reply, Request
from tap_billit.demo.oauth import OAuth
from tap_billit.demo.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from typing_extensions import Self

Hook = Callable[[Request], "Reply | None"]

_WINDOW = 60.0


class DemoServer(OAuth):
    """Billit's API over an account, on the loopback interface.

    `hooks` run before the normal answer, one request at a time: a hook may change the account, or
    return the reply.
    `requests` records what was asked and answered, without secrets.
    """

    def __init__(  # noqa: PLR0913
        self,
        account: Account | None = None,
        *,
        port: int = 0,
        requests_per_minute: int | None = None,
        latency: float = 0.0,
        page_size: int = 120,
        dialect: Dialect | None = None,
        monotonic: Callable[[], float] = real_monotonic,
    ) -> None:
        self.account = account or Account()
        super().__init__(seed=self.account.seed, now=lambda: self.account.now)
        self.requests: list[Request] = []
        self.hooks: list[Hook] = []
        self.latency = latency
        self.requests_per_minute = requests_per_minute
        self._monotonic = monotonic
        self._served: deque[float] = deque()
        self._api = Api(account=self.account, oauth=self, page_size=page_size)
        self.dialect = self._api.dialect = dialect or Dialect()
        self._lock = RLock()
        self._stopping = Event()
        self._thread: Thread | None = None
        self._http = Transport(port=port, answer=self.answer, clock=self.account.clock)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def start(self) -> Self:
        """Answer from now on, in threads of its own."""
        self._thread = Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answer no more; open connections are closed."""
        self._stopping.set()
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._thread = None
        self._http.server_close()
        self._http.hang_up()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def fail(self, reply: Reply, *, path: str | None = None, skip: int = 0, times: int = 1) -> None:
        """Give this reply to requests (of that path): not to the first `skip`, then `times`."""
        seen = 0

        def hook(request: Request) -> Reply | None:
            nonlocal seen
            if path not in {None, request.path}:
                return None
            seen += 1
            return reply if skip < seen <= skip + times else None

        self.hooks.append(hook)

    def answer(self, request: Request) -> Reply:
        """The reply to a request: a hook's, or the normal one."""
        record = request.record()
        with self._lock:
            self.requests.append(record)
            scripted = None
            for hook in self.hooks:
                scripted = hook(request)
                if scripted is not None:
                    break
            reply = self._complete(scripted, request)
            record.status = reply.status if reply.cut in {None, "short"} else None
        if self.latency or reply.delay:
            self._stopping.wait(self.latency + reply.delay)
        return reply

    def normal(self, request: Request) -> Reply:
        """The normal answer."""
        return self.dialect.finish(request.path, self._normal(request))

    def _normal(self, request: Request) -> Reply:
        match request.method, request.path.lower():
            case "POST", "/oauth2/token":
                return self.answer_token(request)
            case "POST", "/oauth2/revoke":
                return self.answer_revoke(request)
            case _, "/account/logon":
                return self.answer_logon(request)
        return self._too_many() or self._api.answer(request, url=self.url)

    def _complete(self, scripted: Reply | None, request: Request) -> Reply:
        if scripted is not None and not scripted.keeps_answer:
            return scripted
        reply = self.normal(request)
        if scripted is None:
            return reply
        headers = reply.headers | scripted.headers
        return replace(reply, headers=headers, delay=scripted.delay, cut=scripted.cut)

    def _too_many(self) -> Reply | None:
        """The 429 once the window of a minute is full."""
        if self.requests_per_minute is None:
            return None
        now = self._monotonic()
        while self._served and self._served[0] <= now - _WINDOW:
            self._served.popleft()
        if len(self._served) < self.requests_per_minute:
            self._served.append(now)
            return None
        reply = Reply.error(429, "TooManyRequests", "Te veel aanvragen, probeer later opnieuw.")
        wait = ceil(self._served[0] + _WINDOW - now)
        return replace(reply, headers={"Retry-After": str(max(1, wait))})


def main(arguments: Sequence[str] | None = None) -> None:
    """The command `tap-billit-demo`: serve until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="tap-billit-demo", description="A Billit account that runs on this machine."
    )
    parser.add_argument(
        "--port", type=int, default=8765, help="Port to listen on; 0 picks a free one."
    )
    parser.add_argument("--seed", type=int, default=1, help="Another number makes other data.")
    parser.add_argument("--companies", type=int, default=3, help="How many companies.")
    parser.add_argument(
        "--orders", type=int, default=900, help="How many orders exist on 2026-10-01."
    )
    parser.add_argument(
        "--requests-per-minute", type=int, help="Answer more requests than these with 429."
    )
    parser.add_argument(
        "--latency", type=float, default=0.0, help="Seconds to wait before each answer."
    )
    parser.add_argument(
        "--days-ahead", type=float, default=0.0, help="Move the clock this many days forward."
    )
    options = parser.parse_args(arguments)
    ahead = timedelta(days=options.days_ahead)
    account = Account(
        seed=options.seed,
        companies=options.companies,
        orders=options.orders,
        clock=lambda: utc_now() + ahead,
    )
    try:
        server = DemoServer(
            account,
            port=options.port,
            requests_per_minute=options.requests_per_minute,
            latency=options.latency,
        )
    except OSError as error:
        parser.error(f"port {options.port}: {error.strerror}; --port 0 picks a free one")
    stop = stop_signal()
    with server:
        print(_welcome(server), flush=True)  # noqa: T201
        while not stop.wait(1):
            pass


def stop_signal() -> Event:
    """An event that Ctrl-C or SIGTERM sets."""
    stop = Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stop.set())
    return stop


def _welcome(server: DemoServer) -> str:
    account = server.account
    config = {
        "api_url": server.url,
        "client_id": server.client_id,
        "client_secret": server.client_secret,
        "refresh_token": server.issue_refresh_token(),
    }
    companies = "\n".join(
        f"  PartyID {each['PartyID']}  {each['Name']}: "
        f"{len(account.listing(each['PartyID']))} orders"
        for each in account.companies
    )
    return (
        f"A Billit account for trying out, on {server.url} (Ctrl-C stops it)\n"
        f"Its clock shows {account.clock():%Y-%m-%d %H:%M} UTC. Companies:\n{companies}\n\n"
        f"A config for the tap:\n{json.dumps(config, indent=2)}"
    )
