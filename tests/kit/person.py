"""A person at the terminal who runs `tap-billit-login`, and the browser there."""

from __future__ import annotations

import json
import socket
from io import BytesIO
from typing import TYPE_CHECKING, Any

import requests
from click.testing import CliRunner, Result

from tap_billit.auth import login
from tap_billit.tokens.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_billit.demo.server import DemoServer
    from tap_billit.tokens.store import TokenStore


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
        return CliRunner().invoke(login.main, command, input=_Typed(self))


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


def failed(result: Result) -> str:
    """What a failed command says, once it is sure to have failed as it should."""
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    return result.output.rpartition("Error: ")[2]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
