"""A refresh that fails: stumbles, lost answers, redirects, and what cannot be written."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tap_billit.demo.messages import Reply, Request
from tap_billit.errors import ApiError, BillitError, LoginError, TransientError
from tap_billit.tokens.document import Tokens
from tests.kit.demo import ACCOUNT, TOKEN, rotate_then
from tests.kit.login import count_companies, kept, login_to, store_of, token_requests
from tests.kit.sockets import listening

if TYPE_CHECKING:
    from pathlib import Path

    from tap_billit.demo.server import DemoServer
    from tap_billit.tokens.store import TokenStore
    from tests.kit.demo import Waits


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
    monkeypatch.setattr("tap_billit.tokens.rotation.time", SimpleNamespace(sleep=wait))
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
    login._rotation.unsaved = "spent", Tokens(refresh_token="late", access_token="late")
    login._attempt(newer.access_token)
    assert newer.refresh_token in demo._spent
    assert kept(store).refresh_token in demo._refresh
