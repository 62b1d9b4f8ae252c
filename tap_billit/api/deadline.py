"""An answer as a whole has a deadline: nothing that trickles in can hold a run.

The timeout of `requests` is for the wait between two parts of an answer, and a part may be a byte.
Here each part is asked for only while there is time left, whether it belongs to the headers, to
the body or to what a proxy says first. Sockets are left as they are, so TLS and proxies work as
ever.
"""

from __future__ import annotations

from functools import cache
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from time import monotonic
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from typing_extensions import override

if TYPE_CHECKING:
    from socket import socket

    from typing_extensions import Buffer
    from urllib3 import HTTPConnectionPool, PoolManager

TIMEOUTS = 10
"""An answer may take so many times the timeout of one part."""

SHORTEST = 60.0
"""Seconds that an answer has in any case: a short timeout must not cost a large file."""


class _Incoming(RawIOBase):
    """What comes from a socket, until the deadline."""

    def __init__(self, source: RawIOBase, *, seconds: float) -> None:
        super().__init__()
        self._source = source
        self._seconds = seconds
        self._end = monotonic() + seconds

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer) -> int | None:
        if monotonic() > self._end:
            raise TimeoutError(f"the answer was not complete after {self._seconds:.0f} seconds")
        return self._source.readinto(buffer)

    @override
    def close(self) -> None:
        self._source.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        seconds = max(SHORTEST, TIMEOUTS * (sock.gettimeout() or 0))
        self.fp = BufferedReader(_Incoming(self.fp.detach(), seconds=seconds))

    def _read_status(self) -> tuple[str, int, str]:
        """Any interim status (RFC 9110, 15.2) as 100, the one behind which the answer is read.

        Else the answer itself would be left, for the next request on that connection.
        """
        version, status, reason = super()._read_status()  # type: ignore[misc]
        return version, 100 if 101 < status < 200 else status, reason  # noqa: PLR2004


class DeadlineAdapter(HTTPAdapter):
    """Sends requests whose answers have a deadline."""

    @override
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _set_deadlines(self.poolmanager)

    @override
    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        _set_deadlines(manager)
        return manager


def _set_deadlines(manager: PoolManager) -> None:
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _timed(pool) for scheme, pool in pools.items()}


@cache
def _timed(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    """Connections of the same kind (plain, TLS, SOCKS), whose answers have a deadline."""
    kind = pool.ConnectionCls
    if getattr(kind, "response_class", None) is _TimedResponse:
        return pool
    connection = type(kind.__name__, (kind,), {"response_class": _TimedResponse})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})
