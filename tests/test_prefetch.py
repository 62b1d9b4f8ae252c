"""Asking ahead: in order, within bounds, and what a failure ends."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tap_billit.api.prefetch import map_in_order, prefetch
from tap_billit.demo import DemoServer, Reply
from tap_billit.errors import BillitError
from tests.kit.demo import account
from tests.kit.run import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

    from tap_billit.demo import Request
    from tests.kit.run import Run


DETAILS = "sales_invoice_details"


class Calls:
    """Calls that end when they are let, and who is under way."""

    def __init__(self, *, fails: int | None = None) -> None:
        self.begun: list[int] = []
        self.fails = fails

    def __call__(self, number: int) -> int:
        self.begun.append(number)
        if number == self.fails:
            raise BillitError(f"number {number}")
        return number

    def started(self, count: int) -> Self:
        """Wait until so many have begun."""
        end = time.monotonic() + 10
        while len(self.begun) < count:
            assert time.monotonic() < end
        return self


def wait_for_threads() -> None:
    """Wait until none of those that ask ahead is left."""
    for thread in threading.enumerate():
        if thread.name == "billit":
            thread.join(10)


def test_never_more_than_a_few_are_under_way_or_waiting() -> None:
    calls = Calls()
    for used, number in enumerate(map_in_order(calls, range(40), at_once=5), start=1):
        assert number == used - 1
        assert len(calls.begun) <= used + 4
    assert len(calls.begun) == 40


def test_a_failure_comes_in_its_turn_and_ends_the_rest() -> None:
    calls = Calls(fails=7)
    numbers = map_in_order(calls, range(1000), at_once=5)
    assert [next(numbers) for _ in range(7)] == list(range(7))
    with pytest.raises(BillitError, match="number 7"):
        next(numbers)
    assert len(calls.begun) <= 7 + 5


def test_all_pages_are_asked_while_the_first_is_used() -> None:
    calls = Calls()
    with closing(prefetch(map(calls, range(1, 9)))) as pages:
        assert next(pages) == 1
        calls.started(8)
        assert list(pages) == list(range(2, 9))


def test_nobody_asks_on_for_one_who_has_gone() -> None:
    calls, gone = Calls(), threading.Event()

    def asked() -> Iterator[int]:
        yield calls(1)
        assert gone.wait(10)
        yield calls(2)
        yield calls(3)

    with closing(prefetch(asked())) as pages:
        assert next(pages) == 1
    gone.set()
    calls.started(2)
    wait_for_threads()
    assert calls.begun == [1, 2]


def test_a_failure_costs_no_page_before_it() -> None:
    with closing(prefetch(map(Calls(fails=3), range(1, 5)))) as pages:
        assert [next(pages), next(pages)] == [1, 2]
        with pytest.raises(BillitError, match="number 3"):
            next(pages)


def check_state_covers_only_what_was_written(run: Run) -> None:
    last = None
    for message in run.messages:
        if message["type"] == "RECORD":
            last = message["record"]["OrderID"]
        elif message["type"] == "STATE":
            for partition in message["value"]["bookmarks"][DETAILS]["partitions"]:
                if "crawl" in partition:
                    assert partition["crawl"]["last_order_id"] in (None, last)


def test_documents_come_in_order_whoever_is_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tap_billit.state_messages.PAGE", 3)
    with DemoServer(account(orders=60)) as server:
        plain = sync(server, DETAILS, requests_per_minute=6000)
        slow = (Reply(delay=0.03), None, None, Reply(delay=0.01), None, None, None)
        server.hooks.append(lambda _: slow[len(server.requests) % len(slow)])
        server.requests.clear()
        run = sync(server, DETAILS, requests_per_minute=6000)
    assert run.records[DETAILS] == plain.records[DETAILS]
    assert sum(message["type"] == "STATE" for message in run.messages) > 10
    check_state_covers_only_what_was_written(run)


def down_from(path: str) -> Callable[[Request], Reply | None]:
    """From this request on, Billit is down."""
    down: list[str] = []

    def hook(request: Request) -> Reply | None:
        down.extend([path] * (request.path == path))
        return Reply.error(503, "Maintenance") if down else None

    return hook


def test_an_outage_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tap_billit.state_messages.PAGE", 3)
    with DemoServer(account(orders=60)) as server:
        whole = sync(server, DETAILS, requests_per_minute=6000)
        orders = [row["OrderID"] for row in whole.records[DETAILS]]
        server.requests.clear()
        server.hooks.append(down_from(f"/v1/orders/{orders[10]}"))
        run = sync(server, DETAILS, requests_per_minute=6000, retry_minutes=0)
        assert "answered 503" in str(run.error)
        written = [row["OrderID"] for row in run.records[DETAILS]]
        assert written == orders[: len(written)]
        assert 5 < len(written) <= 10  # five are under way at once
        details = [r.path for r in server.requests if r.path.startswith("/v1/orders/")]
        read = {int(path.rpartition("/")[2]) for path in details}
        assert read <= set(orders[:15])
        check_state_covers_only_what_was_written(run)
        server.hooks.clear()
        rest = sync(server, DETAILS, state=run.state, requests_per_minute=6000)
    assert rest.table(DETAILS, run) == whole.table(DETAILS)
    assert len(rest.records[DETAILS]) < len(orders)
