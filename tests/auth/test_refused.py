"""What a refusal means: a login that is dead or revoked, a 401 for another reason, an API key."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
import requests

from tap_billit.api.client import BillitClient
from tap_billit.auth.api_key import ApiKeyAuth
from tap_billit.demo.messages import Reply, Request
from tap_billit.errors import ApiError, BillitError, LoginError
from tap_billit.tokens.answer import tokens_in
from tap_billit.tokens.document import Tokens, now
from tests.kit.demo import ACCOUNT, TOKEN
from tests.kit.login import count_companies, kept, login_to, put, store_of, token_requests

if TYPE_CHECKING:
    from tap_billit.demo.server import DemoServer
    from tap_billit.tokens.store import TokenStore
    from tests.kit.demo import Waits


def test_without_a_login_the_command_is_named(demo: DemoServer, store: TokenStore) -> None:
    with pytest.raises(
        LoginError, match=r"no login in .* yet: run `tap-billit-login --environment"
    ):
        count_companies(demo, login_to(demo, store))
    assert not demo.requests


def test_under_meltano_the_command_is_meltanos(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MELTANO_ENVIRONMENT", "production")
    command = r"run `meltano --environment=production invoke tap-billit:login`"
    with pytest.raises(LoginError, match=command):
        count_companies(demo, login_to(demo, store_of(demo, "memory://under-meltano")))


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


@pytest.mark.parametrize(
    ("code", "renewals"),
    [("ApiKeyNotValid", 0), ("GenericError", 1), ("TokenExpired", 1), (None, 1)],
)
def test_a_401_that_no_new_token_mends_is_worth_one(
    code: str | None, renewals: int, demo: DemoServer, store: TokenStore
) -> None:
    reply = Reply.error(401, code) if code else Reply(401, b"no")
    login = login_to(demo, store, demo.issue_refresh_token())
    for _ in range(3):
        demo.hooks.clear()
        assert count_companies(demo, login) == 2
        demo.fail(reply, times=9, path=ACCOUNT)
        with pytest.raises(ApiError) as caught:
            count_companies(demo, login)
        assert caught.value.code == code
    assert demo.refreshes == 1 + renewals


@pytest.mark.parametrize("code", ["accesstokenexpired", "TokenExpired", "Unauthorized"])
def test_a_401_with_a_code_that_nobody_documented_is_mended(
    code: str, demo: DemoServer, store: TokenStore
) -> None:
    login = login_to(demo, store, demo.issue_refresh_token())
    for _ in range(2):  # also a token that has not worked yet
        demo.fail(Reply.error(401, code), path=ACCOUNT)
        assert count_companies(demo, login) == 2
    assert demo.refreshes == 3


def test_a_healthy_token_that_was_overtaken_gives_way(demo: DemoServer, store: TokenStore) -> None:
    mine, others = login_to(demo, store, demo.issue_refresh_token()), login_to(demo, store)
    count_companies(demo, mine)
    late: list[bool] = []

    def overtake(request: Request) -> Reply | None:
        if request.path != ACCOUNT or late:
            return None
        late.append(True)
        others._attempt(kept(store).access_token)
        return Reply.error(401, "InvalidAccessToken")

    demo._lock = contextlib.nullcontext()  # type: ignore[assignment]
    demo.expire_access_tokens()
    demo.hooks.append(overtake)
    assert count_companies(demo, mine) == 2
    assert demo.refreshes == 2


def test_a_login_that_billit_refuses_is_renewed_once(demo: DemoServer, store: TokenStore) -> None:
    demo.fail(Reply.error(401, "InvalidAccessToken"), times=9, path=ACCOUNT)
    login = login_to(demo, store, demo.issue_refresh_token())
    for _ in range(3):
        with pytest.raises(ApiError):
            count_companies(demo, login)
    assert demo.refreshes == 2


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
            raw = json.dumps(body).encode()
            put(store_of(demo, place), tokens_in(raw, Tokens(), since=now()))

    demo.hooks.append(overtake)
    assert count_companies(demo, login_to(demo, store_of(demo, place))) == 2
    assert kept(store_of(demo, place)).refresh_token in demo._refresh
    assert demo.live_refresh_tokens == 1
    assert demo.refreshes == 2


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
