"""The login of a tap: rotation, expiry, and which form of the client Billit takes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo.account import Account
from tap_billit.demo.messages import Reply, Request
from tap_billit.demo.server import DemoServer
from tap_billit.tokens import document, rotation
from tests.kit.demo import ACCOUNT, TOKEN
from tests.kit.login import count_companies, kept, login_to, store_of

if TYPE_CHECKING:
    from pathlib import Path

    from tap_billit.tokens.store import TokenStore


def test_nothing_happens_before_the_first_request(demo: DemoServer, tmp_path: Path) -> None:
    store = store_of(demo, tmp_path / "state" / "tokens.json")
    login_to(demo, store, demo.issue_refresh_token())
    assert not demo.requests
    assert not (tmp_path / "state").exists()


def test_new_tokens_are_kept_before_they_are_used(demo: DemoServer, store: TokenStore) -> None:
    seen = []

    def hook(request: Request) -> None:
        if request.path == ACCOUNT:
            tokens = kept(store)
            seen.append(request.header("Authorization") == f"Bearer {tokens.access_token}")
            assert tokens.refresh_token in demo._refresh

    demo.hooks.append(hook)
    assert count_companies(demo, login_to(demo, store, demo.issue_refresh_token())) == 2
    assert seen == [True]
    assert demo.live_refresh_tokens == 1


def test_a_good_access_token_is_used_by_the_next_run(demo: DemoServer, store: TokenStore) -> None:
    token = demo.issue_refresh_token()
    for _ in range(3):
        count_companies(demo, login_to(demo, store, token))
    assert demo.refreshes == 1


def test_an_early_end_is_mended_in_the_middle_of_a_sync(
    demo: DemoServer, store: TokenStore
) -> None:
    login = login_to(demo, store, demo.issue_refresh_token())
    for _ in range(3):
        count_companies(demo, login)
        demo.expire_access_tokens()
    assert count_companies(demo, login) == 2
    assert demo.refreshes == 4
    assert demo.spent_token_attempts == 0


def test_a_sync_of_many_hours_never_shows_an_expired_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [datetime(2026, 10, 24, 20, tzinfo=timezone.utc)]
    for module in (rotation, document):
        monkeypatch.setattr(module, "now", lambda: clock[0])
    with DemoServer(Account(orders=0, clock=lambda: clock[0])) as demo:
        login = login_to(demo, store_of(demo, tmp_path / "t"), demo.issue_refresh_token())
        for _ in range(240):
            count_companies(demo, login)
            clock[0] += timedelta(minutes=4, seconds=30)
        assert {request.status for request in demo.requests} == {200}
        assert 18 <= demo.refreshes <= 20


@pytest.mark.parametrize("hours", [-30, 30])
def test_a_wrong_clock_costs_at_most_a_refresh(
    hours: int, demo: DemoServer, store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    wrong = datetime.now(tz=timezone.utc) + timedelta(hours=hours)
    for module in (rotation, document):
        monkeypatch.setattr(module, "now", lambda: wrong)
    demo.expire_access_tokens()
    login = login_to(demo, store)
    for _ in range(3):
        assert count_companies(demo, login) == 2
    assert demo.refreshes == 2


def _forms(demo: DemoServer, refuse_basic: int | None = None) -> list[tuple[bool, set[str]]]:
    """How each refresh carries the client."""
    forms: list[tuple[bool, set[str]]] = []

    def hook(request: Request) -> Reply | None:
        if request.path != TOKEN:
            return None
        basic = request.header("Authorization").startswith("Basic ")
        forms.append((basic, set(request.json() or ())))
        return Reply(refuse_basic, {}) if basic and refuse_basic else None

    demo.hooks.append(hook)
    return forms


BASIC = (True, {"grant_type", "refresh_token"})

IN_BODY = (False, {"grant_type", "refresh_token", "client_id", "client_secret"})


def test_the_client_goes_as_basic(demo: DemoServer, store: TokenStore) -> None:
    forms = _forms(demo)
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert forms == [BASIC]


@pytest.mark.parametrize("status", [400, 401])
def test_the_client_goes_in_the_body_where_basic_is_refused(
    status: int, demo: DemoServer, store: TokenStore, tmp_path: Path, monkeypatch: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login from-netrc password from-netrc\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    forms = _forms(demo, refuse_basic=status)
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert forms == [BASIC, IN_BODY]
    assert demo.live_refresh_tokens == 1


@pytest.mark.parametrize("life", [None, "3600", 3600.5, -1, 0, 1e999, "soon", {}])
def test_an_odd_lifetime_does_not_lose_the_tokens(
    life: Any, demo: DemoServer, store: TokenStore
) -> None:
    body = {
        "access_token": demo.issue_access_token(),
        "refresh_token": demo.issue_refresh_token(),
    }
    body |= {"expires_in": life} if life is not None else {}
    demo.fail(Reply(200, body), path=TOKEN)
    assert count_companies(demo, login_to(demo, store, "any")) == 2
    left = kept(store).expires_at - datetime.now(tz=timezone.utc)  # type: ignore[operator]
    assert timedelta(minutes=59) < left < timedelta(minutes=61)


def test_an_answer_without_a_refresh_token_leaves_the_old_one(
    demo: DemoServer, store: TokenStore
) -> None:
    demo.fail(Reply(200, {"access_token": demo.issue_access_token()}), path=TOKEN)
    assert count_companies(demo, login_to(demo, store, "still-good")) == 2
    assert kept(store).refresh_token == "still-good"
