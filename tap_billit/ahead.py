"""Asking ahead: the next answers are under way while the present one is written."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

A = TypeVar("A")
T = TypeVar("T")


def in_order(call: Callable[[A], T], arguments: Iterable[A], *, at_once: int) -> Iterator[T]:
    """`call` of each argument, in order, at most `at_once` of them under way or waiting.

    The first failure is raised in its turn; what has not begun by then is not begun.
    """
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="billit")
    under_way: deque[Future[T]] = deque()
    try:
        for argument in arguments:
            if len(under_way) == at_once:
                yield under_way.popleft().result()
            under_way.append(pool.submit(call, argument))
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def one_ahead(items: Iterator[T]) -> Iterator[T]:
    """`items`, none of which is None; the next is under way while one is used."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="billit")
    try:
        following = pool.submit(next, items, None)
        while (item := following.result()) is not None:
            following = pool.submit(next, items, None)
            yield item
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
