"""A login: its token store, and a request that is asked by it."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import requests

from tap_billit.api.client import BillitClient
from tap_billit.auth.oauth import OAuth
from tap_billit.auth.token_endpoint import TokenEndpoint
from tap_billit.tokens.store import open_store
from tests.kit.demo import ACCOUNT, TOKEN

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tap_billit.auth.base import Auth
    from tap_billit.demo import DemoServer, Request
    from tap_billit.tokens.document import Tokens
    from tap_billit.tokens.store import TokenStore


def store_of(demo: DemoServer, place: Path | str) -> TokenStore:
    return open_store(str(place), environment="sandbox", client_id=demo.client_id)


def put(store: TokenStore, tokens: Tokens | None) -> None:
    """Have the store hold these tokens, whatever it held."""
    store.load()
    store.replace(tokens)


def exclusive(store: TokenStore, patience: float = 60) -> AbstractContextManager[None]:
    return store.exclusive(over=Event(), patience=patience)


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
        endpoint=TokenEndpoint(
            (url or demo.url) + TOKEN,
            client_id=demo.client_id,
            client_secret=secret or demo.client_secret,
            session=requests.Session(),
            timeout=5,
        ),
        refresh_token=token,
        store=store,
    )


def count_companies(demo: DemoServer, login: Auth) -> int:
    """One request through the client: how many companies there are."""
    client = BillitClient(base_url=demo.url, auth=login, session=requests.Session(), timeout=5)
    return len(client.get(ACCOUNT).body["Companies"])


def token_requests(demo: DemoServer) -> list[Request]:
    return [request for request in demo.requests if request.path == TOKEN]
