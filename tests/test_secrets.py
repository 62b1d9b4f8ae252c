"""What nobody may see: everything that is printed at DEBUG, searched for every secret."""

from __future__ import annotations

import base64
import json
import logging
import os
import subprocess
import sys
import traceback
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import requests

from tap_billit.api.client import BillitClient
from tap_billit.auth.api_key import ApiKeyAuth
from tap_billit.demo.messages import Reply
from tap_billit.errors import BillitError
from tests.kit.demo import ACCOUNT, TOKEN, empty_demo, rotate_then
from tests.kit.login import count_companies, login_to, store_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tap_billit.demo.server import DemoServer

    Fault = Callable[[DemoServer], object]


@pytest.fixture
def demo() -> Generator[DemoServer, None, None]:
    with empty_demo() as server:
        yield server


class EnoughError(Exception):
    """Ends the retrying after a few waits."""


def secrets_of(demo: DemoServer) -> set[str]:
    """All that was a secret at any time, and the client as HTTP Basic writes it."""
    basic = base64.b64encode(f"{demo.client_id}:{demo.client_secret}".encode()).decode()
    tokens = {*demo._access, *demo._refresh, *demo._spent}
    return {demo.client_secret, demo.api_key, basic, *tokens}


def assert_hidden(text: str, secrets: set[str]) -> None:
    assert text
    assert not [secret for secret in secrets if secret in text]


def _dead(demo: DemoServer) -> None:
    demo._spent |= dict.fromkeys(demo._refresh, 0)
    demo._refresh.clear()


def _odd_header(demo: DemoServer) -> None:
    body = {
        "access_token": f"two\nlines {demo.issue_access_token()}",
        "refresh_token": demo.issue_refresh_token(),
    }
    demo.fail(Reply(200, body), times=9, path=TOKEN)


def _refusing(status: int) -> Fault:
    return lambda demo: demo.hooks.append(
        lambda request: Reply(status, request.body) if request.path == TOKEN else None
    )


FAULTS: dict[str, Fault] = {
    "none": lambda _: None,
    "expired": lambda demo: demo.expire_access_tokens(),
    "revoked": lambda demo: demo.revoke(),
    "dead": _dead,
    "lost": lambda demo: rotate_then(demo, Reply(cut="close")),
    "odd header": _odd_header,
    "other secret": lambda demo: setattr(demo, "client_secret", "changed"),
    "gone": lambda demo: demo.stop(),
} | {f"{status} with the request in it": _refusing(status) for status in (200, 307, 400, 404, 500)}


@pytest.mark.parametrize("used", [False, True], ids=["first run", "in a sync"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_no_fault_shows_a_secret(  # noqa: PLR0913, PLR0917  fixtures
    fault: Fault,
    used: bool,  # noqa: FBT001
    demo: DemoServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) > 2:
            raise EnoughError

    monkeypatch.setattr("backoff._sync.time", SimpleNamespace(sleep=wait))
    store, secrets = store_of(demo, tmp_path / "tokens.json"), secrets_of(demo)
    login = login_to(demo, store, demo.issue_refresh_token())
    if used:
        count_companies(demo, login)
        demo.expire_access_tokens()
    fault(demo)
    said = []
    try:
        count_companies(demo, login)
    except (BillitError, EnoughError):
        said.append(traceback.format_exc())
    said += [caplog.text, repr(login), repr(login.endpoint), repr(store), repr(store.load())]
    assert "urllib3" in caplog.text
    assert_hidden("".join(said), secrets | secrets_of(demo))


def test_a_key_is_not_shown(demo: DemoServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    login = ApiKeyAuth(demo.api_key)
    client = BillitClient(base_url=demo.url, auth=login, session=requests.Session(), timeout=5)
    client.get(ACCOUNT)
    assert_hidden(caplog.text + repr(login), secrets_of(demo))


@pytest.mark.parametrize(
    ("way", "command"),
    [("oauth", "sync"), ("api key", "sync"), ("dead", "sync"), ("oauth", "about")],
)
def test_the_tap_prints_no_secret_at_debug(
    way: str, command: str, demo: DemoServer, tmp_path: Path
) -> None:
    config = {"api_url": demo.url, "token_store": str(tmp_path / "tokens.json")}
    if way == "api key":
        config["api_key"] = demo.api_key
    else:
        token = demo.issue_refresh_token()
        client = {"client_id": demo.client_id, "client_secret": demo.client_secret}
        config |= client | {"refresh_token": token}
    if way == "dead":
        _refusing(400)(demo)
    (tmp_path / "config.json").write_text(json.dumps(config))
    arguments = ["--about", "--format", "json"] if command == "about" else []
    done = subprocess.run(  # noqa: S603
        [
            sys.executable,
            "-c",
            "from tap_billit.tap import TapBillit; TapBillit.cli()",
            "--config",
            str(tmp_path / "config.json"),
            *arguments,
        ],
        env={**os.environ, "TAP_BILLIT_LOGLEVEL": "DEBUG", "LOGLEVEL": "DEBUG"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == (1 if (way, command) == ("dead", "sync") else 0), done.stderr
    if command == "sync":
        assert "DEBUG" in done.stderr
    assert_hidden(done.stdout + done.stderr, secrets_of(demo))
