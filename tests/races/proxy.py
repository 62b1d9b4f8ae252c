"""A proxy before a store that now and then loses the answer to what was written."""

from __future__ import annotations

import random
import socket
import threading
from contextlib import suppress

LARGEST = 1 << 16


class LossyProxy:
    """Passes on what comes to `port`; of the answers to `writes` it loses some.

    What was written is written then.
    """

    def __init__(self, target: tuple[str, int], *, writes: tuple[bytes, ...], share: float) -> None:
        self._target, self._writes, self._share = target, writes, share
        self.lost = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            return
        losing = threading.Event()
        back = threading.Thread(target=self._answers, args=(server, client, losing), daemon=True)
        back.start()
        with suppress(OSError):
            while data := client.recv(LARGEST):
                if any(word in data for word in self._writes) and random.random() < self._share:
                    losing.set()
                server.sendall(data)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _answers(
        self, server: socket.socket, client: socket.socket, losing: threading.Event
    ) -> None:
        with client, server, suppress(OSError):
            while data := server.recv(LARGEST):
                if losing.is_set():
                    self.lost += 1
                    client.shutdown(socket.SHUT_RDWR)  # closing it waits for who reads from it
                    return
                client.sendall(data)
