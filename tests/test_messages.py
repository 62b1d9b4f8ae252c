"""What Billit says in a message of ours: short, on one line, without what we had sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_billit.api.client import BillitClient
from tap_billit.api.retry import Patience
from tap_billit.auth.api_key import ApiKeyAuth
from tap_billit.demo import Reply
from tap_billit.errors import BillitError
from tests.kit.demo import ACCOUNT, empty_demo
from tests.kit.login import login_to, store_of

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tap_billit.auth.base import Auth
    from tap_billit.demo import DemoServer, Request


@pytest.fixture
def demo() -> Generator[DemoServer, None, None]:
    with empty_demo() as server:
        yield server


def said(demo: DemoServer, auth: Auth, status: int, description: Any) -> str:
    def echo(request: Request) -> Reply | None:
        if request.path != ACCOUNT:
            return None
        sent = request.header("Authorization") or request.header("ApiKey")
        return Reply.error(status, "Odd", description(sent))

    demo.hooks.append(echo)
    client = BillitClient(
        base_url=demo.url, auth=auth, session=requests.Session(), timeout=5, patience=Patience(0)
    )
    with pytest.raises(BillitError) as caught:
        client.get(ACCOUNT)
    return str(caught.value)


@pytest.mark.parametrize("status", [400, 403, 503])
@pytest.mark.parametrize("case", [str, str.upper])
def test_our_token_and_key_are_hidden(
    status: int, case: Any, demo: DemoServer, tmp_path: Path
) -> None:
    login = login_to(demo, store_of(demo, tmp_path / "t.json"), demo.issue_refresh_token())
    for auth in (ApiKeyAuth(demo.api_key), login):
        message = said(demo, auth, status, lambda sent: f"what is {case(sent)} for?")
        demo.hooks.clear()
        assert "<hidden>" in message
        for secret in (demo.api_key, *demo._access):
            assert secret.lower() not in message.lower()


def test_a_message_has_a_decent_length(demo: DemoServer) -> None:
    message = said(demo, ApiKeyAuth(demo.api_key), 403, lambda _: "x" * 100_000)
    assert len(message) < 500
    assert "…" in message


def test_a_message_has_one_line(demo: DemoServer) -> None:
    message = said(demo, ApiKeyAuth(demo.api_key), 403, lambda _: "a\r\nERROR b\x1b[2J\u2028é")
    assert r"a\r\nERROR b\x1b[2J\u2028é" in message
