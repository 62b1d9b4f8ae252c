"""The command `tap-billit-login`, from the first prompt to the list of companies."""

from __future__ import annotations

import os
import re
import select
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_billit.auth import login
from tap_billit.demo.messages import Reply
from tap_billit.tap import TapBillit
from tests.kit.demo import ACCOUNT, TOKEN
from tests.kit.login import count_companies, kept, login_to
from tests.kit.person import ELSEWHERE, Person, failed, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tap_billit.demo.messages import Request
    from tap_billit.demo.server import DemoServer


def test_a_login_is_kept_and_lists_its_companies(demo: DemoServer, person: Person) -> None:
    demo.account.companies[1]["APIAllowed"] = False
    demo.account.companies[1]["Name"] = "\x1b[2J Zuid"
    result = person.runs()
    assert result.exit_code == 0, result.output
    first, second = demo.account.companies
    assert re.search(rf"{first['PartyID']} .*{first['VATNumber']} +API allowed\n", result.output)
    assert re.search(
        rf"{second['PartyID']} .*{second['VATNumber']} +API not allowed\n", result.output
    )
    assert f'"company_ids": [{first["PartyID"]}]\n' in result.output
    assert "\\x1b[2J Zuid" in result.output
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
    assert [page.status_code for page in pages] == [404, 400, 200]
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


def test_the_environment_is_asked(person: Person) -> None:
    for setting in ("api_url", "client_id", "token_store"):
        del person.config[setting]
    person.pastes = lambda _: ["moon", "sandbox", "an-id"]
    result = person.runs("--token-store", "memory://asked", "--revoke")
    assert "Environment (production, sandbox) [production]" in result.output
    assert "'moon' is not one of" in result.output
    assert "no login in memory://asked" in failed(result)


def test_the_tap_goes_on_from_the_login(demo: DemoServer, person: Person) -> None:
    assert person.runs().exit_code == 0
    tap = TapBillit(config=person.config)
    assert len(tap.account.companies) == 2
    assert demo.refreshes == 0
    assert len([request for request in demo.requests if request.path == TOKEN]) == 1


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


@pytest.mark.parametrize("odd", [None, 7, {"Name": "no PartyID", "APIAllowed": True}])
def test_an_odd_company_does_not_hide_the_others(
    odd: Any, demo: DemoServer, person: Person
) -> None:
    good = demo.account.companies[0]
    demo.fail(Reply(200, {"Companies": [odd, good]}), path=ACCOUNT)
    result = person.runs()
    assert result.exit_code == 0, result.output
    assert f'"company_ids": [{good["PartyID"]}]\n' in result.output
