"""What every store promises: what was read is replaced only if it is still there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from tap_billit.storage.base import ChangedError

if TYPE_CHECKING:
    from tests.storage.conftest import Kind

OLD, NEW, OTHER = b'{"a": "old"}', b'{"a": "new"}', '{"a": "ütwo"}'.encode()


def test_what_is_put_is_read_until_it_is_removed(kind: Kind) -> None:
    mine, again = kind.open(), kind.open()
    assert mine.read() is None
    mine.replace(None, None)
    mine.replace(None, OLD)
    mine.replace(OLD, OTHER)
    assert again.read() == mine.read() == OTHER
    again.replace(OTHER, None)
    assert mine.read() is None
    mine.replace(None, NEW)
    assert again.read() == NEW


def test_only_what_was_read_is_replaced(kind: Kind) -> None:
    mine, theirs = kind.open(), kind.open()
    mine.read()
    theirs.read()
    theirs.replace(None, OTHER)
    for old, new in ((None, NEW), (OLD, NEW), (OLD, None)):
        with pytest.raises(ChangedError, match="changed meanwhile"):
            mine.replace(old, new)
    assert theirs.read() == mine.read() == OTHER
    theirs.replace(OTHER, None)
    with pytest.raises(ChangedError):
        mine.replace(OTHER, NEW)
    assert theirs.read() is None


def test_what_was_written_by_a_request_whose_answer_was_lost_is_no_change(kind: Kind) -> None:
    mine, lost = kind.open(), kind.open()
    mine.replace(mine.read(), OLD)
    mine.read()
    assert lost.read() == OLD
    lost.replace(OLD, NEW)
    mine.replace(OLD, NEW)
    assert mine.read() == NEW
    mine.replace(NEW, OTHER)
    assert mine.read() == OTHER


@pytest.mark.parametrize("kind", ["memory", "objects", "s3", "postgres"], indirect=True)
def test_of_several_at_once_one_wins(kind: Kind) -> None:
    stores = [kind.open() for _ in range(5)]
    stores[0].replace(stores[0].read(), OLD)
    ready = Barrier(len(stores))

    def attempt(number: int) -> bool:
        stores[number].read()
        ready.wait(20)
        with suppress(ChangedError):
            stores[number].replace(OLD, b"%d" % number)
            return True
        return False

    with ThreadPoolExecutor(len(stores)) as pool:
        assert sum(pool.map(attempt, range(len(stores)))) == 1
