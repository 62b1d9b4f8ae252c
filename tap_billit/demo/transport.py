"""HTTP/1.1 over sockets: requests in, replies out, faults when asked for."""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import suppress
from datetime import datetime, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tap_billit.demo.messages import Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable

_JSON = "application/json; charset=utf-8"


class Transport(ThreadingHTTPServer):
    """Serves `answer` on the loopback interface; `clock` gives the Date header."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        *,
        port: int,
        answer: Callable[[Request], Reply],
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.answer, self.clock = answer, clock
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, to close it when the server stops."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close the connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no event; a hook that fails is."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """Close the connections that clients keep open."""
        for connection in tuple(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Transport

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
            address=self.client_address[0],
        )
        self._send(self.server.answer(request))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The time of the demo's clock."""
        when = (
            self.server.clock()
            if timestamp is None
            else datetime.fromtimestamp(timestamp, timezone.utc)
        )
        return format_datetime(when.astimezone(timezone.utc), usegmt=True)

    def version_string(self) -> str:
        """The Server header."""
        return "tap-billit-demo"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: requests may carry tokens."""

    def _send(self, reply: Reply) -> None:
        self.close_connection |= reply.cut is not None
        if reply.cut == "reset":
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.rfile.close()
            self.wfile.close()
            self.connection.close()
            self.wfile = BytesIO()  # the base class flushes it
        if reply.cut in {"close", "reset"}:
            return
        content = reply.content()
        self.send_response_only(reply.status)
        own = {"Server": self.version_string(), "Date": self.date_time_string()}
        for name, value in (own | {"Content-Type": _JSON} | reply.headers).items():
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if reply.cut == "short" else content)
