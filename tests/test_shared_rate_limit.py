"""The limit that taps share by a file: never exceeded, whatever the clocks and the others do."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_billit.api import rate_limit_file
from tap_billit.api.rate_limit import WINDOW
from tap_billit.api.rate_limit_file import FileRateLimiter
from tap_billit.demo import DemoServer
from tap_billit.errors import BillitError, TransientError
from tests.kit.demo import account
from tests.kit.run import sync
from tests.test_rate_limit import MINUTE, FakeTime, most, turns

if TYPE_CHECKING:
    from collections.abc import Generator

ROOT = Path(__file__).parent.parent


def shared(path: Path, limit: int, clock: FakeTime | None = None) -> FileRateLimiter:
    limiter = FileRateLimiter(limit, str(path), window=WINDOW)
    if clock:
        clock.on(limiter)
    return limiter


def booked(path: Path) -> list[float]:
    with closing(sqlite3.connect(path)) as store:
        return [turn for (turn,) in store.execute("SELECT turn FROM turns ORDER BY turn")]


def test_taps_keep_the_limit_together(tmp_path: Path) -> None:
    clock = FakeTime()
    taps = [shared(tmp_path / "made" / "limit", 60, clock) for _ in range(3)]
    taken = []
    for number in range(301):
        taps[number % 3].acquire()
        taken.append(clock.now)
    assert most(taken, MINUTE) == 60
    assert clock.waited == pytest.approx(5 * WINDOW)


@pytest.mark.parametrize(("limit", "waiting"), [(60, 200), (10, 40), (5, 30), (1, 6)])
def test_however_many_wait(limit: int, waiting: int, tmp_path: Path) -> None:
    clock = FakeTime()
    taken = []
    for _ in range(waiting):
        clock.now += 0.001
        taken.append(shared(tmp_path / "limit", limit, clock)._book())
    assert most(taken, MINUTE) == limit
    # No slower than that either.
    assert max(taken) - min(taken) < (waiting / limit) * WINDOW


def test_a_slower_tap_leaves_the_rest_to_others(tmp_path: Path) -> None:
    clock = FakeTime()
    slow, fast = (shared(tmp_path / "limit", limit, clock) for limit in (20, 60))
    turns(slow, clock, [0.0] * 20)
    turns(fast, clock, [0.0] * 40)
    assert clock.waited == 0
    turns(slow, clock, [0.0])
    assert clock.waited == pytest.approx(WINDOW)


def in_lane(path: Path, limit: int, clock: FakeTime, *, first: bool) -> FileRateLimiter:
    limiter = shared(path, limit, clock)
    limiter.is_first_load = lambda: first
    return limiter


def test_first_loads_leave_half_however_many_they_book(tmp_path: Path) -> None:
    clock = FakeTime()
    first, other = (in_lane(tmp_path / "limit", 10, clock, first=each) for each in (True, False))
    ahead = [(first._book() - clock.now) / WINDOW for _ in range(40)]
    assert ahead == pytest.approx([number // 5 for number in range(40)])
    ahead = [(other._book() - clock.now) / WINDOW for _ in range(10)]
    assert ahead == pytest.approx([0] * 5 + [1] * 5)


@given(
    limit=st.integers(1, 6),
    steps=st.lists(st.tuples(st.booleans(), st.floats(0, 40)), min_size=1, max_size=50),
)
@example(limit=4, steps=[*[(False, 0.0)] * 4, *[(True, 0.0)] * 2])
def test_no_minute_holds_more_whatever_lanes_ask(
    limit: int, steps: list[tuple[bool, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path, clock, at = tmp_path_factory.mktemp("lanes") / "limit", FakeTime(), []
    for first, gap in steps:
        at.append(in_lane(path, limit, clock, first=first)._book())
        clock.now += gap
    assert most(at, MINUTE) <= limit


def test_a_429_holds_all_taps(tmp_path: Path) -> None:
    clock = FakeTime()
    one, two = (shared(tmp_path / "limit", 5, clock) for _ in range(2))
    one.hold(30)
    one.hold(3)
    assert two._book() == clock.now + 30
    clock.now = 5.0  # the machine was started again
    assert two._book() == pytest.approx(5)


def test_after_a_reboot_old_turns_count_as_just_taken(tmp_path: Path) -> None:
    clock = FakeTime()
    for _ in range(30):
        shared(tmp_path / "limit", 10, clock)._book()
    clock.now = 12.0
    assert shared(tmp_path / "limit", 10, clock)._book() == pytest.approx(12 + WINDOW)


@given(
    limit=st.integers(1, 4),
    boots=st.lists(
        st.tuples(st.floats(0, 200), st.lists(st.floats(0, 90), min_size=1, max_size=10)),
        min_size=1,
        max_size=5,
    ),
)
def test_no_minute_holds_more_whenever_the_machine_is_started_anew(
    limit: int,
    boots: list[tuple[float, list[float]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Each boot has its clock, which may show anything; what really passes is `real`."""
    path = tmp_path_factory.mktemp("boots") / "limit"
    real, taken = 0.0, []
    for shows, gaps in boots:
        clock = FakeTime(now=shows)
        # A machine cannot have been up for longer than has passed since it was last seen.
        real += shows
        started = real - shows
        limiter = shared(path, limit, clock)
        for gap in gaps:
            clock.now += gap
            limiter.acquire()
            real = started + clock.now
            taken.append(real)
    assert most(taken, MINUTE) <= limit


def test_the_wall_clock_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = shared(tmp_path / "limit", 1)
    limiter.acquire()
    before = booked(tmp_path / "limit")
    for time in (0.0, 9e9):
        monkeypatch.setattr("time.time", lambda time=time: time)
        assert limiter._book() > before[-1] + WINDOW - 1


def test_forty_processes_keep_it_and_a_kill_costs_no_more_than_its_turn() -> None:
    """The same for minutes, in real ones: `python -m scripts.rate_limit`."""
    command = "--processes 40 --limit 10 --window 0.6 --span 0.3 --minutes 0.035 --kills 8"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "scripts.rate_limit", *command.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) turns where (\d+) were allowed", done.stdout)
    assert found
    assert int(found[1]) >= int(found[2]) - 8 - 10  # the last window may be cut short


def test_a_kill_in_the_middle_leaves_the_turns(tmp_path: Path) -> None:
    path = tmp_path / "limit"
    for _ in range(3):
        shared(path, 3)._book()
    if not (child := os.fork()):
        with shared(path, 3)._transaction() as store:
            store.execute("DELETE FROM turns")
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert len(booked(path)) == 3
    assert shared(path, 3)._book() == pytest.approx(booked(path)[0] + WINDOW)


@pytest.mark.parametrize("content", [b"precious", b""])
def test_a_link_in_place_of_the_file_is_not_followed(content: bytes, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(content)
    (tmp_path / "limit").symlink_to(victim)
    with pytest.raises(BillitError, match="it is a link, or no file"):
        shared(tmp_path / "limit", 60).acquire()
    assert victim.read_bytes() == content


@pytest.mark.parametrize("content", [b"precious", b""])
@pytest.mark.parametrize("name", ["limit-journal", "limit-wal", "limit.lock", "limit.new"])
def test_a_link_beside_the_file_is_not_followed(name: str, content: bytes, tmp_path: Path) -> None:
    """SQLite refuses it or puts a file of its own in its place."""
    victim = tmp_path / "victim"
    victim.write_bytes(content)
    (tmp_path / name).symlink_to(victim)
    with suppress(BillitError):
        shared(tmp_path / "limit", 60).acquire()
    assert victim.read_bytes() == content


def test_a_link_to_nothing_makes_no_file(tmp_path: Path) -> None:
    (tmp_path / "limit").symlink_to(tmp_path / "nothing")
    with pytest.raises(BillitError, match="it is a link, or no file"):
        shared(tmp_path / "limit", 60).acquire()
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("path", ["/dev/null", "/"])
def test_what_is_no_file_keeps_no_turns(path: str) -> None:
    with pytest.raises(BillitError, match="it is a link, or no file"):
        shared(Path(path), 60).acquire()


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text('{"refresh_token": "x"}')
    with pytest.raises(BillitError, match=r"`rate_limit_store` names .*tokens\.json"):
        shared(path, 60).acquire()
    assert path.read_text() == '{"refresh_token": "x"}'


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.db"
    with closing(sqlite3.connect(path)) as store:
        store.execute("CREATE TABLE invoices (number)")
    before = path.read_bytes()
    with pytest.raises(BillitError, match=r"`rate_limit_store` names .*warehouse\.db"):
        shared(path, 60).acquire()
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", [b"\x00" * 4096, b"x" * 8192, b"SQLite format 3\x00"])
def test_a_damaged_file_is_named(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "limit"
    shared(path, 60).acquire()
    path.write_bytes(damage)
    with pytest.raises(BillitError, match=f"{path}, which holds something else"):
        shared(path, 60).acquire()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BillitError, match="`rate_limit_store` cannot be kept"):
        shared(tmp_path / "file" / "limit", 60).acquire()


def as_user(user: int, path: Path, *, group: int) -> str:
    """What a turn costs another user: an error's text, or nothing."""
    said, tell = os.pipe()
    if not (child := os.fork()):
        try:
            os.setgroups([])
            os.setgid(group)
            os.setuid(user)
            os.umask(0o007)
            shared(path, 60).acquire()
        except BillitError as error:
            os.write(tell, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(tell)
    with os.fdopen(said) as message:
        return message.read()


@pytest.fixture
def common() -> Generator[Path, None, None]:
    """A folder that everybody may reach."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@only_root
def test_two_users_share_a_folder_of_their_group(common: Path) -> None:
    folder = common / "shared"
    folder.mkdir()
    os.chown(folder, 0, 4242)
    folder.chmod(0o2770)
    for user in (4001, 4002, 4001):
        assert not as_user(user, folder / "limit", group=4242)
    assert len(booked(folder / "limit")) == 3
    assert "cannot be kept" in as_user(4003, folder / "limit", group=4003)


@only_root
def test_a_file_of_another_user_is_named_with_what_it_takes(common: Path) -> None:
    shared(common / "limit", 60).acquire()
    said = as_user(4001, common / "limit", group=4001)
    assert "All who share it must be able to write the file and its folder" in said


def test_a_file_that_is_held_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit_file, "LOCK_PATIENCE", 0.0)
    holder = shared(tmp_path / "limit", 60)
    holder.acquire()
    with holder._transaction(), pytest.raises(TransientError, match="have held"):
        shared(tmp_path / "limit", 60).acquire()


def test_threads_of_one_tap_share_too(tmp_path: Path) -> None:
    limiter = shared(tmp_path / "limit", 8)
    threads = [threading.Thread(target=limiter.acquire) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(booked(tmp_path / "limit")) == 8


def test_the_tap_shares_by_its_setting(tmp_path: Path) -> None:
    path = tmp_path / "limit"
    with DemoServer(account()) as server:
        run = sync(server, "sales_invoices", rate_limit_store=str(path))
        assert not run.error
        assert len(booked(path)) == len(server.requests)
