"""The limit that taps on any machine share by a database."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Protocol

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_billit.api.rate_limit_postgres import CREATE, PostgresRateLimiter
from tap_billit.api.session import rate_limiter
from tap_billit.demo import DemoServer
from tap_billit.demo.limits import too_many
from tap_billit.errors import BillitError
from tests import postgres
from tests.kit.demo import TOKEN, account, empty_demo, oauth
from tests.kit.run import sync
from tests.test_rate_limit import most

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parent.parent
WINDOW = 600.0


@pytest.fixture(scope="module")
def server() -> Generator[postgres.Postgres, None, None]:
    with postgres.running_or_skipped() as server:
        yield server


@pytest.fixture
def url(server: postgres.Postgres) -> str:
    """An empty database's."""
    server.run("DROP TABLE IF EXISTS tap_billit_rate_limits")
    return f"postgresql://postgres@/postgres?host={server.folder}"


class Tap(Protocol):
    def __call__(self, limit: int, *, first: bool = False, key: str = "") -> PostgresRateLimiter:
        """The limiter of another tap."""


@pytest.fixture
def tap(url: str) -> Generator[Tap, None, None]:
    with ExitStack() as stack:

        def tap(limit: int, *, first: bool = False, key: str = "") -> PostgresRateLimiter:
            limiter = PostgresRateLimiter(limit, f"{url}#{key}", key="host", window=WINDOW)
            limiter.is_first_load = lambda: first
            stack.callback(limiter.close)
            return limiter

        yield tap


def ahead(limiter: PostgresRateLimiter) -> float:
    return limiter._book() - limiter.clock()


def turns(server: postgres.Postgres) -> list[float]:
    sql = "SELECT unnest(turns || first_turns) FROM tap_billit_rate_limits"
    return [float(line) for line in server.run(sql).split()]


def test_taps_keep_the_limit_together(tap: Tap, server: postgres.Postgres) -> None:
    taps = [tap(5) for _ in range(3)]
    booked = [ahead(taps[number % 3]) for number in range(12)]
    assert [round(each / WINDOW) for each in booked] == [0] * 5 + [1] * 5 + [2] * 2
    assert most(turns(server), WINDOW - 0.001) == 5


@given(
    limit=st.integers(1, 6),
    steps=st.lists(st.tuples(st.booleans(), st.floats(0, 0.7)), min_size=1, max_size=40),
)
def test_no_window_holds_more_whatever_lanes_ask(
    limit: int, steps: list[tuple[bool, float]], url: str, tap: Tap
) -> None:
    """The clock is moved on by moving what is booked back."""
    key, moved, at = str(random.random()), 0.0, []  # noqa: S311
    taps = {first: tap(limit, first=first, key=key) for first in (True, False)}
    with psycopg.connect(url, autocommit=True) as connection:
        for first, gap in steps:
            at.append(ahead(taps[first]) + moved)
            moved += gap * WINDOW
            connection.execute(
                "UPDATE tap_billit_rate_limits SET booked = booked - %(gap)s, turns = ARRAY("
                "SELECT at - %(gap)s FROM unnest(turns) AS at), first_turns = ARRAY("
                "SELECT at - %(gap)s FROM unnest(first_turns) AS at) WHERE key = %(key)s",
                {"gap": gap * WINDOW, "key": key},
            )
    for each in taps.values():
        each.close()
    assert most(at, WINDOW - 5) <= limit


def test_first_loads_leave_half_however_many_they_book(tap: Tap) -> None:
    first, other = tap(10, first=True), tap(10)
    assert [round(ahead(first) / WINDOW) for _ in range(40)] == [n // 5 for n in range(40)]
    assert [round(ahead(other) / WINDOW) for _ in range(10)] == [0] * 5 + [1] * 5


def test_without_first_loads_the_others_have_all(tap: Tap) -> None:
    other = tap(10)
    assert [round(ahead(other) / WINDOW) for _ in range(20)] == [0] * 10 + [1] * 10


def test_a_429_holds_all_of_the_key_and_nobody_else(tap: Tap) -> None:
    one, two, elsewhere = tap(5), tap(5), tap(5, key="other")
    one.hold(300)
    assert ahead(two) == pytest.approx(300, abs=5)
    assert ahead(elsewhere) == pytest.approx(0, abs=5)
    one.hold(10)
    assert two._held_until() - two.clock() == pytest.approx(300, abs=5)


def test_a_database_clock_that_is_set_back_costs_a_window(
    tap: Tap, server: postgres.Postgres
) -> None:
    limiter = tap(2)
    for _ in range(2):
        ahead(limiter)
    limiter.hold(9000)
    server.run(
        "UPDATE tap_billit_rate_limits SET booked = booked + 9e6, held = held + 9e6, turns = ARRAY("
        "SELECT at + 9e6 FROM unnest(turns) AS at)"
    )
    assert ahead(limiter) == pytest.approx(WINDOW, abs=5)


@pytest.mark.parametrize("time", [0.0, 9e9])
def test_the_clock_of_a_client_does_not_matter(
    time: float, tap: Tap, monkeypatch: pytest.MonkeyPatch
) -> None:
    tap(1)._book()
    monkeypatch.setattr("time.time", lambda: time)
    limiter = tap(1)
    limiter.clock = lambda: time
    assert ahead(limiter) == pytest.approx(WINDOW, abs=5)


def test_an_answer_that_was_long_on_its_way_is_given_up(
    tap: Tap, monkeypatch: pytest.MonkeyPatch, server: postgres.Postgres
) -> None:
    limiter = tap(5)
    late, ask = [2.0, 0.0], limiter._ask
    clock = [0.0]

    def slowly(query: str, **values: object) -> float:
        clock[0] += late.pop(0)
        return ask(query, **values)

    limiter.clock = lambda: clock[0]
    monkeypatch.setattr(limiter, "_ask", slowly)
    limiter.acquire()
    assert not late
    assert len(turns(server)) == 2


def test_a_lost_connection_is_made_again(tap: Tap, server: postgres.Postgres) -> None:
    limiter = tap(5)
    ahead(limiter)
    others = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
    server.run(f"SELECT pg_terminate_backend(pid) {others}")
    ahead(limiter)
    assert len(turns(server)) == 2


def test_the_key_is_the_host_of_the_api_unless_it_is_said(
    url: str, server: postgres.Postgres
) -> None:
    with DemoServer(account()) as demo:
        for store in (url, f"{url}#billing%20team"):
            run = sync(demo, "parties", rate_limit_store=store)
            assert not run.error
    keys = server.run("SELECT key FROM tap_billit_rate_limits ORDER BY key").splitlines()
    assert keys == ["127.0.0.1", "billing team"]
    assert len(turns(server)) == len(demo.requests)


def test_a_first_load_is_in_its_lane_and_what_follows_is_not(
    url: str, server: postgres.Postgres
) -> None:
    with DemoServer(account()) as demo:
        first = sync(demo, "sales_invoices", rate_limit_store=f"{url}#first")
        sync(demo, "sales_invoices", rate_limit_store=f"{url}#later", state=first.state)
    rows = server.rows("SELECT key, cardinality(first_turns) AS first FROM tap_billit_rate_limits")
    counts = {row["key"]: int(row["first"]) for row in rows}
    assert counts["first"] > 0
    assert counts["later"] == 0


def test_to_ask_whether_there_is_anything_is_no_first_load(
    url: str, server: postgres.Postgres
) -> None:
    with empty_demo() as demo:
        sync(demo, "sales_invoices", "orders", rate_limit_store=url)
    assert server.run("SELECT first_turns FROM tap_billit_rate_limits").strip() == "{}"


def test_nor_is_the_question_after_a_first_load(url: str, server: postgres.Postgres) -> None:
    with DemoServer(account(companies=2)) as demo:
        sync(demo, "sales_invoices", rate_limit_store=url)
    (row,) = server.rows("SELECT turns, first_turns FROM tap_billit_rate_limits")
    assert max(map(float, row["turns"])) > min(map(float, row["first_turns"]))


@pytest.mark.parametrize("path", ["/v1/parties", TOKEN])
def test_a_429_of_billit_holds_the_others(
    path: str, url: str, server: postgres.Postgres, tmp_path: Path
) -> None:
    with DemoServer(account()) as demo:
        demo.fail(too_many(1), path=path)
        sync(demo, "parties", rate_limit_store=f"{url}#fleet", **oauth(demo, tmp_path))
    assert server.run("SELECT held > 0 FROM tap_billit_rate_limits").strip() == "t"


def test_a_database_that_is_down_stops_the_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tap_billit.api.rate_limit_postgres.PATIENCE", 0.2)
    with DemoServer(account()) as demo:
        run = sync(
            demo,
            "parties",
            rate_limit_store="postgresql://tap:s3cret@127.0.0.1:9/db#fleet",
        )
        assert not demo.requests
    assert "`rate_limit_store` in postgresql://127.0.0.1:9/db cannot be used" in run.said
    assert "s3cret" not in run.said


@pytest.mark.parametrize(
    "odd",
    [
        "postgresql://u:s3cret@[/db",
        "postgresql://u:s3cret@h/db?s3cret=x",
        "postgresql://%zz:s3cret@h/",
    ],
)
def test_an_odd_url_is_a_sentence_without_its_password(odd: str) -> None:
    with pytest.raises(BillitError, match=r"`rate_limit_store` in .* cannot be used") as caught:
        rate_limiter(5, odd).acquire()
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_user_who_may_make_no_table_is_told_the_sql(url: str, server: postgres.Postgres) -> None:
    server.run("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN")
    limiter = rate_limiter(5, url.replace("postgres@", "reader@"))
    with pytest.raises(BillitError, match="let its owner run `CREATE TABLE IF NOT EXISTS"):
        limiter.acquire()
    server.run(CREATE)
    server.run("GRANT SELECT, INSERT, UPDATE ON tap_billit_rate_limits TO reader")
    limiter.acquire()
    limiter.close()


def test_without_the_extra_it_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tap_billit.api.rate_limit_postgres", None)
    with pytest.raises(BillitError, match=r"pip install 'tap-billit\[postgres\]'"):
        rate_limiter(5, "postgresql://h/db")


def test_who_waits_long_looks_again_before_going(tap: Tap) -> None:
    waiting, other, waits, clock = tap(5), tap(5), list[float](), [0.0]

    def wait(seconds: float) -> bool:
        other.hold(90)
        waits.append(seconds)
        clock[0] += seconds
        return len(waits) == 2

    waiting.clock = lambda: clock[0]
    waiting._over = SimpleNamespace(wait=wait, is_set=lambda: False, set=lambda: None)  # type: ignore[assignment]
    waiting.hold(30)
    with pytest.raises(BillitError, match="The run is over"):
        waiting.acquire()
    assert [round(each / 30) for each in waits] == [1, 3]


def test_processes_on_a_database_that_are_killed_keep_it(url: str) -> None:
    """Longer, and beside the file: `python -m benchmarks.shared_limit`."""
    command = "--processes 12 --limit 10 --window 1 --seconds 3 --kills 6 --store"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "benchmarks.shared_limit", *command.split(), url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_threads_of_one_tap_share_a_connection(tap: Tap, server: postgres.Postgres) -> None:
    limiter = tap(8)
    threads = [threading.Thread(target=limiter.acquire) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(turns(server)) == 8
    limiter.close()
    with pytest.raises(BillitError):
        limiter._book()


def test_many_taps_make_the_table_at_once(tap: Tap, server: postgres.Postgres) -> None:
    taps = [tap(100) for _ in range(12)]
    for number in range(5):
        threads = [threading.Thread(target=each.acquire) for each in taps]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(turns(server)) == 12, number
        server.run("DROP TABLE tap_billit_rate_limits")
