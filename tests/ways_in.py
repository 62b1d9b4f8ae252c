"""What the tests of logging in share: an empty demo account, and a tap's way into it."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import requests

from tap_billit.api.client import BillitClient
from tap_billit.auth.oauth import OAuth
from tap_billit.auth.token_store import open_store
from tap_billit.demo.account import Account
from tap_billit.demo.server import DemoServer

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tap_billit.auth.token_endpoint import Tokens
    from tap_billit.auth.token_store import TokenStore
    from tap_billit.demo.messages import Reply, Request

TOKEN = "/OAuth2/token"
ACCOUNT = "/v1/account/accountInformation"


def empty_demo() -> DemoServer:
    """A demo whose companies have no orders."""
    return DemoServer(Account(orders=0, companies=2))


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


def sync(demo: DemoServer, login: OAuth) -> int:
    """One request through the client: how many companies there are."""
    client = BillitClient(base_url=demo.url, auth=login, session=requests.Session(), timeout=5)
    return len(client.get(ACCOUNT).body["Companies"])


def posts(demo: DemoServer) -> list[Request]:
    return [request for request in demo.requests if request.path == TOKEN]


def rotate_then(demo: DemoServer, reply: Reply, *, times: int = 1) -> None:
    """The token endpoint does its work, but answers this."""
    left = [reply] * times

    def hook(request: Request) -> Reply | None:
        if request.path != TOKEN or not left:
            return None
        demo.normal(request)
        return left.pop()

    demo.hooks.append(hook)


@contextmanager
def listening(answers: list[bytes]) -> Generator[tuple[str, list[bytes]], None, None]:
    """A server that reads requests, answers these bytes, and shows what it was sent."""
    import threading  # noqa: PLC0415

    server = socket.create_server(("127.0.0.1", 0))
    got: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                got.append(connection.recv(65536))
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}", got
    finally:
        server.close()
        if got or not answers:
            thread.join(5)
