"""What cannot be sent ends the run with a sentence that blames the right thing, unquoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_billit.api.client import BillitClient
from tap_billit.api.retry import Patience
from tap_billit.api.session import rate_limited_session, rate_limiter
from tap_billit.auth.api_key import ApiKeyAuth
from tap_billit.auth.token_endpoint import TokenEndpoint
from tap_billit.demo import Account, DemoServer
from tap_billit.errors import BillitError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

HERE = "https://127.0.0.1:1"
"""Nobody listens there."""

PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def ask_api(url: str = HERE, *, key: str = "a-key", user_agent: str = "tests") -> Any:
    session = rate_limited_session(rate_limiter(1000), user_agent=user_agent)
    auth = ApiKeyAuth(key)
    client = BillitClient(base_url=url, auth=auth, session=session, timeout=5, patience=Patience(0))
    return client.get("/v1/orders")


def ask_token(url: str = HERE, *, user_agent: str = "tests") -> Any:
    return TokenEndpoint(
        f"{url}/OAuth2/token",
        client_id="client",
        client_secret="secret",
        session=rate_limited_session(rate_limiter(1000), user_agent=user_agent),
        timeout=5,
    ).refresh("a-token")


def sentence(ask: Callable[[], Any]) -> str:
    """What ends the run, as nothing that may pass by itself."""
    with pytest.raises(BillitError) as caught:
        ask()
    assert not isinstance(caught.value, TransientError)
    return str(caught.value)


ASKS = {"api": ask_api, "token": ask_token}
both = pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)


@both
@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://me:hush@127.0.0.1:1",
        "socks4a://127.0.0.1",
        "http://me:hush@proxy:bad",
        "http://me:hush@proxy:99999",
        "http://",
        "//",
        "ftp://me:hush@proxy:21",
        "http://[::1",
        "not a proxy",
        f"http://{'a' * 70}.be:80",
    ],
)
def test_a_proxy_that_cannot_be_used(
    proxy: str, ask: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_pysocks(*_: object, **__: object) -> None:
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr("requests.adapters.SOCKSProxyManager", without_pysocks)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    said = sentence(ask)
    assert "proxy" in said
    assert "HTTPS_PROXY" in said
    assert "api_url" not in said
    assert "hush" not in said


@both
@pytest.mark.parametrize(
    "url",
    [
        "api.billit.be",
        "ftp://api.billit.be",
        "https://",
        "http://[::1",
        "http://host:99999",
        "http://host:port",
        "http://two words/",
        "http://x..be",
        "http://\ud800.be",
        f"http://{'a' * 70}.be",
    ],
)
def test_an_address_that_cannot_be_asked(url: str, ask: Callable[[str], Any]) -> None:
    assert "check `api_url`" in sentence(lambda: ask(url))


def test_an_address_is_shown_without_its_password() -> None:
    with pytest.raises(TransientError) as caught:
        ask_api("https://me:hush@127.0.0.1:1")
    assert "hush" not in str(caught.value)
    assert "hush" not in sentence(lambda: ask_api("https://me:hush@host:99999"))


@both
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_that_are_not_there(
    variable: str, ask: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "nowhere.pem"))
    said = sentence(ask)
    assert "nowhere.pem" in said
    assert "check `REQUESTS_CA_BUNDLE`" in said


@pytest.fixture
def demo() -> Generator[DemoServer, None, None]:
    with DemoServer(Account(orders=0)) as demo:
        yield demo


AGENTS = ["tap €", "tap\nX-Other: 1", "tap\r", " tap", "\U0001f600", "\udc80"]


@both
@pytest.mark.parametrize("agent", AGENTS)
def test_a_user_agent_that_cannot_be_sent(
    agent: str, ask: Callable[..., Any], demo: DemoServer
) -> None:
    assert "check `user_agent`" in sentence(lambda: ask(demo.url, user_agent=agent))
    assert not demo.requests
