"""New tokens that cannot be stored: tried for a minute, then beside the default store."""

from __future__ import annotations

import json
import stat
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet
from typing_extensions import override

from tap_billit.errors import LoginError, TransientError
from tap_billit.storage.memory import InMemory
from tap_billit.tokens import rotation
from tap_billit.tokens.document import Tokens
from tap_billit.tokens.store import open_store
from tests.kit.login import count_companies, kept, login_to, put, store_of, token_requests

if TYPE_CHECKING:
    from pathlib import Path

    from tap_billit.demo.server import DemoServer
    from tap_billit.tokens.store import TokenStore


class Flaky(InMemory):
    """A store that takes what comes, but for those writes that `fails` says."""

    fails: Any = staticmethod(lambda _: False)
    error: Exception = TransientError("The store stumbles.")
    writes = 0

    @override
    def _swap(self, old: bytes | None, new: bytes | None) -> None:
        type(self).writes += 1
        if self.fails(self.writes):
            raise self.error
        super()._swap(old, new)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platformdirs.user_state_path", lambda name: tmp_path / name)
    return tmp_path / "tap-billit"


@pytest.fixture
def store(demo: DemoServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> TokenStore:
    assert home
    monkeypatch.setattr("tap_billit.storage.InMemory", Flaky)
    monkeypatch.setattr(Flaky, "writes", 0)
    return store_of(demo, f"memory://{demo.url}/tokens.json")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds between two tries to store tokens; nobody really waits."""
    seconds: list[float] = []
    monkeypatch.setattr(rotation, "time", SimpleNamespace(sleep=seconds.append))
    return seconds


def after_the_note(count: int) -> bool:
    return count > 1


@pytest.mark.parametrize("error", [Flaky.error, ValueError("Unforeseen.")])
def test_a_store_that_stumbles_is_tried_for_a_minute(
    demo: DemoServer,
    store: TokenStore,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    monkeypatch.setattr(Flaky, "error", error)
    monkeypatch.setattr(Flaky, "fails", lambda _, count: 2 <= count <= 5)
    assert count_companies(demo, login_to(demo, store, demo.issue_refresh_token())) == 2
    assert pauses == [1, 2, 4]
    assert kept(store).refresh_token in demo._refresh


def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Flaky, "fails", lambda _, count: after_the_note(count))


def test_then_they_are_beside_the_default_store_and_named(  # noqa: PLR0913, PLR0917  fixtures
    demo: DemoServer,
    store: TokenStore,
    home: Path,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken(monkeypatch)
    login = login_to(demo, store, demo.issue_refresh_token())
    assert count_companies(demo, login) == 2, "the run goes on"
    assert sum(pauses) == 60
    (copy,) = home.glob("*.unsaved")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert json.loads(copy.read_text())["refresh_token"] in demo._refresh
    assert str(copy) in caplog.text
    with pytest.raises(LoginError, match=r"could not be stored in memory://.*unsaved"):
        login.close()


def test_an_older_copy_that_cannot_be_read_gives_way(
    demo: DemoServer, store: TokenStore, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.spare
    keys = Fernet.generate_key().decode()
    older = open_store(store.spare.place, environment="sandbox", client_id="me", keys=keys)
    put(older, Tokens(refresh_token="older"))
    broken(monkeypatch)
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert pauses
    assert kept(store.spare).refresh_token in demo._refresh


def test_the_end_of_the_run_stores_them(
    demo: DemoServer,
    store: TokenStore,
    home: Path,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken(monkeypatch)
    login = login_to(demo, store, demo.issue_refresh_token())
    count_companies(demo, login)
    assert pauses
    monkeypatch.setattr(Flaky, "fails", lambda *_: False)
    login.close()
    assert kept(store).refresh_token in demo._refresh
    assert kept(store).spending is None
    assert not list(home.glob("*.unsaved"))


def test_the_next_run_takes_them_from_there(
    demo: DemoServer,
    store: TokenStore,
    home: Path,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken(monkeypatch)
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert pauses
    assert kept(store).spending
    monkeypatch.setattr(Flaky, "fails", lambda *_: False)
    assert count_companies(demo, login_to(demo, store)) == 2
    assert demo.refreshes == len(token_requests(demo)) == 1
    assert kept(store).refresh_token in demo._refresh
    assert not list(home.glob("*.unsaved"))


def test_an_answer_goes_there_too(
    demo: DemoServer, store: TokenStore, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class DiedError(BaseException):
        """As a kill -9 between two lines."""

    def die(raw: bytes, *_: object, **__: object) -> None:
        raise DiedError if raw else LoginError

    broken(monkeypatch)
    with monkeypatch.context() as dying:
        dying.setattr(rotation, "tokens_in", die)
        with pytest.raises(DiedError):
            count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert list(home.glob("*.unsaved"))
    monkeypatch.setattr(Flaky, "fails", lambda *_: False)
    assert count_companies(demo, login_to(demo, store)) == 2
    assert demo.refreshes == 1


def test_without_a_place_for_them_the_run_still_goes_on(
    demo: DemoServer, store: TokenStore, home: Path, pauses: list[float], monkeypatch: Any
) -> None:
    broken(monkeypatch)
    home.write_text("no folder")
    login = login_to(demo, store, demo.issue_refresh_token())
    assert count_companies(demo, login) == 2
    assert pauses
    with pytest.raises(LoginError, match="tap-billit-login"):
        login.close()


def test_an_outage_before_the_note_is_waited_for(
    demo: DemoServer, store: TokenStore, waits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Flaky, "fails", lambda _, count: count <= 2)
    assert count_companies(demo, login_to(demo, store, demo.issue_refresh_token())) == 2
    assert len(waits.seconds) == 2
    assert demo.refreshes == 1
