"""A world in which some answers are odd: whose, how often, and a run of the tap in it."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

from typing_extensions import override

from tap_billit import streams
from tap_billit.demo.server import DemoServer
from tap_billit.errors import BillitError
from tap_billit.tap import TapBillit
from tests.kit.demo import ACCOUNT, ORDERS, Waits
from tests.kit.run import Collector, Run
from tests.simulation.account import KEYS
from tests.simulation.odd_connections import RawHandler
from tests.simulation.promise import BrokenPromiseError
from tests.simulation.runs import in_this_thread
from tests.simulation.tables import ALL
from tests.simulation.targets import AtOnce
from tests.simulation.world import SECOND, Add, Create, Delete, Edit, Pay, Touch, Wait, World, utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_billit.demo.messages import Reply, Request
    from tests.simulation.odd import Odd
    from tests.simulation.world import Change

PAGE = 3
MOST_REQUESTS = 1000
UNHURRIED = 100_000
TIMEOUT = 1.0
"""Seconds that only what is silent takes here."""

MINUTE = 60 * SECOND

LISTS = (
    "/v1/orders",
    "/v1/orders/deleted",
    "/v1/parties",
    "/v1/products",
    "/v1/financialTransactions",
    "/v1/documents",
)
PLACES = (
    *("the account", *LISTS, "an order", "a file"),
    *("all orders", "all files", "a company", "everything"),
)
ASKED_ONCE = ("the account", "an order", "a file")

STREAMS = {
    stream.name: type(stream.__name__, (stream,), {"selected_by_default": True})
    for stream in streams.STREAMS
}

_TIMES = ((0, 3), (1, 1), (2, 2), (3, 1))
"""How many orders of each kind."""

BEFORE: tuple[Change, ...] = (
    *(Create(kind=kind, times=times, company=at) for at in (0, 1) for kind, times in _TIMES),
    *(Add(what, times=4, company=at) for what in KEYS for at in (0, 1)),
    Pay(1),
    Pay(8),
    Delete(3),
    Wait(20 * MINUTE),
)
SINCE: tuple[Change, ...] = (
    *(Touch(number) for number in (0, 2, 5, 9)),
    Create(kind=0, times=2),
    Create(kind=2, company=1),
    Edit("parties", 1),
    Edit("products", 5),
    Edit("documents", 6),
    Add("financial_transactions", times=2),
    Add("parties", times=2),
    Pay(4),
    Wait(20 * MINUTE),
)

MEANWHILE: tuple[Change, ...] = (Touch(1), Touch(7), Create(company=1), Wait(20 * MINUTE))


class Event(NamedTuple):
    """An odd answer that was given."""

    request: Request
    odd: Odd


@dataclass
class Oddity:
    """Whose answers are odd: the `number`-th of a place and, if it lasts, all after it."""

    place: str
    company: int = 0
    item: int = 0
    number: int = 0
    lasts: bool = True
    make: Callable[[Reply], Odd | None] = field(default=lambda _: None, repr=False)

    def of(self, world: World) -> Callable[[Request], bool]:
        """Whether a request is for that place."""
        party = str(world.companies[self.company])
        if self.place in LISTS:
            return lambda asked: asked.path == self.place and asked.party_id == party
        orders = world.account.rows(int(party))
        order = orders[self.item % len(orders)]
        file_id = order["OrderPDF"]["FileID"]
        return {
            "the account": lambda asked: asked.path == ACCOUNT,
            "an order": lambda asked: asked.path == f"{ORDERS}/{order['OrderID']}",
            "a file": lambda asked: asked.path == f"/v1/files/{file_id}",
            "all orders": lambda asked: asked.path.removeprefix(f"{ORDERS}/").isdecimal(),
            "all files": lambda asked: asked.path.startswith("/v1/files/"),
            "a company": lambda asked: asked.party_id == party,
            "everything": lambda _: True,
        }[self.place]


class OddWorld:
    """An account with two companies and all that a tap reads, and a target.

    `events` are the odd answers that the last run was given.
    """

    def __init__(self, *, synced: bool) -> None:
        self.world = World(utc("2026-06-10T10:00:00"), companies=2)
        self.world.apply(BEFORE)
        self.target = AtOnce()
        self.events: list[Event] = []
        if synced:
            self.target.tables, self.target.state = deepcopy(_after_one_sync())
            self.world.apply(SINCE)

    def sync(self, oddity: Oddity | None = None, *, retry_minutes: int = 0) -> Run:
        """A run of the tap, whatever it ends with."""
        self.events = []
        self.world.begin_run()
        server = DemoServer(self.world.account, page_size=PAGE)
        if oddity:
            server.hooks.append(self._hook(server, oddity))
        waits = Waits()
        with _waiting(waits):
            run = self._run(server, retry_minutes)
        if waits.now > (retry_minutes + 3) * 60:
            raise BrokenPromiseError(f"it waited {waits.now / 60:.0f} minutes")
        return run

    def _run(self, server: DemoServer, retry_minutes: int) -> Run:
        with in_this_thread(server, ALL, page_size=PAGE, declared=STREAMS):
            return self._sync(server, retry_minutes=retry_minutes)

    def _sync(self, server: DemoServer, **config: Any) -> Run:
        run = Run()
        with _no_tracebacks(run):
            try:
                TapBillit(
                    config={
                        "api_url": server.url,
                        "api_key": server.api_key,
                        "files_url": self.world.files_url,
                    }
                    | config,
                    state=deepcopy(self.target.state),
                    message_writer=Collector(run.messages, self.target.take),
                ).sync_all()
                run.complete = True
            except BillitError as error:
                run.error = error
            finally:
                server.stop()
        run.requests = server.requests
        return run

    def _hook(self, server: DemoServer, oddity: Oddity) -> Callable[[Request], Reply | None]:
        concerns, seen = oddity.of(self.world), 0
        first = 0 if oddity.place in ASKED_ONCE else oddity.number

        def answer(request: Request) -> Reply | None:
            nonlocal seen
            if len(server.requests) > MOST_REQUESTS:
                raise BrokenPromiseError(f"over {MOST_REQUESTS} requests")
            if not concerns(request):
                return None
            seen += 1
            if seen <= first or (seen > first + 1 and not oddity.lasts):
                return None
            normal = server.normal(request)
            odd = oddity.make(normal)
            if odd is None:
                return None
            self.events.append(Event(request.record(), odd))
            return odd.make(normal)

        return answer


@cache
def _after_one_sync() -> tuple[Any, Any]:
    odd_world = OddWorld(synced=False)
    odd_world.sync()
    return odd_world.target.tables, odd_world.target.state


@contextmanager
def _waiting(waits: Waits) -> Iterator[None]:
    clock = SimpleNamespace(sleep=waits.sleep, monotonic=waits.monotonic)
    with (
        mock.patch("backoff._sync.time", clock),
        mock.patch("backoff._common.time", clock),
        mock.patch("tap_billit.api.retry.monotonic", waits.monotonic, create=True),
    ):
        yield


class OddSockets(OddWorld):
    """The same over real sockets, with the tap's own threads."""

    @override
    def _run(self, server: DemoServer, retry_minutes: int) -> Run:
        is_odd = bool(server.hooks)
        server._http.RequestHandlerClass = RawHandler
        chosen = tuple(STREAMS.values())
        with (
            server,
            mock.patch("tap_billit.tap.STREAMS", chosen),
            mock.patch("singer_sdk.plugin_base.signal.signal"),
            mock.patch.multiple("tap_billit.api.deadline", SHORTEST=TIMEOUT, TIMEOUTS=2),
        ):
            return self._sync(
                server,
                retry_minutes=retry_minutes,
                request_timeout=TIMEOUT if is_odd else 60,
                requests_per_minute=UNHURRIED,
            )


class _Log(logging.Handler):
    """Keeps what is logged, and what of it had a traceback."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.INFO)
        self._lines = lines
        self.tracebacks: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())
        if record.exc_info:
            self.tracebacks.append(record.getMessage())


@contextmanager
def _no_tracebacks(run: Run) -> Iterator[None]:
    handler, disabled = _Log(run.log), logging.root.manager.disable
    logging.disable(logging.NOTSET)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        logging.disable(disabled)
    if handler.tracebacks:
        raise BrokenPromiseError(f"a traceback: {handler.tracebacks}")
