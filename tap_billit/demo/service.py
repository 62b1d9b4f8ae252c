"""Something that answers on the loopback interface, in threads of its own."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

from tap_billit.demo.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import TracebackType

    from typing_extensions import Self

    from tap_billit.demo.messages import Reply, Request


class Service:
    """A socket, and the answers that a subclass gives to the requests on it."""

    latency = 0.0
    """Seconds to wait before each answer."""

    def serve(self, *, port: int, clock: Callable[[], datetime]) -> None:
        """Open the socket; `clock` gives the Date header."""
        self._stopping = Event()
        self._thread: Thread | None = None
        self._http = Transport(port=port, answer=self._answer_late, clock=clock)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def answer(self, request: Request) -> Reply:
        """The reply to a request."""
        raise NotImplementedError

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

    def _answer_late(self, request: Request) -> Reply:
        reply = self.answer(request)
        if self.latency or reply.delay:
            self._stopping.wait(self.latency + reply.delay)
        return reply
