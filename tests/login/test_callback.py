"""The redirect that `tap-billit-login` catches: of its own login, from its own machine, or none."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests

from tap_billit.auth.callback import Catcher, is_local
from tap_billit.errors import LoginError
from tests.kit.person import failed, free_port

if TYPE_CHECKING:
    from collections.abc import Generator

    from tap_billit.demo.server import DemoServer
    from tests.kit.person import Person

STATE = "our-state"

STRANGERS = {
    "no query": "",
    "an empty query": "?",
    "a query of something else": "?x",
    "another's state": "?code=x&state=y",
    "a code without a state": "?code=x",
    "an error without a state": "?error=access_denied",
    "two states": f"?code=x&state=y&state={STATE}",
    "our state in another place": f"?code=x&State={STATE}",
    "a longer state": f"?code=x&state={STATE}x",
    "bytes": "?code=%ff%00&state=%ff",
    "a very long one": "?code=" + "x" * 30_000,
}


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def catcher(port: int) -> Generator[Catcher, None, None]:
    with Catcher(f"http://localhost:{port}/callback", state=STATE) as catcher:
        yield catcher


def get(port: int, query: str, host: str | None = None) -> int:
    headers = {} if host is None else {"Host": host}
    url = f"http://127.0.0.1:{port}/callback{query}"
    return requests.get(url, headers=headers, timeout=5).status_code


@pytest.mark.parametrize("query", STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_is_answered_and_waited_past(query: str, port: int, catcher: Catcher) -> None:
    assert get(port, query) == 400
    assert catcher.wait(0) is None
    assert get(port, f"?code=c&state={STATE}") == 200
    assert catcher.wait(5) == f"/callback?code=c&state={STATE}"


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:{port}", "127.0.0.1.nip.io:{port}", "[::2]:{port}"),
        *("", "localhost", "localhost:1", "localhost:{port}@evil.example"),
    ],
)
def test_a_name_that_only_points_here_gets_nothing(host: str, port: int, catcher: Catcher) -> None:
    assert get(port, f"?code=c&state={STATE}", host.format(port=port)) == 400
    assert catcher.wait(0) is None


@pytest.mark.parametrize("host", ["localhost:{port}", "LocalHost:{port}", "[::1]:{port}"])
def test_names_of_this_machine(host: str, port: int, catcher: Catcher) -> None:
    assert get(port, f"?error=access_denied&state={STATE}", host.format(port=port)) == 200
    assert catcher.wait(5)


def test_a_request_without_a_host_gets_nothing(port: int, catcher: Catcher) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"GET /callback?code=c&state={STATE} HTTP/1.0\r\n\r\n".encode())
        assert b" 400 " in connection.recv(1000)
    assert catcher.wait(0) is None


@pytest.mark.parametrize("query", ["?code=x&state=y", "?x", "?error=access_denied"])
def test_the_login_survives_whoever_comes_first(
    query: str, demo: DemoServer, person: Person, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    person.config["redirect_uri"] = f"http://localhost:{port}/callback"
    demo.redirect_uris.add(person.config["redirect_uri"])
    statuses: list[int] = []

    def browse(page: str) -> bool:
        statuses.append(get(port, query))
        statuses.append(requests.get(f"{page}&approve=1", timeout=5).status_code)
        return True

    monkeypatch.setattr("webbrowser.open", browse)
    result = person.runs()
    assert result.exit_code == 0, result.output
    assert statuses == [400, 200]


def test_the_page_of_an_answer_that_was_denied(
    demo: DemoServer, person: Person, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    person.config["redirect_uri"] = uri = f"http://localhost:{port}/callback"
    demo.redirect_uris.add(uri)

    def browse(page: str) -> bool:
        requests.get(f"{page}&approve=0", timeout=5)
        return True

    monkeypatch.setattr("webbrowser.open", browse)
    assert "denied" in failed(person.runs())


ODD: list[Any] = ["http://localhost:99999/", "http://[::1/", "http://localhost:8x/cb", 5, ["x"]]


@pytest.mark.parametrize("uri", ODD)
def test_a_redirect_url_that_is_no_address(uri: Any, person: Person) -> None:
    person.config["redirect_uri"] = uri
    assert re.search("is no address|give a text", failed(person.runs()))
    with pytest.raises(LoginError, match="is no address"):
        is_local(uri)


def test_a_redirect_url_with_anything_in_it_is_not_local() -> None:
    assert not is_local("https://localhost:8888/callback")
    assert not is_local(f"http://{quote('é')}.example/callback")
