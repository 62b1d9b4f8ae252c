"""Stores without a lock: whose note keeps whom out, for how long, and whose answer counts."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from msgspec.structs import replace
from typing_extensions import override

from tap_billit.api.session import rate_limited_session, rate_limiter
from tap_billit.demo.messages import Reply, Request
from tap_billit.errors import LoginError, TransientError
from tap_billit.storage.base import ChangedError
from tap_billit.storage.memory import InMemory
from tap_billit.tokens import lease
from tap_billit.tokens.document import PendingRefresh, now
from tests.kit.demo import TOKEN, rotate_then
from tests.kit.login import count_companies, kept, login_to, put, store_of, token_requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_billit.auth.oauth import OAuth
    from tap_billit.demo.server import DemoServer
    from tap_billit.tokens.document import Tokens
    from tap_billit.tokens.store import TokenStore
    from tests.kit.demo import Waits

LEASE = 30.0
"""Seconds: two times what a request of the tests' logins takes at most."""


class Shared(InMemory):
    """A store that others reach; something may happen after a write."""

    lease = 2.0
    after: ClassVar[list[Callable[[], object]]] = []

    @override
    def _swap(self, old: bytes | None, new: bytes | None) -> None:
        super()._swap(old, new)
        if self.after:
            self.after.pop(0)()


class Time:
    """The time of the leases, and of those who wait: nobody really waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waited = 0.0
        self.then: Callable[[], object] = lambda: None

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        self.waited += seconds
        self.then()
        return False


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(lease, "since_start", lambda: time.now)
    return time


@pytest.fixture
def store(demo: DemoServer, monkeypatch: pytest.MonkeyPatch) -> TokenStore:
    """A store with a login whose access token has just expired."""
    monkeypatch.setattr("tap_billit.storage.InMemory", Shared)
    monkeypatch.setattr(Shared, "after", [])
    store = store_of(demo, f"memory://{demo.url}/shared.json")
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    demo.expire_access_tokens()
    return store


@pytest.fixture
def another(demo: DemoServer, store: TokenStore, time: Time) -> Callable[[], OAuth]:
    """Another process on the same store, which waits on the clock of the test."""

    def process() -> OAuth:
        login = login_to(demo, store_of(demo, store.place))
        login.over = SimpleNamespace(is_set=lambda: False, wait=time.wait)  # type: ignore[assignment]
        return login

    return process


def attempt(login: OAuth) -> Tokens:
    """One try to get an access token that works."""
    there = login.store.load()
    return login._attempt(there.access_token if there else None)


def no_answer() -> None:
    """What the store says once it has written."""
    raise TransientError("The store did not answer.")


def dies(demo: DemoServer, login: OAuth, *, rotated: bool) -> None:
    """A process that leaves its note behind."""
    if rotated:
        rotate_then(demo, Reply(cut="close"))
    else:
        demo.fail(Reply(cut="close"), path=TOKEN)
    with pytest.raises(TransientError):
        attempt(login)


def is_lost(demo: DemoServer, another: Callable[[], OAuth]) -> None:
    """A login that is noted as lost, and none at Billit."""
    dies(demo, another(), rotated=True)
    with pytest.raises(LoginError, match="cut off"):
        attempt(another())
    demo._refresh.clear()


def test_a_note_keeps_others_out_for_its_lease(
    demo: DemoServer,
    store: TokenStore,
    another: Any,
    time: Time,
    caplog: pytest.LogCaptureFixture,
) -> None:
    dies(demo, another(), rotated=False)
    note = kept(store).spending
    assert note
    assert note.lease == LEASE
    sent = len(token_requests(demo))
    attempt(another())
    assert LEASE <= time.waited < LEASE + 2
    assert caplog.text.count("waiting 30 seconds for it at most") == 1
    assert len(token_requests(demo)) == sent + 1
    assert kept(store).spending is None
    assert demo.live_refresh_tokens == 1


def test_who_waits_takes_what_the_other_is_given(
    demo: DemoServer, store: TokenStore, another: Any, time: Time
) -> None:
    dies(demo, holder := another(), rotated=False)
    waiter = another()
    expired = kept(store).access_token

    def go_on() -> None:
        time.then = lambda: None
        holder._attempt(expired)

    time.then = go_on
    tokens = waiter._attempt(expired)
    assert tokens == kept(store)
    assert time.waited < 2, "its own note is nobody's to wait for"
    assert demo.refreshes == 2
    assert demo.live_refresh_tokens == 1


def test_a_note_that_changes_is_waited_for_anew(demo: DemoServer, another: Any, time: Time) -> None:
    dies(demo, holder := another(), rotated=False)
    waiter = another()

    def try_again() -> None:
        if time.waited > LEASE / 2:
            time.then = lambda: None
            dies(demo, holder, rotated=False)

    time.then = try_again
    attempt(waiter)
    assert time.waited > LEASE * 1.5


def test_nothing_is_sent_when_a_third_of_the_lease_is_gone(
    demo: DemoServer, store: TokenStore, another: Any, time: Time
) -> None:
    before, sent = kept(store), len(token_requests(demo))
    Shared.after.append(lambda: time.wait(LEASE / 3 + 1))
    with pytest.raises(TransientError, match="too long ago"):
        attempt(another())
    assert len(token_requests(demo)) == sent
    assert kept(store) == before


def test_a_note_whose_answer_was_lost_is_the_own_one(
    demo: DemoServer, another: Any, time: Time, waits: Waits
) -> None:
    Shared.after.append(no_answer)
    assert count_companies(demo, another()) == 2
    assert not time.waited
    assert len(waits.seconds) == 1
    assert demo.refreshes == 2


def test_the_answer_wins_over_the_note_of_a_taker(
    demo: DemoServer, store: TokenStore, another: Any, time: Time
) -> None:
    """The holder was stopped for longer than its lease, with the answer on its way."""
    holder, taker = another(), another()
    before = kept(store)

    def take_over(request: Request) -> Reply | None:
        if request.path != TOKEN:
            return None
        demo.hooks.remove(take_over)
        reply = demo.normal(request)
        demo.fail(Reply(cut="close"), path=TOKEN)
        with pytest.raises(TransientError):
            taker._attempt(before.access_token)
        return reply

    demo.hooks.append(take_over)
    demo._lock = nullcontext()  # type: ignore[assignment]
    tokens = attempt(holder)
    assert time.waited > LEASE
    assert kept(store).refresh_token == tokens.refresh_token
    assert tokens.refresh_token in demo._refresh


def test_the_answer_wins_over_a_login_that_has_only_begun(
    demo: DemoServer, store: TokenStore, another: Any
) -> None:
    """Its code may be refused yet, and then nothing else would be left."""

    def begin(request: Request) -> None:
        if request.path == TOKEN:
            code = PendingRefresh(token="of a code", since=now())
            put(store, replace(kept(store), spending=code))

    demo.hooks.append(begin)
    assert attempt(another()).refresh_token == kept(store).refresh_token
    assert kept(store).refresh_token in demo._refresh


def test_who_takes_over_and_is_refused_waits_once_more(
    demo: DemoServer, store: TokenStore, another: Any, time: Time
) -> None:
    dies(demo, another(), rotated=True)
    late = replace(
        kept(store),
        refresh_token=next(iter(demo._refresh)),
        access_token=demo.issue_access_token(),
        renew_at=now() + timedelta(hours=1),
        spending=None,
    )

    def deliver() -> None:
        if time.waited > LEASE * 1.5:
            time.then = lambda: None
            put(store, late)

    time.then = deliver
    assert attempt(another()).refresh_token == late.refresh_token
    assert demo.spent_token_attempts == 1
    assert demo.live_refresh_tokens == 1


def test_a_lost_login_is_noted_and_its_token_not_sent_again(
    demo: DemoServer, store: TokenStore, another: Any, time: Time
) -> None:
    dies(demo, another(), rotated=True)
    for _ in range(3):
        with pytest.raises(LoginError, match="cut off before Billit's answer was kept"):
            attempt(another())
    assert 2 * LEASE <= time.waited < 2 * LEASE + 3
    assert demo.spent_token_attempts == 1
    note = kept(store).spending
    assert note
    assert note.refused


def test_a_new_configured_token_mends_a_lost_login(
    demo: DemoServer, store: TokenStore, another: Any
) -> None:
    is_lost(demo, another)
    assert count_companies(demo, login_to(demo, store, demo.issue_refresh_token())) == 2
    assert kept(store).spending is None


def test_a_new_token_that_was_only_noted_is_spent_by_the_next(
    demo: DemoServer, store: TokenStore, another: Any
) -> None:
    is_lost(demo, another)
    Shared.after.append(no_answer)
    with pytest.raises(TransientError):
        attempt(login_to(demo, store, demo.issue_refresh_token()))
    tokens = attempt(another())
    assert tokens.refresh_token in demo._refresh
    assert demo.spent_token_attempts == 1, "the lost one is not tried again"


def test_what_changed_before_the_note_is_not_overwritten(
    demo: DemoServer, store: TokenStore, another: Any
) -> None:
    login = another()
    recover = login._rotation.recover

    def overtaken(over: Any) -> Tokens | None:
        found: Tokens | None = recover(over)
        attempt(another())
        return found

    login._rotation.recover = overtaken
    with pytest.raises(ChangedError):
        attempt(login)
    assert demo.refreshes == 2
    assert demo.spent_token_attempts == 0
    assert kept(store).refresh_token in demo._refresh


def test_the_turn_comes_before_the_note(demo: DemoServer, store: TokenStore, another: Any) -> None:
    login = another()
    login.endpoint.session = session = rate_limited_session(rate_limiter(1), user_agent="tests")
    limiter = session.get_adapter(demo.url)._limiter  # type: ignore[attr-defined]
    notes = []
    acquire = limiter.acquire

    def watched() -> None:
        notes.append(kept(store).spending)
        acquire()

    limiter.acquire = watched
    attempt(login)
    assert notes == [None], "one turn, and it is the request's"
