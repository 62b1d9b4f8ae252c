"""What an odd answer is, and how it is made of the normal one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from tap_billit.demo.messages import Reply
from tests.simulation import odd_answers as catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.odd_answers import Json

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


@dataclass(frozen=True)
class Odd:
    """One kind of odd answer.

    `passes`: it may be over with the next try. `whole`: nothing is missing from it. `empty`: it
    says that there is nothing, as a true answer could. `at`: where the odd `value` (JSON) is.
    """

    name: str
    make: Callable[[Reply], Reply]
    passes: bool = False
    whole: bool = False
    empty: bool = False
    status: int = 200
    at: tuple[Any, ...] | None = None
    value: str = ""

    def __repr__(self) -> str:
        return self.name


def refusals() -> list[Odd]:
    """Statuses other than 200, each with every body in turn over the catalogue."""
    bodies = list(catalogue.ERROR_BODIES.items())
    return [
        Odd(
            f"{status}, {bodies[(at + turn) % len(bodies)][0]}",
            _always(Reply(status, bodies[(at + turn) % len(bodies)][1])),
            passes=status in {408, 429} or status >= HTTPStatus.INTERNAL_SERVER_ERROR,
            empty=status == HTTPStatus.NO_CONTENT,
            status=status,
        )
        for at, status in enumerate(catalogue.STATUSES)
        for turn in range(0, len(bodies), 3)
    ] + [
        Odd(
            f"{status}, Retry-After: {after}",
            _always(replace(Reply.error(status, "Busy"), headers={"Retry-After": after})),
            passes=True,
            status=status,
        )
        for status in (429, 503)
        for after in catalogue.RETRY_AFTER
    ]


def others() -> list[Odd]:
    """What is no page, no order, no file, and what is no JSON."""
    return [
        *(
            Odd(f"body: {name}", _always(Reply(body=body)))
            for name, body in catalogue.BODIES.items()
        ),
        *(
            Odd(f"body: {name}", _always(Reply(body=body)))
            for name, body in catalogue.NOTHINGS.items()
        ),
        *(
            Odd(f"body: {name}", _always(Reply(body=body)), empty=True)
            for name, body in catalogue.EMPTY_LISTS.items()
        ),
        *(
            Odd(f"body: {name}", _always(Reply(body=body)), passes=True)
            for name, body in catalogue.NO_JSON.items()
        ),
    ]


def pages() -> list[Odd]:
    """Lists of another shape."""
    return [
        *(Odd(f"page: {name}", _of_page(change)) for name, change in catalogue.PAGES.items()),
        *(
            Odd(f"page: {name}", _of_page(change), whole=True)
            for name, change in catalogue.SAME_PAGES.items()
        ),
    ]


def writings() -> list[Odd]:
    """The same in other bytes and headers."""
    return [
        *(
            Odd(f"written: {name}", _of_bytes(*how), whole=True)
            for name, how in catalogue.WRITTEN.items()
        ),
        *(Odd(f"garbled: {name}", _of_bytes(*how)) for name, how in catalogue.GARBLED.items()),
        *(
            Odd(f"header: {name}", _of_bytes(bytes, how), whole=True)
            for name, how in catalogue.HEADERS.items()
        ),
    ]


def value_at(number: int, text: str) -> Callable[[Reply], Odd | None]:
    """The odd answer with the value `text` at one of its paths, by number; None: there is none."""

    def odd(reply: Reply) -> Odd | None:
        body = json_of(reply)
        paths = [*paths_of(body)][1:]
        if not paths:
            return None
        path = paths[number % len(paths)]
        shown = text if len(text) < 40 else f"{text[:40]}…"
        name = f"value: {'.'.join(map(str, path))} is {shown}"
        changed = with_value(body, path, msgspec.Raw(text.encode()))
        empty = path == ("Items",) and text in {"null", "[]"}
        return Odd(
            name, lambda normal: replace(normal, body=changed), at=path, value=text, empty=empty
        )

    return odd


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all values in JSON, the whole first."""
    parts: Any = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    return [path, *(each for key, part in parts for each in paths_of(part, (*path, key)))]


def with_value(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """JSON with another value at a path."""
    if not path:
        return value
    key, *rest = path
    copy = body.copy()
    copy[key] = with_value(body[key], tuple(rest), value)
    return copy


def json_of(reply: Reply) -> Any:
    """The data of an answer; None where it has none."""
    try:
        return _decode(reply.content())
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _always(reply: Reply) -> Callable[[Reply], Reply]:
    return lambda _: reply


def _of_page(change: Callable[[Json], Any]) -> Callable[[Reply], Reply]:
    def make(normal: Reply) -> Reply:
        body = json_of(normal)
        is_page = isinstance(body, dict) and "Items" in body
        return replace(normal, body=change(body)) if is_page else normal

    return make


def _of_bytes(
    change: Callable[[bytes], bytes], headers: dict[str, str]
) -> Callable[[Reply], Reply]:
    return lambda normal: replace(
        normal, body=change(normal.content()), headers=normal.headers | headers
    )
