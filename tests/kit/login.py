"""A login: its token store, and a request that is asked by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from tap_billit.api.client import BillitClient
from tap_billit.auth.oauth import OAuth
from tap_billit.auth.token_store import open_store
from tests.kit.demo import ACCOUNT, TOKEN

if TYPE_CHECKING:
    from pathlib import Path

    from tap_billit.auth.base import Auth
    from tap_billit.auth.token_endpoint import Tokens
    from tap_billit.auth.token_store import TokenStore
    from tap_billit.demo import DemoServer, Request


def store_of(demo: DemoServer, place: Path | str) -> TokenStore:
    return open_store(str(place), environment="sandbox", client_id=demo.client_id)


def kept(store: TokenStore) -> Tokens:
    tokens = store.load()
    assert tokens is not None
    return tokens


def login_to(
    demo: DemoServer,
    store: TokenStore,
    token: str | None = None,
    *,
    secret: str | None = None,
    url: str | None = None,
) -> OAuth:
    return OAuth(
        token_url=(url or demo.url) + TOKEN,
        client_id=demo.client_id,
        client_secret=secret or demo.client_secret,
        refresh_token=token,
        store=store,
        session=requests.Session(),
        timeout=5,
    )


def count_companies(demo: DemoServer, login: Auth) -> int:
    """One request through the client: how many companies there are."""
    client = BillitClient(base_url=demo.url, auth=login, session=requests.Session(), timeout=5)
    return len(client.get(ACCOUNT).body["Companies"])


def token_requests(demo: DemoServer) -> list[Request]:
    return [request for request in demo.requests if request.path == TOKEN]
