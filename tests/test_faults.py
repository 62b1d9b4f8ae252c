"""What happens when Billit stumbles: each row of the error table, over sockets, in whole runs.

What may pass by itself is tried again and costs nothing but time. What does not ends the run with
a sentence, and the next run goes on to the same table.
"""

from __future__ import annotations

import gzip
import re
import shutil
import ssl
import subprocess
from contextlib import ExitStack
from datetime import timedelta
from email.utils import format_datetime
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

import pytest

from tap_billit.api import client, pagination
from tap_billit.demo import DemoServer, Reply, Request
from tap_billit.errors import STATUS_RULES
from tests.kit.demo import ALWAYS, NOW, ORDERS, PARTIES, TOKEN, account, act_after, error, oauth
from tests.kit.run import Run, sync
from tests.kit.sockets import NoServer, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kit.demo import Waits

ROWS = "sales_invoices"
DETAILS = "sales_invoice_details"
PATIENCE = 15 * 60


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(account(), page_size=10) as server:
        yield server


@cache
def run_without_faults(*streams: str, companies: int = 1) -> Run:
    """A run without a fault."""
    with DemoServer(account(companies=companies), page_size=10) as server:
        run = sync(server, *streams)
    assert not run.error
    return run


def retries(run: Run) -> list[str]:
    return [line for line in run.log if "Trying again in" in line]


# What passes by itself


class Stumble(NamedTuple):
    """A reply that is tried again: what the log says, and the waits that it asks for, if any."""

    reply: Reply
    says: str
    asks: float | None = None


def at(seconds: float) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


LATER = "Te veel aanvragen"
GZIP = {"Content-Encoding": "gzip"}
STUMBLES = {
    "408": Stumble(error(408, "Timeout"), "answered 408 to /v1/orders: Timeout"),
    "429": Stumble(error(429, "Busy", LATER), f"answered 429 to /v1/orders: Busy - {LATER}"),
    "429 seconds": Stumble(error(429, "Busy", Retry_After="7"), "429", asks=7),
    "429 date": Stumble(error(429, "Busy", Retry_After=at(42)), "429", asks=42),
    "429 date gone by": Stumble(error(429, "Busy", Retry_After=at(-9)), "429", asks=1),
    "429 zero": Stumble(error(429, "Busy", Retry_After="0"), "429", asks=1),
    "429 nonsense": Stumble(error(429, "Busy", Retry_After="soon"), "429"),
    "429 negative": Stumble(error(429, "Busy", Retry_After="-5"), "429"),
    "500": Stumble(error(500, "GenericError", "Fout"), "500 to /v1/orders: GenericError - Fout"),
    "501": Stumble(Reply(501, b""), "answered 501 to /v1/orders: Not Implemented"),
    "502": Stumble(Reply(502, b"<html>Bad gateway</html>"), "502 to /v1/orders: Bad Gateway"),
    "503": Stumble(error(503, "Maintenance", Retry_After="30"), "503", asks=30),
    "504": Stumble(Reply(504, b""), "answered 504 to /v1/orders: Gateway Timeout"),
    "no answer": Stumble(Reply(cut="close"), "could not be reached at http://127"),
    "reset": Stumble(Reply(cut="reset"), "could not be reached at http://127"),
    "timeout": Stumble(Reply(delay=0.6), "timed out"),
    "truncated": Stumble(Reply(cut="short"), "IncompleteRead"),
    "gzip broken": Stumble(Reply(200, b"no gzip", GZIP), "incorrect header check"),
    "gzip truncated": Stumble(Reply(200, gzip.compress(b'{"Items": []}' * 99)[:40], GZIP), "JSON"),
    "HTML": Stumble(
        Reply(200, b"<html>Onderhoud</html>", {"Content-Type": "text/html; charset=utf-8"}),
        "answered /v1/orders with text/html that is not JSON .* check `environment` and `api_url`",
    ),
    "JSON cut off": Stumble(Reply(200, b'{"Items": [{"Order'), "application/json that is not JSON"),
    "no UTF-8": Stumble(Reply(200, b'{"Items": ["\xff"]}'), "that is not JSON"),
}


@pytest.mark.parametrize("name", STUMBLES)
def test_a_stumble_costs_time_and_nothing_else(name: str, server: DemoServer, waits: Waits) -> None:
    reply, says, asks = STUMBLES[name]
    plain = run_without_faults(ROWS)
    server.fail(reply, path=ORDERS, skip=2, times=2)
    run = sync(server, ROWS, request_timeout=0.3 if name == "timeout" else 60)
    assert not run.error
    assert run.records[ROWS] == plain.records[ROWS]
    assert run.state == plain.state
    assert [bool(re.search(says, line)) for line in retries(run)] == [True, True]
    first, second = waits.seconds
    if asks is None:
        assert 1 <= first <= 2 <= second <= 4
    else:
        assert waits.seconds == [asks, asks]


@pytest.mark.parametrize("name", ["500", "reset", "429 seconds", "HTML"])
def test_a_document_stumbles(name: str, server: DemoServer, waits: Waits) -> None:
    plain = run_without_faults(DETAILS)
    orders = [row["OrderID"] for row in plain.records[DETAILS]]
    for order in orders[3:6]:
        server.fail(STUMBLES[name].reply, path=f"{ORDERS}/{order}", times=1)
    run = sync(server, DETAILS)
    assert not run.error
    assert run.records[DETAILS] == plain.records[DETAILS]
    assert len(waits.seconds) == len(retries(run)) == 3


def test_refused_until_billit_is_back(waits: Waits) -> None:
    with DemoServer(account()) as gone:
        plain = run_without_faults(ROWS)
    with ExitStack() as stack:

        def come_back() -> None:
            if len(waits.seconds) == 3:
                port = int(gone.url.rpartition(":")[2])
                stack.enter_context(DemoServer(gone.account, port=port))

        waits.then = come_back
        run = sync(gone, ROWS)
    assert not run.error
    assert run.records[ROWS] == plain.records[ROWS]
    assert len(retries(run)) == 3
    assert all("refused" in line for line in retries(run))


def test_waits_double_up_to_a_minute_until_patience_ends(server: DemoServer, waits: Waits) -> None:
    plain = run_without_faults(ROWS)
    server.fail(error(503, "Maintenance", "Onderhoud"), path=ORDERS, skip=2, times=ALWAYS)
    run = sync(server, ROWS)
    assert sum(waits.seconds) == pytest.approx(PATIENCE)
    for tries, wait in enumerate(waits.seconds[:-1], start=1):
        assert min(2**tries, 60) / 2 <= wait <= min(2**tries, 60)
    assert len(set(waits.seconds)) == len(waits.seconds) == len(retries(run))
    assert "Gave up after" in run.said
    assert "503 to /v1/orders: Maintenance - Onderhoud (Billit has a problem" in str(run.error)
    check_resumed(server, run, plain)


@pytest.mark.parametrize("asked", ["99999", "9" * 400, at(10**7)])
def test_an_absurd_wait_is_cut_to_the_patience(
    asked: str, server: DemoServer, waits: Waits
) -> None:
    plain = run_without_faults(ROWS)
    server.fail(error(429, "Busy", Retry_After=asked), path=ORDERS, skip=2, times=ALWAYS)
    run = sync(server, ROWS)
    assert waits.seconds == [PATIENCE]
    assert "answered 429" in str(run.error)
    check_resumed(server, run, plain)


@pytest.mark.parametrize("minutes", [0, 0.5])
def test_patience_is_a_setting(minutes: float, server: DemoServer, waits: Waits) -> None:
    server.fail(error(503, "Maintenance"), path=ORDERS, skip=2, times=ALWAYS)
    run = sync(server, ROWS, retry_minutes=minutes)
    assert sum(waits.seconds) == pytest.approx(minutes * 60)
    assert "answered 503" in str(run.error)


@pytest.mark.parametrize("reply", [error(429, "Busy"), error(503, "Maintenance")])
def test_the_token_endpoint_stumbles(
    reply: Reply, server: DemoServer, waits: Waits, tmp_path: Path
) -> None:
    server.fail(reply, path=TOKEN, times=2)
    run = sync(server, ROWS, **oauth(server, tmp_path))
    assert not run.error
    assert len(waits.seconds) == len(retries(run)) == 2


def test_patience_holds_for_the_token_endpoint(
    server: DemoServer, waits: Waits, tmp_path: Path
) -> None:
    server.fail(error(503, "Maintenance"), path=TOKEN, times=ALWAYS)
    run = sync(server, ROWS, retry_minutes=2, **oauth(server, tmp_path))
    assert sum(waits.seconds) == pytest.approx(120)
    assert "token endpoint answered 503" in str(run.error)


# What does not


class Refusal(NamedTuple):
    """A reply that ends the run: what the message says, path and what to check included."""

    reply: Reply
    says: str


LIST = "/v1/orders with JSON that is not a list"
REFUSALS = {
    "400": Refusal(
        error(400, "GenericError", "Could not find a property named 'X'"),
        "400 to /v1/orders: GenericError - Could not find a property named 'X' .*report this",
    ),
    "401 foreign": Refusal(
        error(401, "NotAuthorized", "Geen toegang"),
        "401 to /v1/orders: NotAuthorized - Geen toegang .*login belongs to this environment",
    ),
    "401 key": Refusal(error(401, "ApiKeyNotValid"), "401 to /v1/orders: ApiKeyNotValid .*login"),
    "403": Refusal(
        error(403, "Forbidden", "Geen licentie"),
        "403 to /v1/orders: Forbidden - Geen licentie .*licence includes the API",
    ),
    "404": Refusal(error(404, "NotFound"), "404 to /v1/orders: NotFound .*`api_url`"),
    "409": Refusal(
        error(409, "Idempotent", "Token exists"),
        "409 to /v1/orders: Idempotent - Token exists .*check the settings",
    ),
    "410 without JSON": Refusal(Reply(410, b"gone"), "410 to /v1/orders: Gone"),
    "web framework": Refusal(
        Reply(405, {"Message": "Not supported"}), "405 to /v1/orders: Not supported"
    ),
    "bare code": Refusal(Reply(403, {"Code": "C", "Description": "D"}), "403 to /v1/orders: C - D"),
    "redirect": Refusal(
        Reply(302, b"", {"Location": "https://elsewhere.example/v1/orders"}),
        "302 to /v1/orders: Found .*redirects are not followed",
    ),
    "a list of numbers": Refusal(Reply(200, [1, 2]), LIST),
    "no Items": Refusal(Reply(200, {"Rows": []}), LIST),
    "Items no list": Refusal(Reply(200, {"Items": {"OrderID": 1}}), LIST),
    "a string": Refusal(Reply(200, b'"OK"'), LIST),
    "null": Refusal(Reply(200, b"null"), LIST),
    "no OrderID": Refusal(Reply(200, {"Items": [{"x": 1}]}), "OrderID"),
    "not in order": Refusal(
        Reply(200, {"Items": [{"OrderID": 9**9}, {"OrderID": 9**8}], "NextPageLink": "x"}),
        r"order 43046721 after order 387420489",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_ends_the_run_and_loses_nothing(
    name: str, server: DemoServer, waits: Waits
) -> None:
    reply, says = REFUSALS[name]
    plain = run_without_faults(ROWS)
    server.fail(reply, path=ORDERS, skip=2, times=ALWAYS)
    run = sync(server, ROWS)
    assert re.search(says, str(run.error)), run.said
    assert not waits.seconds
    assert not retries(run)
    check_resumed(server, run, plain)


def check_resumed(server: DemoServer, run: Run, plain: Run, stream: str = ROWS) -> None:
    """The next run completes the table, and does not begin anew."""
    assert 0 < len(run.records[stream]) < len(plain.records[stream])
    server.hooks.clear()
    rest = sync(server, stream, state=run.state)
    assert not rest.error
    assert rest.table(stream, run) == plain.table(stream)
    assert len(rest.records[stream]) < len(plain.records[stream])
    assert rest.state == plain.state


def test_a_refused_company_costs_no_other(waits: Waits) -> None:
    with DemoServer(account(companies=3), page_size=10) as server:
        plain = run_without_faults(ROWS, "sales_credit_notes", companies=3)
        second = server.account.companies[1]["PartyID"]

        def refuse(request: Request) -> Reply | None:
            mine = request.party_id == str(second)
            return error(401, "NotAuthorized", "Geen toegang") if mine else None

        server.hooks.append(refuse)
        run = sync(server, ROWS, "sales_credit_notes")
        asked = [request for request in server.requests if request.party_id == str(second)]
        assert len(asked) == 1
        assert re.search(rf"1 of 3 companies .* {second}: .*NotAuthorized", str(run.error))
        expected = [row for row in plain.records[ROWS] if row["CompanyID"] != second]
        assert run.records[ROWS] == expected
        server.hooks.clear()
        rest = sync(server, ROWS, "sales_credit_notes", state=run.state)
    assert rest.table(ROWS, run) == plain.table(ROWS)
    assert not waits.seconds


def test_a_document_that_was_deleted_meanwhile(server: DemoServer, waits: Waits) -> None:
    plain = run_without_faults(DETAILS)
    first, *others = (row["OrderID"] for row in plain.records[DETAILS])
    gone = others[6:8]  # on the first page, and not among the five that are read at once

    def delete(request: Request) -> None:
        if request.path == f"{ORDERS}/{first}":
            for order in gone:
                server.account.delete(order)
            server.hooks.clear()

    server.hooks.append(delete)
    run = sync(server, DETAILS)
    assert not run.error
    assert run.table(DETAILS).keys() == plain.table(DETAILS).keys() - set(gone)
    assert "2 orders were deleted meanwhile, and skipped" in run.said
    assert not waits.seconds


# 401, with a login that may be renewed


def test_an_expired_token_is_renewed(server: DemoServer, waits: Waits, tmp_path: Path) -> None:
    plain = run_without_faults(ROWS)
    act_after(server, 2, server.expire_access_tokens)
    run = sync(server, ROWS, **oauth(server, tmp_path))
    assert not run.error
    assert run.records[ROWS] == plain.records[ROWS]
    assert [each.status for each in server.requests].count(401) == 1
    assert not waits.seconds


def test_a_token_that_billit_forgot_is_renewed_once(
    server: DemoServer, waits: Waits, tmp_path: Path
) -> None:
    server.fail(error(401, "InvalidAccessToken"), path=ORDERS, skip=2, times=ALWAYS)
    run = sync(server, ROWS, **oauth(server, tmp_path))
    assert "401 to /v1/orders: InvalidAccessToken" in str(run.error)
    assert server.refreshes == 2
    assert not waits.seconds


def test_a_login_that_was_taken_back(server: DemoServer, waits: Waits, tmp_path: Path) -> None:
    plain = run_without_faults(ROWS)
    config = oauth(server, tmp_path)
    act_after(server, 2, server.revoke)
    run = sync(server, ROWS, **config)
    assert re.search(r"AccessTokenRevoked.*`tap-billit-login ", str(run.error))
    assert not waits.seconds
    server.hooks.clear()
    config["refresh_token"] = server.issue_refresh_token()
    rest = sync(server, ROWS, state=run.state, **config)
    assert rest.table(ROWS, run) == plain.table(ROWS)


# Links


def links(server: DemoServer, link: Callable[[Request], str], *, times: int = ALWAYS) -> None:
    """Have each answer to the list of parties carry this NextPageLink."""
    left = [times]

    def hook(request: Request) -> Reply | None:
        if request.path != PARTIES or "$top" in request.query or not left[0]:
            return None
        left[0] -= 1
        body = server.normal(request).body
        return Reply(200, {"Items": body["Items"], "NextPageLink": link(request)})

    server.hooks.append(hook)


def skipping(request: Request) -> str:
    query = request.query | {"$skip": str(int(request.query.get("$skip", 0)) + 10)}
    return f"https://elsewhere.example{PARTIES}?{urlencode(query)}"


def test_a_link_to_another_path_is_not_followed(server: DemoServer, waits: Waits) -> None:
    links(server, lambda _: f"{server.url}/v1/account/ssoToken")
    run = sync(server, "parties")
    assert "leads from /v1/parties to /v1/account/ssoToken: it is not followed" in str(run.error)
    assert not any(request.path.endswith("ssoToken") for request in server.requests)
    assert not waits.seconds


def test_a_link_to_another_host_stays_here(server: DemoServer) -> None:
    plain = run_without_faults("parties")
    links(server, skipping, times=1)
    run = sync(server, "parties")
    assert not run.error
    assert run.table("parties", key="PartyID") == plain.table("parties", key="PartyID")


def test_a_link_that_repeats(server: DemoServer) -> None:
    links(server, lambda _: f"{server.url}{PARTIES}?$skip=10")
    run = sync(server, "parties")
    assert re.search(r"NextPageLink for /v1/parties repeats: \$skip=10", str(run.error))


@pytest.mark.parametrize("pages", [1, 2], ids=["one page", "two in turn"])
def test_the_same_pages_under_ever_new_links(pages: int, server: DemoServer) -> None:
    def hook(request: Request) -> Reply | None:
        if request.path != PARTIES or "$top" in request.query:
            return None
        number = int(request.query.get("$skip", 0)) // 10
        rows = [{"PartyID": number % pages, "LastModified": "2026-01-01T00:00:00"}]
        return Reply(200, {"Items": rows, "NextPageLink": skipping(request)})

    server.hooks.append(hook)
    run = sync(server, "parties")
    assert "the same page of /v1/parties again and again" in str(run.error)
    assert len(server.requests) < 9


@pytest.mark.parametrize(("stream", "path"), [("parties", PARTIES), (ROWS, ORDERS)])
def test_an_empty_page_that_has_a_link_is_passed(
    stream: str, path: str, server: DemoServer
) -> None:
    key = "PartyID" if stream == "parties" else "OrderID"
    plain = run_without_faults(stream)
    empty = [3]

    def hook(request: Request) -> Reply | None:
        if request.path != path or "$top" in request.query or not empty[0]:
            return None
        empty[0] -= 1
        link = f"{server.url}{path}?" + "&".join(
            f"{name}={value}" for name, value in (request.query | {"x": str(empty[0])}).items()
        )
        return Reply(200, {"Items": [], "NextPageLink": link})

    server.hooks.append(hook)
    run = sync(server, stream)
    assert not run.error
    assert not empty[0]
    assert run.table(stream, key=key) == plain.table(stream, key=key)


@pytest.mark.parametrize(("stream", "path"), [("parties", PARTIES), (ROWS, ORDERS)])
def test_empty_pages_without_end(
    stream: str, path: str, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "EMPTY_PAGES", 5)

    def hook(request: Request) -> Reply | None:
        if request.path != path or "$top" in request.query:
            return None
        skip = int(request.query.get("$skip", 0)) + 10
        return Reply(200, {"Items": [], "NextPageLink": f"{server.url}{path}?$skip={skip}"})

    server.hooks.append(hook)
    run = sync(server, stream)
    assert f"links from one empty page of {path} to the next" in str(run.error)
    assert len(server.requests) < 10


# Sockets of other kinds


@pytest.mark.parametrize("status", [200, 500])
def test_a_body_without_end_is_not_read(
    status: int, waits: Waits, monkeypatch: pytest.MonkeyPatch
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
        run = sync(NoServer(), ROWS, api_url=f"http://{address}")
    assert "/v1/account/accountInformation is larger than 4 MiB" in str(run.error)
    assert sent < 50_000_000
    assert not waits.seconds


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
        monkeypatch.setenv("http_proxy", f"http://{address}")
        monkeypatch.setenv("no_proxy", direct)
        url = "http://billit.invalid"
        sync(NoServer(), ROWS, api_url=url, retry_minutes=0)
    asked = f"{url}/v1/account/accountInformation".encode()
    assert asked_for == [asked] * times


def test_tls_that_is_cut_off_is_tried_again(waits: Waits) -> None:
    with serving(lambda connection: connection.close()) as address:
        run = sync(NoServer(), ROWS, api_url=f"https://{address}", retry_minutes=1)
    assert sum(waits.seconds) == pytest.approx(60)
    assert "could not be reached at https://127" in str(run.error)


def test_an_address_that_is_none(waits: Waits) -> None:
    run = sync(NoServer(), ROWS, api_url="http://bil lit:x/")
    assert "is no address that can be asked; check `api_url`" in str(run.error)
    assert not waits.seconds


def test_every_status_of_the_table_is_tested() -> None:
    tested = {int(name[:3]) for name in {**STUMBLES, **REFUSALS} if name[:3].isdecimal()}
    assert STATUS_RULES.keys() <= tested
