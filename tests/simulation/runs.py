"""One run of the tap against the world, in this process: no sockets, no threads, no waiting.

What the tap asks ahead is asked at the same places, but in one thread, so that a history repeats.
"""

from __future__ import annotations

import logging
from collections import deque
from contextlib import contextmanager
from copy import deepcopy
from itertools import count
from typing import TYPE_CHECKING, Any
from unittest import mock

import requests
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

from tap_billit import streams
from tap_billit.demo.messages import Reply
from tap_billit.demo.server import DemoServer
from tap_billit.errors import BillitError
from tap_billit.tap import TapBillit
from tests.kit.run import Collector, Run
from tests.simulation.promise import BrokenPromiseError
from tests.simulation.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping

    from singer_sdk.streams import Stream

    from tap_billit.demo.messages import Request
    from tests.kit.run import Json
    from tests.simulation.targets import Target
    from tests.simulation.world import Change, World

DOWN = Reply.error(503, "Maintenance")
SMALL_PAGES = 100
"""Pages in a row that may bring nothing new: here a change or two fill one."""

REFUSED = Reply.error(403, "LicenseError", "Deze licentie heeft geen API.")


class Killed(BaseException):
    """The tap dies at this message: nothing that it would do later happens."""


class UnwritableError(Exception):
    """A record cannot be written: the run fails, and may still write what it likes."""


def _slim(stream: type[Stream]) -> type[Stream]:
    """The stream with a schema of bare columns: taps are built by the thousand here."""
    declared: Any = stream.schema
    columns: Json = {name: {} for name in declared["properties"]}
    schema = {"type": "object", "properties": columns}
    return type(stream.__name__, (stream,), {"schema": schema, "selected_by_default": True})


STREAMS = {stream.name: _slim(stream) for stream in streams.STREAMS}


class Ends:
    """Where a run ends: killed at message `kill_at`, or as record `fail_at` cannot be written."""

    def __init__(self, kill_at: int | None, fail_at: int | None) -> None:
        self._kill_at, self._fail_at = kill_at, fail_at
        self._all, self._records = count(), count()

    def check(self, *, is_record: bool) -> None:
        if next(self._all) == self._kill_at:
            raise Killed
        if is_record and next(self._records) == self._fail_at:
            raise UnwritableError


class _Pipe(Collector):
    """Between tap and target."""

    def __init__(self, run: Run, target: Target, ends: Ends) -> None:
        super().__init__(run.messages, target.take)
        self._ends = ends

    @override
    def write_message(self, message: Any) -> None:
        self._ends.check(is_record=isinstance(message, RecordMessage))
        super().write_message(message)


def singer(config: Json, run: Run, target: Target, ends: Ends) -> TapBillit:
    """The tap, which writes Singer's messages."""
    pipe = _Pipe(run, target, ends)
    return TapBillit(config=config, state=deepcopy(target.state), message_writer=pipe)


def _all_ahead(items: Iterator[Any]) -> Iterator[Any]:
    yield from list(items)


def _in_order(call: Callable[[Any], Any], arguments: Iterable[Any], *, at_once: int) -> Any:
    answers: deque[Any] = deque()
    for argument in arguments:
        if len(answers) == at_once:
            yield answers.popleft()
        answers.append(call(argument))
    yield from answers


def sync(  # noqa: PLR0913
    world: World,
    target: Target,
    *,
    streams: Iterable[str],
    plan: Mapping[int, Iterable[Change]] | None = None,
    kill_at: int | None = None,
    fail_at: int | None = None,
    down_at: int | None = None,
    dies: bool = False,
    unreadable: Mapping[int, Reply] | None = None,
    page_size: int = 3,
    tap: Callable[[Json, Run, Target, Ends], TapBillit] = singer,
    **config: Any,
) -> Run:
    """Run the tap from the target's state.

    `plan` says what changes just before the request of that number is answered. The tap is killed
    in place of its message number `kill_at`; its record number `fail_at` cannot be written; Billit
    is down from request number `down_at` on; the target `dies` with what it has buffered. The
    details of `unreadable` orders get these replies.
    """
    world.begin_run()
    run = Run()
    server = DemoServer(world.account, page_size=page_size, dialect=world.dialect)

    odd = {f"/v1/orders/{order}": reply for order, reply in (unreadable or {}).items()}

    def answer(request: Request) -> Reply | None:
        number = len(server.requests) - 1
        world.apply((plan or {}).get(number, ()))
        if down_at is not None and number >= down_at:
            return DOWN
        refused = int(request.party_id or 0) in world.refused
        return REFUSED if refused else odd.get(request.path)

    server.hooks.append(answer)
    with (
        in_this_thread(server, streams, page_size=page_size),
        mock.patch("tap_billit.api.paginator.FRUITLESS", SMALL_PAGES),
    ):
        try:
            settings = {
                "api_url": server.url,
                "api_key": server.api_key,
                "retry_minutes": 0,
                "files_url": world.files_url,
            }
            tap(settings | config, run, target, Ends(kill_at, fail_at)).sync_all()
            run.complete = not dies
        except Killed:
            pass
        except (BillitError, UnwritableError) as error:
            run.error = error
            down = down_at is not None and len(server.requests) > down_at
            run.complete = not (down or dies or odd or isinstance(error, UnwritableError))
            if run.complete and not world.was_refused:
                raise BrokenPromiseError(f"nothing was refused, and it failed: {error}") from error
        finally:
            server.stop()
    target.end(dies=dies)
    run.requests = server.requests
    return run


def activated(run: Run) -> set[str]:
    """The streams that got a version: what the loader was not sent again is retired."""
    return {each["stream"] for each in run.messages if each["type"] == "ACTIVATE_VERSION"}


@contextmanager
def in_this_thread(
    server: DemoServer,
    streams: Iterable[str],
    *,
    page_size: int,
    declared: Mapping[str, type[Stream]] = STREAMS,
) -> Generator[None]:
    """Have the tap read these streams of the demo in this thread, and say nothing."""
    session = requests.Session()
    session.trust_env = False
    session.mount(server.url, Wire(server))
    names = set(streams)
    chosen = tuple(stream for name, stream in declared.items() if name in names)
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    with (
        mock.patch("tap_billit.tap.STREAMS", chosen),
        mock.patch("tap_billit.account.rate_limited_session", return_value=session),
        mock.patch("requests.sessions.preferred_clock", return_value=0.0),
        mock.patch("tap_billit.streams.order_details.prefetch", _all_ahead),
        mock.patch("tap_billit.streams.order_details.map_in_order", _in_order),
        mock.patch("tap_billit.state_messages.PAGE", page_size),
        mock.patch("tap_billit.list_state.SIZE", 2),
    ):
        try:
            yield
        finally:
            logging.disable(level)
