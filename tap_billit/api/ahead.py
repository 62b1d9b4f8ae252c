"""Asking ahead: the next answers are under way while the present one is written."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

A = TypeVar("A")
P = ParamSpec("P")
T = TypeVar("T")


def in_order(call: Callable[[A], T], arguments: Iterable[A], *, at_once: int) -> Iterator[T]:
    """`call` of each argument, in order, at most `at_once` of them under way or waiting.

    The first failure is raised in its turn; what has not begun by then is not begun.
    """
    under_way: deque[Future[T]] = deque()
    for argument in arguments:
        if len(under_way) == at_once:
            yield under_way.popleft().result()
        under_way.append(_begin(call, argument))
    while under_way:
        yield under_way.popleft().result()


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """`items`, none of which is None; the next is under way while one is used."""
    following = _begin(next, items, None)
    while (item := following.result()) is not None:
        following = _begin(next, items, None)
        yield item


def _begin(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """`call` under way in a thread that keeps no process from ending, as a pool's would."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001  raised where the result is asked
            future.set_exception(error)

    Thread(target=run, name="billit", daemon=True).start()
    return future
