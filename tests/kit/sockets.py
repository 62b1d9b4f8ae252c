"""Servers that are bare sockets: they answer any bytes, or do not speak HTTP at all."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tap_billit.demo import Account, DemoServer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class NoServer(DemoServer):
    """Nobody listens: for the API key that a run has."""

    def __init__(self) -> None:
        super().__init__(Account(orders=0))
        self._http.server_close()


@contextmanager
def listening(answers: list[bytes]) -> Generator[tuple[str, list[bytes]], None, None]:
    """A server that reads requests, answers these bytes, and shows what it was sent."""
    server = socket.create_server(("127.0.0.1", 0))
    got: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                got.append(connection.recv(65536))
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}", got
    finally:
        server.close()
        if got or not answers:
            thread.join(5)


@contextmanager
def serving(answer: Callable[[socket.socket], object]) -> Generator[str, None, None]:
    """A server that does this with each connection; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    answer(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(20)
