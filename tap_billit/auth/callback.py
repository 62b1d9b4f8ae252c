"""What comes back from the login page: caught on this machine or pasted, and read."""

from __future__ import annotations

import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from socketserver import TCPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from tap_billit.errors import LoginError
from tap_billit.redaction import fingerprint

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

LOCAL = ("localhost", "127.0.0.1", "::1")

HTTP_PORT = 80

_PAGE = b"""<!doctype html><meta charset="utf-8"><title>tap-billit</title>
<p>The answer has arrived. Close this window and go back to the terminal.</p>
"""


def is_local(redirect_uri: str) -> bool:
    """Whether this machine can catch the redirect itself: without a certificate, so http alone.

    Raises:
        LoginError: it is no address.
    """
    try:
        parts = urlsplit(redirect_uri)
        port = parts.port
    except (AttributeError, TypeError, ValueError):
        parts = None
    if parts is None or not parts.scheme:
        raise LoginError(
            f"The redirect URL {redirect_uri!r} is no address; give the one that is registered "
            "with Billit, such as http://localhost:8888/callback."
        )
    return parts.scheme == "http" and parts.hostname in LOCAL and port != 0


class NoCodeError(LoginError):
    """What was pasted holds no code."""


class Catcher:
    """Listens on the loopback interface where `redirect_uri` points, for our `state` alone.

    Whatever else comes by, such as an image in a page that names this address, is answered and
    forgotten; so is a page of another site whose name was made to point here (DNS rebinding).

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, redirect_uri: str, *, state: str) -> None:
        parts = urlsplit(redirect_uri)
        port = parts.port or HTTP_PORT
        self._server = _server(parts.hostname == "::1", port)
        self._server.path = parts.path or "/"
        self._server.hosts = _hosts(port)
        self._server.state = state
        self._server.caught = Queue()

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> str | None:
        """The address that the browser was sent to; None: it did not come."""
        try:
            return self._server.caught.get(timeout=seconds)
        except Empty:
            return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # there, a second program could listen as well
    path: str
    hosts: set[str]
    state: str
    caught: Queue[str]

    @override
    def server_bind(self) -> None:
        # HTTPServer would look its own name up, which can take long.
        TCPServer.server_bind(self)


class _Server6(_Server):
    address_family = socket.AF_INET6


def _server(six: bool, port: int) -> _Server:  # noqa: FBT001
    return _Server6(("::1", port), _Handler) if six else _Server(("127.0.0.1", port), _Handler)


def _hosts(port: int) -> set[str]:
    """What the Host header of a request to us says."""
    names = ("localhost", "127.0.0.1", "[::1]")
    return {f"{name}:{port}" for name in names} | (set(names) if port == HTTP_PORT else set())


class _Handler(BaseHTTPRequestHandler):
    timeout = 10
    server: _Server

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if self.headers.get("Host", "").lower() not in self.server.hosts:
            self.send_error(400, "Not an address of this machine")
        elif path != self.server.path:
            self.send_error(404)
        elif parse_qs(query).get("state") != [self.server.state]:
            self.send_error(400, "Not of the login that is under way")
        else:
            self._catch()

    def _catch(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(_PAGE)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(_PAGE)
        self.server.caught.put(self.path)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the address carries the code."""


def code_in(address: str, *, state: str, known: tuple[str, ...]) -> str:
    """The code in the address that the login page redirected to."""
    # A plus would be read as a space, and no code holds one.
    query = parse_qs(urlsplit(address.strip()).query.replace("+", "%2B"))
    said = {name: values[0] for name, values in query.items()}
    code = said.get("code", "")
    if not code and "error" not in said:
        raise NoCodeError(
            "There is no code in that: after the login, copy the whole address from the browser's "
            "address bar, even if the page itself cannot be shown."
        )
    if said.get("state") != state:
        if fingerprint(code) in known:
            raise LoginError("This code was used before, and works once; run the command again.")
        raise LoginError(
            "This address belongs to another login (its `state` differs); run the command again, "
            "and use the page that it prints."
        )
    if said.get("error") == "access_denied":
        raise LoginError(
            "The login was denied on Billit's page; run the command again to allow it."
        )
    if not code:
        raise LoginError(f"Billit's login page answered {said['error']!r}; check the client ID.")
    return code
