"""Who else may touch or read the store; and that tokens of somebody else are not overwritten."""

from __future__ import annotations

import logging
import os
import stat
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap_billit.errors import LoginError
from tap_billit.storage import private_files
from tap_billit.storage.base import ChangedError
from tap_billit.tokens.document import PendingRefresh, Tokens, now
from tap_billit.tokens.store import TokenStore, open_store
from tests.kit.login import exclusive, put

if TYPE_CHECKING:
    from collections.abc import Generator

TOKENS = Tokens(refresh_token="refresh-1", access_token="access-1", expires_at=now())

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permission bits")


def store_at(place: Path | str, api_url: str | None = None) -> TokenStore:
    return open_store(str(place), environment="sandbox", client_id="me", api_url=api_url)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def path(tmp_path: Path) -> Generator[Path, None, None]:
    yield tmp_path / "tokens.json"
    tmp_path.chmod(0o700)


def test_a_new_file_that_was_there_is_not_written_into(path: Path) -> None:
    planted = path.with_name("tokens.json.new")
    planted.touch(0o666)
    theirs = planted.open("rb")
    store = store_at(path)
    with exclusive(store):
        store.reserve()
        put(store, TOKENS)
    with theirs:
        assert theirs.read() == b""
    assert mode(path) == 0o600


def test_a_link_that_was_there_is_not_followed(path: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    path.with_name("tokens.json.new").symlink_to(victim)
    put(store_at(path), TOKENS)
    assert victim.read_text() == "mine"
    assert not path.is_symlink()


def test_what_is_exchanged_meanwhile_is_noticed(path: Path) -> None:
    store, new = store_at(path), path.with_name("tokens.json.new")
    with exclusive(store):
        store.reserve()
        new.unlink()
        new.write_text("somebody else's")
        with pytest.raises(LoginError, match="somebody has exchanged"):
            put(store, TOKENS)
    assert not path.exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give files away")
def test_what_somebody_else_has_put_there_is_not_taken_for_an_answer(path: Path) -> None:
    put(store_at(path.with_name("tokens.json.new")), TOKENS)
    os.chown(path.with_name("tokens.json.new"), 12345, 12345)
    store = store_at(path)
    with exclusive(store):
        assert store.load() is None


def test_a_folder_that_everybody_may_write_is_refused(path: Path, tmp_path: Path) -> None:
    put(store_at(path), TOKENS)
    tmp_path.chmod(0o777)
    store = store_at(path)
    with pytest.raises(LoginError, match=f"chmod o-w {tmp_path}"):
        store.load()
    with pytest.raises(LoginError, match="everybody may write"), exclusive(store):
        pass  # pragma: no cover
    tmp_path.chmod(0o1777)
    assert store.load()


def test_a_store_that_others_may_read_is_tightened_and_named(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(store_at(path), TOKENS)
    path.chmod(0o644)
    caplog.set_level(logging.WARNING)
    for _ in range(2):
        assert store_at(path).load()
    assert mode(path) == 0o600
    assert caplog.text.count(f"{path} could be read by other users (mode 644)") == 1


@pytest.mark.parametrize("place", ["{}/tokens.json", "memory://{}/tokens.json"])
def test_only_what_was_read_is_replaced_or_removed(place: str, tmp_path: Path) -> None:
    mine, theirs = store_at(place.format(tmp_path)), store_at(place.format(tmp_path))
    put(mine, Tokens(refresh_token="before"))
    put(theirs, TOKENS)
    for tokens in (Tokens(refresh_token="late"), None):
        with pytest.raises(ChangedError, match="changed meanwhile"):
            mine.replace(tokens)
    left = theirs.load()
    assert left
    assert left.refresh_token == "refresh-1"


def test_the_store_of_a_proxy_with_a_password_names_none(path: Path) -> None:
    url = "https://user:se/cret@proxy.example/billit"
    store = store_at(path, url)
    put(store, Tokens(refresh_token="r", spending=PendingRefresh(token="x", since=now())))
    shown = path.read_text() + store.command
    assert "se/cret" not in shown
    path.write_text(path.read_text().replace("https://proxy", "https://user:se/cret@proxy"))
    assert store_at(path, url).load(), "as an earlier version wrote it"


@pytest.mark.parametrize("place", ["file://localhost{}/tokens.json", "file://{}/tokens.json"])
def test_a_file_url_names_a_file(place: str, tmp_path: Path) -> None:
    assert store_at(place.format(tmp_path)).place == str(tmp_path / "tokens.json")


def test_a_drive_is_no_kind_of_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Path(store_at("C://tokens.json").place).name == "tokens.json"
    put(store_at("C://tokens.json"), TOKENS)


def test_without_a_home_a_place_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("platformdirs.user_state_path", none)
    with pytest.raises(LoginError, match="say where in `token_store`"):
        open_store(None, environment="sandbox", client_id="me")
    monkeypatch.setattr(Path, "expanduser", none)
    with pytest.raises(LoginError, match="say where in `token_store`"):
        store_at("~/tokens.json")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have a place in the file system")
def test_what_is_no_file_is_refused_and_left_as_it_is(path: Path) -> None:
    """Such as a device, whose mode everybody else relies on."""
    os.mkfifo(path, 0o666)
    path.chmod(0o666)
    for use in (store_at(path).load, exclusive(store_at(path)).__enter__):
        with pytest.raises(LoginError, match="it is no file"):
            use()
    assert mode(path) == 0o666


@pytest.mark.parametrize("place", ["/", "file:///"])
def test_the_top_of_a_file_system_is_no_store(place: str) -> None:
    with pytest.raises(LoginError, match="name a file in it"):
        store_at(place).load()


@pytest.mark.parametrize(("readers", "there"), [(3, "new"), (private_files.TRIES, "old")])
def test_on_windows_a_file_that_is_being_read_is_replaced_in_a_moment(
    readers: int, there: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Windows answers: this is not run there."""
    replace, refused = Path.replace, iter(range(readers))

    def busy(self: Path, target: Path) -> Path:
        if next(refused, None) is not None:
            raise PermissionError(13, "The process cannot access the file")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", busy)
    monkeypatch.setattr(private_files, "ON_WINDOWS", True)
    monkeypatch.setattr("tap_billit.storage.private_files.time.sleep", lambda _: None)
    source, target = tmp_path / "new", tmp_path / "there"
    for path, content in ((source, "new"), (target, "old")):
        path.write_text(content)
    with nullcontext() if there == "new" else pytest.raises(PermissionError):
        private_files._replace(source, target)
    assert target.read_text() == there
