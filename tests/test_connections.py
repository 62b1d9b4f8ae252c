"""Connections that fail: bodies without end, certificates, proxies, addresses, in whole runs."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import time
from threading import Event
from typing import TYPE_CHECKING

import pytest

from tap_billit.api import client, deadline
from tap_billit.api.session import rate_limited_session, rate_limiter
from tests.kit.comparison import ROWS
from tests.kit.run import sync
from tests.kit.sockets import NoServer, serving

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from tests.kit.demo import Waits


@pytest.mark.parametrize(
    ("status", "error"),
    [(200, "/v1/account/accountInformation is larger than 4 MiB"), (500, "answered 500")],
)
def test_a_body_without_end_is_not_read(
    status: int, error: str, waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LARGEST", 4 << 20)
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 %d OK\r\nContent-Length: 500000000\r\n\r\n" % status)
        for _ in range(500):
            connection.sendall(b" " * 1_000_000)
            sent += 1_000_000

    with serving(flood) as address:
        run = sync(NoServer(), ROWS, api_url=f"http://{address}", retry_minutes=0)
    assert error in str(run.error)
    assert sent < 50_000_000
    assert not waits.seconds


@pytest.mark.parametrize("interim", ["102 Processing", "103 Early Hints", "199 Something"])
def test_what_is_said_before_an_answer_is_passed_over(interim: str) -> None:
    """It is no answer, nor is the answer behind it that of the next question."""

    def speak(connection: socket.socket) -> None:
        connection.settimeout(5)
        while asked := re.match(rb"GET (\S+)", connection.recv(65536)):
            connection.sendall(b"HTTP/1.1 %b\r\nLink: </x>\r\n\r\n" % interim.encode() * 2)
            time.sleep(0.05)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%b" % asked[1])

    session = rate_limited_session(rate_limiter(600), user_agent="test")
    with serving(speak) as address, session:
        for path in ("/1", "/2", "/3"):
            answer = session.get(f"http://{address}{path}", timeout=5)
            assert (answer.status_code, answer.text) == (200, path)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that nobody trusts, and its key."""
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(made)]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    subprocess.run([*command, *name, *files], check=True, capture_output=True)  # noqa: S603
    return made, key


def test_a_certificate_that_cannot_be_trusted(certificate: tuple[Path, Path], waits: Waits) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def shake_hands(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(1)

    with serving(shake_hands) as address:
        run = sync(NoServer(), ROWS, api_url=f"https://{address}")
    assert re.search(
        r"certificate of https://127.* cannot be trusted: .*self.signed.*REQUESTS_CA_BUNDLE",
        str(run.error),
    )
    assert not waits.seconds


def test_a_certificate_that_the_environment_trusts(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    asked_for = []

    def listen(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            asked_for.append(wrapped.recv(65536).split(b" ")[1])

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    with serving(listen) as address:
        sync(NoServer(), ROWS, api_url=f"https://{address}", retry_minutes=0)
    assert asked_for == [b"/v1/account/accountInformation"]


@pytest.mark.parametrize(("direct", "times"), [("", 1), ("billit.invalid", 0)])
def test_a_proxy_that_the_environment_names(
    direct: str,
    times: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked_for = []
    with serving(
        lambda connection: asked_for.append(connection.recv(65536).split(b" ")[1])
    ) as address:
        monkeypatch.setenv("https_proxy", f"http://{address}")
        monkeypatch.setenv("no_proxy", direct)
        url = "https://billit.invalid"
        sync(NoServer(), ROWS, api_url=url, retry_minutes=0)
    asked = b"billit.invalid:443"
    assert asked_for == [asked] * times


def test_tls_that_is_cut_off_is_tried_again(waits: Waits) -> None:
    with serving(lambda connection: connection.close()) as address:
        run = sync(NoServer(), ROWS, api_url=f"https://{address}", retry_minutes=1)
    assert sum(waits.seconds) == pytest.approx(60)
    assert "could not be reached at https://127" in str(run.error)


def test_an_answer_that_trickles_over_tls_has_a_deadline(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "SHORTEST", 0.2)
    monkeypatch.setattr(deadline, "TIMEOUTS", 0)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    sent = 0

    def trickle(connection: socket.socket) -> None:
        nonlocal sent
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(65536)
            wrapped.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while sent < 500:
                Event().wait(0.01)
                wrapped.sendall(b" ")
                sent += 1

    with serving(trickle) as address:
        run = sync(NoServer(), ROWS, api_url=f"https://{address}", retry_minutes=0)
    assert "the answer was not complete after 0 seconds" in str(run.error)
    assert 0 < sent < 500
