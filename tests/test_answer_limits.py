"""How long an answer may take and how large it may be, from the API and the token endpoint."""

from __future__ import annotations

import gzip
import itertools
import socket
import threading
import tracemalloc
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.api import deadline
from tap_billit.api.body import TooLargeError
from tap_billit.api.client import BillitClient
from tap_billit.api.retry import Patience
from tap_billit.api.session import rate_limited_session, rate_limiter
from tap_billit.auth.api_key import ApiKeyAuth
from tap_billit.auth.token_endpoint import RefusedError, TokenEndpoint
from tap_billit.demo import Account, DemoServer, Reply
from tap_billit.errors import ApiError, TransientError
from tap_billit.tokens.answer import AnswerLostError, tokens_in
from tap_billit.tokens.document import Tokens, now

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    import requests

HEAD = b"HTTP/1.1 200 OK\r\n"
FOR_EVER = 10_000


@contextmanager
def trickling(start: bytes, rest: Iterable[bytes]) -> Generator[str, None, None]:
    """A server that answers `start`, then a part each 10 ms for as long as anybody listens."""
    over = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            try:
                connection.recv(65536)
                connection.sendall(start)
                for part in rest:
                    if over.wait(0.01):
                        return
                    connection.sendall(part)
                over.wait()
            except OSError:
                return

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def ask_api(url: str, session: requests.Session | None = None) -> Any:
    client = BillitClient(
        base_url=url,
        auth=ApiKeyAuth("no-key"),
        session=session or rate_limited_session(rate_limiter(1000), user_agent="tests"),
        timeout=5,
        patience=Patience(0),
    )
    try:
        return client.get("/v1/orders").body
    finally:
        client.close()


def ask_token(url: str) -> Any:
    with rate_limited_session(rate_limiter(1000), user_agent="tests") as session:
        endpoint = TokenEndpoint(
            f"{url}/OAuth2/token",
            client_id="client",
            client_secret="secret",
            session=session,
            timeout=0.3,
        )
        return tokens_in(endpoint.refresh("r-token-before"), Tokens(), since=now())


ASKS = {"api": ask_api, "token": ask_token}

TRICKLES = {
    "a status line": (b"", itertools.repeat(b"H", FOR_EVER)),
    "a header": (HEAD + b"X-Slow: ", itertools.repeat(b"x", FOR_EVER)),
    "headers": (HEAD, [b"X-%d: 1\r\n" % number for number in range(90)]),
    "100 Continue": (b"", itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n", FOR_EVER)),
    "a body": (HEAD + b"Content-Length: 1000000\r\n\r\n", itertools.repeat(b" ", FOR_EVER)),
    "a body without a length": (HEAD + b"\r\n", itertools.repeat(b" ", FOR_EVER)),
    "chunks": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        itertools.repeat(b"1\r\n \r\n", FOR_EVER),
    ),
    "the size of a chunk": (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        itertools.repeat(b"0", FOR_EVER),
    ),
    "gzip": (
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10],
        itertools.repeat(b"\x00\x00\x00\xff\xff", FOR_EVER),
    ),
    "an error": (b"HTTP/1.1 503 Busy\r\n\r\n", itertools.repeat(b" ", FOR_EVER)),
}


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "SHORTEST", 0.2)
    monkeypatch.setattr(deadline, "TIMEOUTS", 0)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("trickle", TRICKLES.values(), ids=TRICKLES)
def test_nothing_that_trickles_holds_a_run(
    trickle: tuple[bytes, Iterable[bytes]], ask: Callable[[str], Any]
) -> None:
    with (
        trickling(*trickle) as url,
        pytest.raises(TransientError, match=r"could not be reached|without a token|answered 503"),
    ):
        ask(url)


@pytest.mark.usefixtures("hurried")
def test_the_sentence_says_what_was_too_slow() -> None:
    with (
        trickling(HEAD + b"\r\n", itertools.repeat(b" ", FOR_EVER)) as url,
        pytest.raises(TransientError, match="the answer was not complete after 0 seconds"),
    ):
        ask_api(url)


@pytest.mark.usefixtures("hurried")
def test_a_proxy_that_trickles_holds_no_run() -> None:
    with trickling(b"", itertools.repeat(b"H", FOR_EVER)) as proxy:
        session = rate_limited_session(rate_limiter(1000), user_agent="tests")
        session.proxies["https"] = proxy
        with pytest.raises(TransientError, match="could not be reached"):
            ask_api("https://billit.example", session)


def test_an_answer_that_is_merely_slow_is_read() -> None:
    parts = [b" " for _ in range(20)]
    with trickling(HEAD + b"Content-Length: 22\r\n\r\n", [*parts, b"{}"]) as url:
        assert ask_api(url) == {}


BOMB = b" " * (64 << 20)
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "gzip, gzip": lambda content: gzip.compress(gzip.compress(content)),
}


@pytest.fixture
def demo() -> Generator[DemoServer, None, None]:
    with DemoServer(Account(orders=0)) as demo:
        yield demo


@contextmanager
def little_memory(mebibytes: int) -> Generator[None, None, None]:
    tracemalloc.start()
    try:
        yield
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < mebibytes << 20


@pytest.mark.parametrize("encoding", PACKED)
def test_an_answer_is_counted_unpacked(
    encoding: str, demo: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_billit.api.client.LARGEST", 1 << 20)
    demo.fail(Reply(200, PACKED[encoding](BOMB), {"Content-Encoding": encoding}))
    with little_memory(8), pytest.raises(TooLargeError, match="is larger than 1 MiB"):
        ask_api(demo.url)


@pytest.mark.parametrize("encoding", PACKED)
def test_a_token_answer_is_small_unpacked(encoding: str, demo: DemoServer) -> None:
    reply = Reply(200, PACKED[encoding](BOMB), {"Content-Encoding": encoding})
    demo.fail(reply, path="/OAuth2/token")
    with little_memory(8), pytest.raises(AnswerLostError, match="without a token"):
        ask_token(demo.url)


def test_a_token_answer_without_end(demo: DemoServer) -> None:
    demo.fail(Reply(200, BOMB), path="/OAuth2/token")
    with pytest.raises(AnswerLostError, match="without a token"):
        ask_token(demo.url)


@pytest.mark.parametrize("encoding", PACKED)
def test_what_is_packed_is_read(encoding: str, demo: DemoServer) -> None:
    packed = PACKED[encoding](b'{"Items": [1]}' + b" " * 100_000)
    demo.fail(Reply(200, packed, {"Content-Encoding": encoding}))
    assert ask_api(demo.url) == {"Items": [1]}


def test_a_large_error_is_what_its_status_says(demo: DemoServer) -> None:
    demo.fail(Reply(503, BOMB))
    with little_memory(80), pytest.raises(TransientError, match="answered 503"):
        ask_api(demo.url)
    demo.fail(Reply(403, BOMB))
    with pytest.raises(ApiError, match="answered 403"):
        ask_api(demo.url)


def test_a_large_refusal_is_one(demo: DemoServer) -> None:
    demo.fail(Reply(400, b'{"error": "invalid_grant"}' + BOMB), path="/OAuth2/token")
    with pytest.raises(RefusedError) as caught:
        ask_token(demo.url)
    assert caught.value.names_grant


NESTED = {"lists": b"[" * 200_000, "objects": b'{"a":' * 200_000}


@pytest.mark.parametrize("body", NESTED.values(), ids=NESTED)
def test_json_nested_too_deep_is_none(body: bytes, demo: DemoServer) -> None:
    demo.fail(Reply(200, body))
    with pytest.raises(TransientError, match="is not JSON"):
        ask_api(demo.url)
    demo.fail(Reply(400, body))
    with pytest.raises(ApiError, match="answered 400"):
        ask_api(demo.url)
    demo.fail(Reply(200, body[:60_000]), path="/OAuth2/token")
    with pytest.raises(AnswerLostError, match="without a token"):
        ask_token(demo.url)
