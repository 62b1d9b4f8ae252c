"""The login of a tap: rotation, expiry, refusals, what an API key does, and what nobody sees."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_billit.api.client import BillitClient
from tap_billit.auth import oauth, token_endpoint
from tap_billit.auth.api_key import ApiKeyAuth
from tap_billit.demo.account import Account
from tap_billit.demo.messages import Reply, Request
from tap_billit.demo.server import DemoServer
from tap_billit.errors import ApiError, BillitError, LoginError, TransientError
from tests.kit.demo import ACCOUNT, TOKEN, empty_demo, rotate_then
from tests.kit.login import count_companies, kept, login_to, store_of, token_requests
from tests.kit.sockets import listening

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tap_billit.auth.token_store import TokenStore
    from tests.kit.demo import Waits


@pytest.fixture
def demo() -> Generator[DemoServer, None, None]:
    with empty_demo() as server:
        yield server


@pytest.fixture
def store(demo: DemoServer, tmp_path: Path) -> TokenStore:
    return store_of(demo, tmp_path / "state" / "tokens.json")


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
    for module in (oauth, token_endpoint):
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
    for module in (oauth, token_endpoint):
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


STUMBLES = [Reply(status, b"<html>") for status in (408, 429, 500, 502, 503, 504)]
STUMBLES += [Reply(cut="close"), Reply(cut="reset")]


@pytest.mark.parametrize("reply", STUMBLES, ids=lambda reply: reply.cut or str(reply.status))
def test_a_stumble_is_no_dead_login(
    reply: Reply, demo: DemoServer, store: TokenStore, waits: Waits
) -> None:
    demo.fail(reply, times=3, path=TOKEN)
    assert count_companies(demo, login_to(demo, store, demo.issue_refresh_token())) == 2
    assert len(waits.seconds) == 3
    assert demo.refreshes == demo.live_refresh_tokens == 1
    assert kept(store).spending is None


def test_the_token_endpoint_says_how_long_to_wait(
    demo: DemoServer, store: TokenStore, waits: Waits
) -> None:
    demo.fail(Reply(429, b"", {"Retry-After": "7"}), path=TOKEN)
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert waits.seconds == [7]


def test_a_refused_connection_leaves_the_login_alone(demo: DemoServer, store: TokenStore) -> None:
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    before = kept(store)
    with listening([]) as (closed, _):
        pass
    with pytest.raises(TransientError, match="could not be reached"):
        login_to(demo, store, url=closed)._attempt(before.access_token)
    assert kept(store) == before


@pytest.mark.parametrize(
    "reply",
    [Reply(cut="close"), Reply(504), Reply(200, b"<html>"), Reply(200, {"token_type": "Bearer"})],
    ids=["close", "504", "html", "no token"],
)
def test_a_rotation_whose_answer_was_lost_is_explained(
    reply: Reply, demo: DemoServer, store: TokenStore, waits: Waits
) -> None:
    rotate_then(demo, reply)
    login = login_to(demo, store, demo.issue_refresh_token())
    with pytest.raises(LoginError, match=r"(?s)cut off.*tap-billit-login") as caught:
        count_companies(demo, login)
    assert len(waits.seconds) == 1
    assert f"{datetime.now(tz=timezone.utc):%Y-%m-%d %H:}" in str(caught.value)
    with pytest.raises(LoginError, match="cut off"):
        count_companies(demo, login_to(demo, store))


def test_a_truncated_answer_is_a_lost_one(
    demo: DemoServer, store: TokenStore, waits: Waits
) -> None:
    demo.fail(Reply(cut="short"), path=TOKEN)
    with pytest.raises(LoginError, match="cut off"):
        count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert len(waits.seconds) == 1


def test_logging_in_again_gets_past_a_lost_answer(
    demo: DemoServer, store: TokenStore, waits: Waits
) -> None:
    rotate_then(demo, Reply(cut="close"))
    with pytest.raises(LoginError):
        count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert count_companies(demo, login_to(demo, store, demo.issue_refresh_token())) == 2
    assert kept(store).spending is None
    assert waits.seconds


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_token_request_follows_no_redirect(
    status: int, demo: DemoServer, store: TokenStore
) -> None:
    with listening([]) as (elsewhere, got):
        demo.fail(Reply(status, b"", {"Location": elsewhere}), path=TOKEN)
        with pytest.raises(LoginError, match="api_url"):
            count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert not got
    assert len(token_requests(demo)) == 1


def test_the_bearer_follows_no_redirect(demo: DemoServer, store: TokenStore) -> None:
    with listening([]) as (elsewhere, got):
        demo.fail(Reply(307, b"", {"Location": elsewhere}), path=ACCOUNT)
        with pytest.raises(ApiError):
            count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert not got


def test_a_token_endpoint_that_is_not_there_is_no_dead_login(
    demo: DemoServer, store: TokenStore
) -> None:
    token = demo.issue_refresh_token()
    with pytest.raises(LoginError, match=r"40[45] .*api_url"):
        count_companies(demo, login_to(demo, store, token, url=demo.url + "/nowhere"))
    assert store.load() is None
    assert count_companies(demo, login_to(demo, store, token)) == 2


@pytest.mark.parametrize("url", ["billit.test", "ftp://billit.test", "http://:0:0"])
def test_an_address_that_is_none_is_said_at_once(
    url: str, demo: DemoServer, store: TokenStore, waits: Waits
) -> None:
    with pytest.raises(BillitError, match="api_url"):
        count_companies(demo, login_to(demo, store, demo.issue_refresh_token(), url=url))
    assert not waits.seconds
    assert store.load() is None


def test_without_a_login_the_command_is_named(demo: DemoServer, store: TokenStore) -> None:
    with pytest.raises(
        LoginError, match=r"no login in .* yet: run `tap-billit-login --environment"
    ):
        count_companies(demo, login_to(demo, store))
    assert not demo.requests


def test_a_dead_login_ends_the_run_with_the_command(
    demo: DemoServer, store: TokenStore, waits: Waits
) -> None:
    token = demo.issue_refresh_token()
    count_companies(demo, login_to(demo, store, token))
    before = kept(store)
    demo.expire_access_tokens()
    demo._refresh.clear()
    with pytest.raises(LoginError, match=r"(?s)refused the login in .*run `tap-billit-login"):
        count_companies(demo, login_to(demo, store, token))
    assert kept(store) == before
    assert not waits.seconds


def test_a_wrong_secret_does_not_cost_the_login(demo: DemoServer, store: TokenStore) -> None:
    token = demo.issue_refresh_token()
    with pytest.raises(LoginError, match="client_secret"):
        count_companies(demo, login_to(demo, store, token, secret="wrong"))
    assert count_companies(demo, login_to(demo, store, token)) == 2
    assert demo.live_refresh_tokens == 1


def test_a_store_that_cannot_be_written_costs_no_token(demo: DemoServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = store_of(demo, tmp_path / "file" / "tokens.json")
    with pytest.raises(LoginError, match="cannot be"):
        count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert not demo.requests
    assert demo.live_refresh_tokens == 1


def test_a_write_that_fails_after_the_refresh_is_tried_again(
    demo: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, beside = store_of(demo, tmp_path / "tokens.json"), tmp_path / "tokens.json.new"
    waits: list[float] = []

    def break_disk(request: Request) -> None:
        if request.path == TOKEN:
            beside.unlink()
            beside.mkdir()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            beside.rmdir()

    demo.hooks.append(break_disk)
    monkeypatch.setattr("backoff._sync.time", SimpleNamespace(sleep=wait))
    assert count_companies(demo, login_to(demo, store, demo.issue_refresh_token())) == 2
    assert len(waits) == 3
    assert demo.refreshes == len(token_requests(demo)) == 1
    assert kept(store).refresh_token in demo._refresh


def test_a_newer_login_is_not_overwritten_by_a_late_write(
    demo: DemoServer, store: TokenStore
) -> None:
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    newer = kept(store)
    login = login_to(demo, store)
    login._unsaved = token_endpoint.Tokens(refresh_token="late", access_token="late")
    login._attempt(newer.access_token)
    assert newer.refresh_token in demo._spent
    assert kept(store).refresh_token in demo._refresh


# What the config says against what the store says.


def test_a_new_token_in_the_config_wins(demo: DemoServer, store: TokenStore) -> None:
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    second = demo.issue_refresh_token()
    count_companies(demo, login_to(demo, store, second))
    assert second in demo._spent
    assert demo.refreshes == 2


def test_an_old_token_in_the_config_is_never_sent_again(
    demo: DemoServer, store: TokenStore
) -> None:
    first, second = demo.issue_refresh_token(), demo.issue_refresh_token()
    for token in (first, second, first, second, first):
        demo.expire_access_tokens()
        assert count_companies(demo, login_to(demo, store, token)) == 2
    rotated = next(iter(set(demo._spent) - {first, second}))
    demo.expire_access_tokens()
    assert count_companies(demo, login_to(demo, store, rotated)) == 2
    assert demo.spent_token_attempts == 0


def test_a_token_in_the_config_that_is_refused_gives_way_to_the_store(
    demo: DemoServer, store: TokenStore, caplog: pytest.LogCaptureFixture
) -> None:
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    for _ in range(2):
        assert count_companies(demo, login_to(demo, store, "of-another-machine")) == 2
    assert caplog.text.count("refused the configured `refresh_token`") == 1


def test_a_lost_login_from_the_config_is_explained_not_replaced(
    demo: DemoServer, store: TokenStore, waits: Waits
) -> None:
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    rotate_then(demo, Reply(cut="close"))
    with pytest.raises(LoginError, match="cut off"):
        count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert waits.seconds


# What a 401 means.


def test_the_login_taken_back_is_not_refreshed(demo: DemoServer, store: TokenStore) -> None:
    login = login_to(demo, store, demo.issue_refresh_token())
    count_companies(demo, login)
    demo.revoke()
    with pytest.raises(LoginError, match=r"AccessTokenRevoked.*tap-billit-login"):
        count_companies(demo, login)
    assert len(token_requests(demo)) == 1


def test_somebody_logged_in_again_meanwhile(demo: DemoServer, store: TokenStore) -> None:
    login = login_to(demo, store, demo.issue_refresh_token())
    count_companies(demo, login)
    demo.revoke()
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert count_companies(demo, login) == 2
    assert demo.refreshes == 2


@pytest.mark.parametrize("code", ["ApiKeyNotValid", "GenericError", None])
def test_a_401_about_something_else_costs_no_refresh(
    code: str | None, demo: DemoServer, store: TokenStore
) -> None:
    reply = Reply.error(401, code) if code else Reply(401, b"no")
    demo.fail(reply, times=9, path=ACCOUNT)
    login = login_to(demo, store, demo.issue_refresh_token())
    for _ in range(3):
        with pytest.raises(ApiError) as caught:
            count_companies(demo, login)
        assert caught.value.code == code
    assert demo.refreshes == 1


def test_a_token_that_never_worked_is_not_refreshed_again(
    demo: DemoServer, store: TokenStore
) -> None:
    demo.fail(Reply.error(401, "InvalidAccessToken"), times=9, path=ACCOUNT)
    login = login_to(demo, store, demo.issue_refresh_token())
    for _ in range(3):
        with pytest.raises(ApiError):
            count_companies(demo, login)
    assert demo.refreshes == 1


def test_another_process_has_refreshed_already(demo: DemoServer, store: TokenStore) -> None:
    mine = login_to(demo, store, demo.issue_refresh_token())
    count_companies(demo, mine)
    demo.expire_access_tokens()
    count_companies(demo, login_to(demo, store))
    assert count_companies(demo, mine) == 2
    assert demo.refreshes == 2


def test_without_a_lock_a_refused_token_is_tried_against_the_store_once_more(
    demo: DemoServer,
) -> None:
    place = f"memory://{demo.client_id}/race.json"
    count_companies(demo, login_to(demo, store_of(demo, place), demo.issue_refresh_token()))
    demo.expire_access_tokens()

    def overtake(request: Request) -> None:
        if request.path == TOKEN:
            demo.hooks.remove(overtake)
            body = demo.normal(request).body
            granted = token_endpoint.TokenResponse(body["access_token"], body["refresh_token"])
            tokens = token_endpoint.tokens_from(granted, spent="", known=())
            store_of(demo, place).save(tokens)

    demo.hooks.append(overtake)
    assert count_companies(demo, login_to(demo, store_of(demo, place))) == 2
    assert kept(store_of(demo, place)).refresh_token in demo._refresh
    assert demo.live_refresh_tokens == 1
    assert demo.refreshes == 2


# What Billit may answer.


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


# API key.


def test_an_api_key_goes_as_its_header(demo: DemoServer) -> None:
    login = ApiKeyAuth(f" {demo.api_key}\n")
    client = BillitClient(base_url=demo.url, auth=login, session=requests.Session(), timeout=5)
    assert len(client.get(ACCOUNT).body["Companies"]) == 2
    assert not token_requests(demo)
    assert demo.api_key not in repr(login)


def test_a_wrong_api_key_stops_with_the_code_of_billit(demo: DemoServer) -> None:
    login = ApiKeyAuth("wrong")
    client = BillitClient(base_url=demo.url, auth=login, session=requests.Session(), timeout=5)
    with pytest.raises(ApiError, match="ApiKeyNotValid"):
        client.get(ACCOUNT)
    assert len(demo.requests) == 1


@pytest.mark.parametrize("key", ["", "two\nlines", "späce"])
def test_a_key_that_cannot_be_sent_is_not_shown(key: str) -> None:
    with pytest.raises(BillitError, match="api_key") as caught:
        ApiKeyAuth(key)
    assert not key or key not in str(caught.value)
