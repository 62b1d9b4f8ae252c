"""The command `tap-billit-login`, from the first prompt to the list of companies."""

from __future__ import annotations

import json
import os
import re
import select
import socket
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from click.testing import CliRunner, Result

from tap_billit.auth import login
from tap_billit.auth.token_store import open_store
from tap_billit.demo.account import Account
from tap_billit.demo.messages import Reply, Request
from tap_billit.demo.server import DemoServer
from tap_billit.tap import TapBillit
from tests.kit.demo import ACCOUNT, TOKEN, rotate_then
from tests.kit.login import count_companies, kept, login_to

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tap_billit.auth.token_store import TokenStore

ELSEWHERE = "https://example.com/billit"


class Person:
    """Sits at the terminal: opens the page in a browser and pastes where it ends up."""

    def __init__(self, demo: DemoServer, tmp_path: Path) -> None:
        self.demo = demo
        self.config: dict[str, Any] = {
            "api_url": demo.url,
            "client_id": demo.client_id,
            "client_secret": demo.client_secret,
            "redirect_uri": ELSEWHERE,
            "token_store": str(tmp_path / "state" / "tokens.json"),
        }
        self.file = tmp_path / "config.json"
        self.decision = "1"
        self.pages: list[str] = []
        self.address = ""
        self.pastes: Callable[[str], list[str]] = lambda address: [address]

    @property
    def store(self) -> TokenStore:
        return open_store(
            self.config["token_store"],
            environment="production",
            client_id=self.demo.client_id,
            api_url=self.demo.url,
        )

    def browses(self, page: str) -> bool:
        """What the browser does with the page."""
        self.pages.append(page)
        url = f"{page}&approve={self.decision}"
        answer = requests.get(url, timeout=5, allow_redirects=False)
        self.address = answer.headers["Location"]
        return True

    def runs(self, *arguments: str) -> Result:
        self.file.write_text(json.dumps(self.config))
        command = ["--config", str(self.file), *arguments]
        return CliRunner().invoke(login.main, command, input=_Typed(self))  # type: ignore[arg-type]


class _Typed(BytesIO):
    """A keyboard: what is typed depends on what the browser shows by then."""

    def __init__(self, person: Person) -> None:
        super().__init__()
        self._person = person
        self._lines: list[str] | None = None

    def read1(self, size: int | None = -1) -> bytes:
        del size
        if self._lines is None:
            self._lines = self._person.pastes(self._person.address)
        return (self._lines.pop(0) + "\n").encode() if self._lines else b""


@pytest.fixture
def clock() -> list[datetime]:
    return [datetime(2026, 10, 1, 12, tzinfo=timezone.utc)]


@pytest.fixture
def demo(clock: list[datetime]) -> Generator[DemoServer, None, None]:
    with DemoServer(Account(orders=0, companies=2, clock=lambda: clock[0])) as server:
        yield server


@pytest.fixture
def person(demo: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    for name in [name for name in os.environ if name.startswith("TAP_BILLIT_")]:
        monkeypatch.delenv(name)
    person = Person(demo, tmp_path)
    monkeypatch.setattr("webbrowser.open", person.browses)
    return person


def failed(result: Result) -> str:
    """What a failed command says, once it is sure to have failed as it should."""
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    return result.output.rpartition("Error: ")[2]


def test_a_login_is_kept_and_lists_its_companies(demo: DemoServer, person: Person) -> None:
    demo.account.companies[1]["APIAllowed"] = False
    result = person.runs()
    assert result.exit_code == 0, result.output
    first, second = demo.account.companies
    assert re.search(rf"{first['PartyID']} .*{first['VATNumber']} +allowed\n", result.output)
    assert re.search(rf"{second['PartyID']} .*{second['VATNumber']} +not allowed\n", result.output)
    assert f'"company_ids": [{first["PartyID"]}]\n' in result.output
    assert person.config["token_store"] in result.output
    assert count_companies(demo, login_to(demo, person.store)) == 2
    assert demo.live_refresh_tokens == 1


def test_nothing_secret_is_printed(demo: DemoServer, person: Person) -> None:
    output = person.runs().output
    tokens = kept(person.store)
    for secret in (demo.client_secret, tokens.refresh_token, tokens.access_token):
        assert secret
        assert secret not in output


def test_the_page_gets_what_billit_documents_and_no_more(person: Person) -> None:
    person.runs()
    (page,) = person.pages
    assert page.startswith(f"{person.demo.url}/Account/Logon?")
    assert set(re.findall(r"[?&](\w+)=", page)) == {"client_id", "redirect_uri", "state"}


def test_the_code_is_exchanged_with_the_client_in_the_body(
    demo: DemoServer, person: Person
) -> None:
    seen = []

    def hook(request: Request) -> None:
        if request.path == TOKEN:
            seen.append((request.header("Authorization"), set(request.json() or ())))

    demo.hooks.append(hook)
    person.runs()
    fields = {"grant_type", "code", "client_id", "client_secret", "redirect_uri"}
    assert seen == [("", fields)]


def test_an_option_beats_the_environment_which_beats_the_config(
    demo: DemoServer, person: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.config |= {"client_secret": "wrong", "token_store": str(tmp_path / "wrong")}
    monkeypatch.setenv("TAP_BILLIT_CLIENT_SECRET", demo.client_secret)
    monkeypatch.setenv("TAP_BILLIT_TOKEN_STORE", str(tmp_path / "worse"))
    result = person.runs("--token-store", str(tmp_path / "right"))
    assert result.exit_code == 0, result.output
    assert (tmp_path / "right").exists()


def test_a_local_redirect_is_caught(demo: DemoServer, person: Person, monkeypatch: Any) -> None:
    port = free_port()
    person.config["redirect_uri"] = f"http://localhost:{port}/callback"
    demo.redirect_uris.add(person.config["redirect_uri"])
    pages: list[requests.Response] = []

    def browse(page: str) -> bool:
        # Browsers ask for more than they were sent to.
        for extra in ("/favicon.ico", "/callback"):
            url = f"http://127.0.0.1:{port}{extra}"
            pages.append(requests.get(url, timeout=5))
        pages.append(requests.get(f"{page}&approve=1", timeout=5))
        return True

    monkeypatch.setattr("webbrowser.open", browse)
    result = person.runs()
    assert result.exit_code == 0, result.output
    assert [page.status_code for page in pages] == [404, 404, 200]
    assert "go back to the terminal" in pages[-1].text
    assert "Paste" not in result.output


def test_a_port_that_is_taken_means_pasting(demo: DemoServer, person: Person) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        person.config["redirect_uri"] = f"http://localhost:{taken.getsockname()[1]}/callback"
        demo.redirect_uris.add(person.config["redirect_uri"])
        result = person.runs()
    assert result.exit_code == 0, result.output
    assert "cannot listen" in result.output


def test_a_browser_that_does_not_come_back(
    demo: DemoServer, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.config["redirect_uri"] = f"http://localhost:{free_port()}/callback"
    demo.redirect_uris.add(person.config["redirect_uri"])
    monkeypatch.setattr(login, "CODE_LIFE", 0.01)
    assert "did not come back" in failed(person.runs())


def test_a_machine_without_a_browser(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(page: str) -> bool:
        person.browses(page)  # on another machine
        raise __import__("webbrowser").Error("none")

    monkeypatch.setattr("webbrowser.open", none)
    result = person.runs()
    assert result.exit_code == 0, result.output
    assert "another machine" in result.output


def test_denied(person: Person) -> None:
    person.decision = "0"
    assert "denied" in failed(person.runs())


def test_refused_otherwise(person: Person) -> None:
    person.pastes = lambda address: [re.sub("code=[^&]+", "error=server_error", address)]
    assert "'server_error'" in failed(person.runs())


def test_expired(clock: list[datetime], person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.0, 11 * 60.0])
    monkeypatch.setattr(login, "monotonic", lambda: next(seconds))

    def late(address: str) -> list[str]:
        clock[0] += timedelta(minutes=11)
        return [address]

    person.pastes = late
    assert "expired: codes last ten minutes, and the page was opened 11 minutes ago" in failed(
        person.runs()
    )


def test_reused(person: Person) -> None:
    person.runs()
    used = person.address
    person.pastes = lambda _: [used]
    assert "was used before" in failed(person.runs())
    assert count_companies(person.demo, login_to(person.demo, person.store)) == 2


def test_of_another_login(person: Person) -> None:
    person.pastes = lambda address: [re.sub("state=.*", "state=other", address)]
    assert "belongs to another login" in failed(person.runs())
    person.pastes = lambda address: [re.sub("&state=.*", "", address)]
    assert "belongs to another login" in failed(person.runs())


def test_mistyped(person: Person) -> None:
    person.pastes = lambda address: [address.replace("code=", "code=x")]
    assert "mistyped or cut off" in failed(person.runs())
    assert person.store.load() is None


def test_pasted_something_else_first(person: Person) -> None:
    person.pastes = lambda address: ["http://example.com", "what?", f"  {address} "]
    result = person.runs()
    assert result.exit_code == 0, result.output
    assert result.output.count("There is no code in that") == 2


def test_pasted_nothing_at_all(person: Person) -> None:
    person.pastes = lambda _: []
    assert "Aborted" in failed(person.runs())


def test_a_plus_in_a_code_stays_one() -> None:
    address = "https://example.com/billit?code=a+b%2Bc&state=s"
    assert login.code_in(address, state="s", known=()) == "a+b+c"


def test_a_wrong_secret(person: Person) -> None:
    person.config["client_secret"] = "wrong"
    assert "client ID with this client secret" in failed(person.runs())


def test_an_answer_that_was_lost(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoff._sync.time", SimpleNamespace(sleep=lambda _: None))
    rotate_then(person.demo, Reply(cut="close"))
    assert "whose answer did not arrive" in failed(person.runs())


def test_an_answer_without_a_refresh_token(person: Person) -> None:
    body = {"access_token": person.demo.issue_access_token()}
    person.demo.fail(Reply(200, body), path=TOKEN)
    assert "no refresh token" in failed(person.runs())
    assert person.store.load() is None


def test_a_damaged_store_is_found_before_the_login(person: Person, tmp_path: Path) -> None:
    place = tmp_path / "tokens.json"
    place.write_text("{")
    person.config["token_store"] = str(place)
    assert str(place) in failed(person.runs())
    assert not person.pages
    assert place.read_text() == "{"


def test_companies_that_cannot_be_listed_do_not_cost_the_login(person: Person) -> None:
    person.demo.fail(Reply.error(403, "NoLicence"), path=ACCOUNT)
    result = person.runs()
    assert "NoLicence" in failed(result)
    assert "Logged in" in result.output
    assert person.store.load() is not None


def test_a_login_without_companies(person: Person) -> None:
    person.demo.account.companies.clear()
    assert "no company" in failed(person.runs())


def test_a_login_wins_over_the_old_token_in_the_config(demo: DemoServer, person: Person) -> None:
    person.config["refresh_token"] = old = demo.issue_refresh_token()
    assert person.runs().exit_code == 0
    count_companies(demo, login_to(demo, person.store, old))
    assert old not in demo._spent


def test_logging_in_twice_keeps_the_second(demo: DemoServer, person: Person) -> None:
    person.runs()
    first = kept(person.store)
    person.runs()
    assert kept(person.store).refresh_token != first.refresh_token
    demo.expire_access_tokens()
    count_companies(demo, login_to(demo, person.store, first.refresh_token))
    assert first.refresh_token not in demo._spent


@pytest.mark.parametrize("environment", ["demo", "nowhere"])
def test_an_environment_without_a_login_page(environment: str, person: Person) -> None:
    del person.config["api_url"]
    assert "production or sandbox" in failed(person.runs("--environment", environment))


def test_the_environment_is_asked(person: Person) -> None:
    for setting in ("api_url", "client_id", "token_store"):
        del person.config[setting]
    person.pastes = lambda _: ["moon", "sandbox", "an-id"]
    result = person.runs("--token-store", "memory://asked", "--revoke")
    assert "Environment (production, sandbox) [production]" in result.output
    assert "'moon' is not one of" in result.output
    assert "no login in memory://asked" in failed(result)


@pytest.mark.parametrize("content", ["{", "[]", "\xff", None])
def test_a_config_that_is_none(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    if content:
        file.write_text(content, encoding="latin-1")
    result = CliRunner().invoke(login.main, ["--config", str(file)])
    assert result.exit_code == 2
    assert "is not a JSON" in result.output or "cannot be read" in result.output


def test_the_tap_goes_on_from_the_login(demo: DemoServer, person: Person) -> None:
    assert person.runs().exit_code == 0
    tap = TapBillit(config=person.config)
    assert len(tap.account.companies) == 2
    assert demo.refreshes == 0
    assert len([request for request in demo.requests if request.path == TOKEN]) == 1


# Giving a login back.


def test_a_login_is_given_back(demo: DemoServer, person: Person) -> None:
    person.runs()
    demo.expire_access_tokens()
    result = person.runs("--revoke")
    assert result.exit_code == 0, result.output
    assert person.store.load() is None
    assert demo._revoked
    assert "no login" in failed(person.runs("--revoke"))


@pytest.mark.parametrize("status", [302, 403])
def test_a_login_that_billit_does_not_take_back_is_kept(status: int, person: Person) -> None:
    person.runs()
    person.demo.fail(Reply(status, b"secret words"), path="/OAuth2/revoke")
    said = failed(person.runs("--revoke"))
    assert str(status) in said
    assert "secret words" not in said
    assert person.store.load() is not None


@pytest.mark.parametrize("reply", [Reply(503, b""), Reply(cut="close")], ids=["503", "close"])
def test_giving_back_is_tried_again(
    reply: Reply, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoff._sync.time", SimpleNamespace(sleep=lambda _: None))
    person.runs()
    person.demo.fail(reply, path="/OAuth2/revoke")
    assert person.runs("--revoke").exit_code == 0


# A real terminal.


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals")
def test_from_a_terminal_with_nothing_prepared(demo: DemoServer, tmp_path: Path) -> None:
    import pty  # noqa: PLC0415

    mine, theirs = pty.openpty()
    environment = {key: val for key, val in os.environ.items() if "BILLIT" not in key}
    arguments = ["--api-url", demo.url, "--token-store", str(tmp_path / "t.json"), "--no-browser"]
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", "from tap_billit.auth.login import main; main()", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    shown = ""

    def until(text: str) -> None:
        nonlocal shown
        while text not in shown:
            assert select.select([mine], [], [], 20)[0], shown
            shown += os.read(mine, 4096).decode()

    def type_in(text: str) -> None:
        os.write(mine, f"{text}\n".encode())

    until("Client ID: ")
    type_in(demo.client_id)
    until("Client secret: ")
    type_in(demo.client_secret)
    until("Redirect URL (as registered with Billit): ")
    type_in(ELSEWHERE)
    until("Paste the address")
    page = re.search(r"http\S+/Account/Logon\S+", shown)
    assert page
    answer = requests.get(page[0] + "&approve=1", timeout=5, allow_redirects=False)
    type_in(answer.headers["Location"])
    until('"company_ids": [')
    until("]")
    assert process.wait(20) == 0
    os.close(mine)
    assert demo.client_secret not in shown


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
