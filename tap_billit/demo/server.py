"""One demo account on a socket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import RLock
from time import monotonic as real_monotonic

from typing_extensions import override

from tap_billit.demo.account import Account
from tap_billit.demo.api import Api
from tap_billit.demo.dialect import Dialect
from tap_billit.demo.limits import RequestLimit
from tap_billit.demo.messages import Reply, Request
from tap_billit.demo.oauth import OAuth
from tap_billit.demo.service import Service

Hook = Callable[[Request], "Reply | None"]


class DemoServer(Service, OAuth):
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
        OAuth.__init__(self, seed=self.account.seed, now=lambda: self.account.now)
        self.requests: list[Request] = []
        self.hooks: list[Hook] = []
        self.latency = latency
        self._limit = RequestLimit(requests_per_minute, monotonic=monotonic)
        self._api = Api(account=self.account, oauth=self, page_size=page_size)
        self.dialect = self._api.dialect = dialect or Dialect()
        self._lock = RLock()
        self.serve(port=port, clock=self.account.clock)

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

    @override
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
        return reply

    def normal(self, request: Request) -> Reply:
        """The normal answer."""
        return self.dialect.finish(request.path, self._normal(request))

    def _normal(self, request: Request) -> Reply:
        return (
            self.answer_login(request)
            or self._limit.refusal()
            or self._api.answer(request, url=self.url)
        )

    def _complete(self, scripted: Reply | None, request: Request) -> Reply:
        if scripted is not None and not scripted.keeps_answer:
            return scripted
        reply = self.normal(request)
        if scripted is None:
            return reply
        headers = reply.headers | scripted.headers
        return replace(reply, headers=headers, delay=scripted.delay, cut=scripted.cut)
