"""The catalogue of odd connections: answers as bytes on a socket, and how they end.

A new kind is one more entry. Each is played by a server on a real socket, in place of an answer.
"""

from __future__ import annotations

import select
import socket
import struct
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Literal, NamedTuple

from typing_extensions import override

from tap_billit.demo.messages import Reply
from tap_billit.demo.transport import _Handler
from tests.simulation.odd import Odd

if TYPE_CHECKING:
    from collections.abc import Callable

DATE = b"Date: Wed, 10 Jun 2026 10:00:00 GMT\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + DATE + b"Content-Type: application/json\r\n"
PAUSE = 0.05
"""Seconds between two bytes of an answer that drips."""


class Bytes(NamedTuple):
    """What is sent, and what comes then."""

    sent: bytes
    then: Literal["close", "keep", "reset", "hold", "drip"] = "close"


def _length(body: bytes, more: int = 0) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % (len(body) + more) + body


def _chunked(body: bytes, *, size: bytes | None = None, end: bytes = b"0\r\n\r\n") -> bytes:
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + (size or b"%x" % len(body)) + b"\r\n" + body + b"\r\n" + end


BROKEN: dict[str, Callable[[bytes], Bytes]] = {
    "closed": lambda _: Bytes(b""),
    "reset": lambda _: Bytes(b"", "reset"),
    "closed in the head": lambda _: Bytes(OK[:25]),
    "reset in the head": lambda _: Bytes(OK[:25], "reset"),
    "closed in the body": lambda body: Bytes((OK + _length(body))[: -len(body) // 2]),
    "reset in the body": lambda body: Bytes((OK + _length(body))[: -len(body) // 2], "reset"),
    "too long a length": lambda body: Bytes(OK + _length(body, 7)),
    "too short a length": lambda body: Bytes(OK + _length(body, -7)),
    "a length that is none": lambda body: Bytes(OK + b"Content-Length: many\r\n\r\n" + body[:-3]),
    "two lengths": lambda body: Bytes(OK + b"Content-Length: 2\r\n" + _length(body)),
    "chunks cut off": lambda body: Bytes(_chunked(body, end=b"")[:-9]),
    "chunks of no size": lambda body: Bytes(_chunked(body, size=b"zz")),
    "chunks of a negative size": lambda body: Bytes(_chunked(body, size=b"-5")),
    "another protocol": lambda _: Bytes(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "TLS": lambda _: Bytes(b"\x15\x03\x01\x00\x02\x02\x46"),
    "HTTP/0.9": Bytes,
    "a status that is none": lambda body: Bytes(b"HTTP/1.1 fine OK\r\n" + _length(body)),
    "a status of four digits": lambda body: Bytes(b"HTTP/1.1 2000 OK\r\n" + _length(body)),
    "200 headers": lambda body: Bytes(OK + b"X-A: b\r\n" * 200 + _length(body)),
    "a header of 100 KB": lambda body: Bytes(
        OK + b"X: " + b"x" * 100_000 + b"\r\n" + _length(body)
    ),
    "103 first": lambda body: Bytes(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + _length(body)),
    "silence": lambda _: Bytes(b"", "hold"),
    "silence in the head": lambda _: Bytes(OK[:25], "hold"),
    "silence in the body": lambda body: Bytes((OK + _length(body))[: -len(body) // 2], "hold"),
    "a body that drips": lambda body: Bytes(OK + _length(body, 10_000), "drip"),
    "a head that drips": lambda _: Bytes(OK + b"X-Slow: ", "drip"),
}
WHOLE: dict[str, Callable[[bytes], Bytes]] = {
    "no length": lambda body: Bytes(OK + b"\r\n" + body),
    "chunks": lambda body: Bytes(_chunked(body), "keep"),
    "chunks with a trailer": lambda body: Bytes(
        _chunked(body, end=b"0\r\nX-Sum: 1\r\n\r\n"), "keep"
    ),
    "HTTP/1.0": lambda body: Bytes(b"HTTP/1.0 200 OK\r\n" + DATE + _length(body)),
    "no reason": lambda body: Bytes(b"HTTP/1.1 200\r\n" + DATE + _length(body), "keep"),
    "100 first": lambda body: Bytes(b"HTTP/1.1 100 Continue\r\n\r\n" + OK + _length(body), "keep"),
    "a header beyond ASCII": lambda body: Bytes(OK + "X-A: é\r\n".encode() + _length(body), "keep"),
    "a header in two lines": lambda body: Bytes(OK + b"X-A: a\r\n b\r\n" + _length(body), "keep"),
    "line ends of one byte": lambda body: Bytes(
        (OK + b"Content-Length: %d\r\n\r\n" % len(body)).replace(b"\r", b"") + body, "keep"
    ),
}


def connections() -> list[Odd]:
    """The catalogue."""
    return [
        Odd(f"connection: {name}", _on_the_wire(play), passes=name in BROKEN, whole=name in WHOLE)
        for name, play in (BROKEN | WHOLE).items()
    ]


@dataclass
class RawReply(Reply):
    """An answer whose bytes are given, head and all."""

    raw: Bytes = field(default=Bytes(b""))

    @property
    @override
    def keeps_answer(self) -> bool:
        return False


class RawHandler(_Handler):
    """Sends a `RawReply` as it is."""

    @override
    def _send(self, reply: Reply) -> None:
        if not isinstance(reply, RawReply):
            super()._send(reply)
            return
        self.close_connection = reply.raw.then != "keep"
        self.connection.sendall(reply.raw.sent)
        if reply.raw.then == "hold":
            self.connection.recv(1)
        while reply.raw.then == "drip" and not self._is_left(PAUSE):
            self.connection.sendall(b" ")
        if reply.raw.then == "reset":
            self._reset()

    def _is_left(self, seconds: float) -> bool:
        """Whether the client has gone within that time."""
        return bool(select.select([self.connection], [], [], seconds)[0])

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
        self.wfile = BytesIO()  # the base class flushes it


def _on_the_wire(play: Callable[[bytes], Bytes]) -> Callable[[Reply], Reply]:
    return lambda normal: RawReply(raw=play(normal.content()))
