"""Asking ahead: the next answers are under way while the present one is written."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

A = TypeVar("A")
P = ParamSpec("P")
T = TypeVar("T")


def map_in_order(call: Callable[[A], T], arguments: Iterable[A], *, at_once: int) -> Iterator[T]:
    """`call` of each argument, in order, at most `at_once` of them under way or waiting.

    The first failure is raised in its turn; what has not begun by then is not begun.
    """
    under_way: deque[Future[T]] = deque()
    for argument in arguments:
        if len(under_way) == at_once:
            yield under_way.popleft().result()
        future: Future[T] = Future()
        under_way.append(future)
        _start(fulfil, future, call, argument)
    while under_way:
        yield under_way.popleft().result()


def prefetch(items: Iterator[T]) -> Generator[T, None, None]:
    """`items`, none of which is None: the next are under way while one is used."""
    fetched: SimpleQueue[Future[T | None]] = SimpleQueue()
    over = Event()

    def fetch() -> None:
        last = False
        while not last and not over.is_set():
            future: Future[T | None] = Future()
            fulfil(future, next, items, None)
            last = future.exception() is not None or future.result() is None
            fetched.put(future)

    _start(fetch)
    try:
        while (item := fetched.get().result()) is not None:
            yield item
    finally:
        over.set()


def fulfil(future: Future[T], call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> None:
    """Do the call, and have the future tell how it ended."""
    try:
        future.set_result(call(*args, **kwargs))
    except BaseException as error:  # noqa: BLE001  raised where the result is asked
        future.set_exception(error)


def _start(work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """In a thread that keeps no process from ending, as a pool's would."""
    Thread(target=work, args=args, kwargs=kwargs, name="billit", daemon=True).start()
