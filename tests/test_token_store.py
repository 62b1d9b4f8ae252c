"""The token store: what is kept, where, how safely, and what is refused."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tap_billit.errors import LoginError, TransientError
from tap_billit.redaction import fingerprint
from tap_billit.storage.local import RESERVE, LocalFile
from tap_billit.tokens.document import KNOWN, PendingRefresh, Tokens, now
from tap_billit.tokens.store import TokenStore, open_store
from tests.kit.login import exclusive, put

TOKENS = Tokens(refresh_token="refresh-1", access_token="access-1", expires_at=now())


def store_at(place: Path | str, environment: str = "sandbox", client: str = "me") -> TokenStore:
    return open_store(str(place), environment=environment, client_id=client)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("place", ["{}/tokens.json", "file://{}/tokens.json", "memory://{}/t.json"])
def test_what_is_saved_is_loaded(place: str, tmp_path: Path) -> None:
    store = store_at(place.format(tmp_path))
    assert store.load() is None
    with exclusive(store):
        store.reserve()
        put(store, TOKENS)
    again = store_at(place.format(tmp_path)).load()
    assert again is not None
    assert (again.refresh_token, again.expires_at) == ("refresh-1", TOKENS.expires_at)
    put(store, None)
    put(store, None)
    assert store.load() is None


def test_a_file_url_is_a_local_file_with_a_lock(tmp_path: Path) -> None:
    store = store_at(f"file://{tmp_path}/tokens.json")
    assert isinstance(store._storage, LocalFile)
    with exclusive(store):
        put(store, TOKENS)
        names = {path.name for path in tmp_path.iterdir()}
    assert names == {"tokens.json", "tokens.json.lock"}


def test_by_default_each_environment_and_client_has_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda name: tmp_path / name)
    places = {
        open_store(None, environment=environment, client_id=client, api_url=url).place
        for environment in ("production", "sandbox")
        for client in ("one", "two")
        for url in (None, "http://localhost:1234/")
    }
    assert len(places) == 6
    assert all(Path(place).parent == tmp_path / "tap-billit" for place in places)
    assert not any("one" in Path(place).name for place in places)


def test_a_home_folder_may_be_written_as_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert store_at("~/tokens.json").place == str(tmp_path.resolve() / "tokens.json")


@pytest.mark.skipif(os.name == "nt", reason="permission bits")
def test_only_the_owner_may_read(tmp_path: Path) -> None:
    path = tmp_path / "state" / "deep" / "tokens.json"
    store = store_at(path)
    with exclusive(store):
        store.reserve()
        assert mode(path.with_name("tokens.json.new")) == 0o600
        put(store, TOKENS)
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    path.chmod(0o644)
    with exclusive(store):
        put(store, TOKENS)
    assert mode(path) == 0o600


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "tokens.json"
    link.symlink_to(tmp_path / "disk" / "real.json")
    put(store_at(link), TOKENS)
    assert link.is_symlink()
    assert (tmp_path / "disk" / "real.json").exists()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"refresh_token": 1}', b" " * 100),
        b'{"environment": "sandbox", "client": "x", "refresh_token": "two\\nlines"}',
    ],
)
def test_a_damaged_store_is_named_and_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_bytes(content)
    store = store_at(path)
    with pytest.raises(LoginError, match="damaged") as caught, exclusive(store):
        store.load()
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize(("environment", "client"), [("production", "me"), ("sandbox", "you")])
def test_the_store_of_another_login_is_named_and_left_alone(
    environment: str, client: str, tmp_path: Path
) -> None:
    path = tmp_path / "tokens.json"
    put(store_at(path), TOKENS)
    before = path.read_bytes()
    with pytest.raises(LoginError, match="belongs to another") as caught:
        store_at(path, environment, client).load()
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before


def test_the_tokens_of_one_host_are_not_for_another(tmp_path: Path) -> None:
    path = str(tmp_path / "tokens.json")
    put(open_store(path, environment="production", client_id="me"), TOKENS)
    elsewhere = open_store(path, environment="production", client_id="me", api_url="http://x.test")
    with pytest.raises(LoginError, match="another environment"):
        elsewhere.load()


@pytest.mark.parametrize("kind", ["folder", "below a file"])
def test_a_place_that_cannot_be_a_file_is_an_error(kind: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = store_at(tmp_path if kind == "folder" else tmp_path / "file" / "tokens.json")
    with pytest.raises(LoginError, match="cannot be"), exclusive(store):
        store.load()


def test_an_answer_that_lacks_only_the_rename_is_found(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    store, beside = store_at(path), store_at(path.with_name("tokens.json.new"))
    put(store, Tokens(refresh_token="old", spending=PendingRefresh(token="x", since=now())))
    put(beside, TOKENS)
    with exclusive(store):
        loaded = store.load()
    assert loaded is not None
    assert loaded.refresh_token == "refresh-1"
    assert not path.with_name("tokens.json.new").exists()


@pytest.mark.parametrize("rest", [b" " * RESERVE, b'{"environment": "sandbox", "cli' + b" " * 99])
def test_half_an_answer_is_not_taken_for_one(rest: bytes, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    store = store_at(path)
    put(store, Tokens(refresh_token="old", spending=PendingRefresh(token="x", since=now())))
    path.with_name("tokens.json.new").write_bytes(rest)
    with exclusive(store):
        loaded = store.load()
        assert loaded is not None
        assert loaded.refresh_token == "old"
        put(store, TOKENS)
    assert json.loads(path.read_bytes())["refresh_token"] == "refresh-1"


def test_what_was_written_before_a_finished_refresh_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    put(store_at(path.with_name("tokens.json.new")), Tokens(refresh_token="stale"))
    store = store_at(path)
    put(store_at(path.with_name("other.json")), TOKENS)
    path.with_name("other.json").rename(path)
    with exclusive(store):
        loaded = store.load()
    assert loaded is not None
    assert loaded.refresh_token == "refresh-1"


def test_one_at_a_time(tmp_path: Path) -> None:
    inside = []

    def work(_: int) -> None:
        store = store_at(tmp_path / "tokens.json")
        with exclusive(store):
            inside.append(1)
            assert len(inside) == 1
            inside.pop()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(20)))


def test_a_lock_that_is_never_given_up_is_reported(
    tmp_path: Path,
) -> None:
    store, other = store_at(tmp_path / "tokens.json"), store_at(tmp_path / "tokens.json")
    with exclusive(store), pytest.raises(TransientError, match="lock"), exclusive(other, 0.01):
        pass  # pragma: no cover


FULL = """
import resource, sys
from tap_billit.errors import LoginError
from tap_billit.tokens.store import open_store
from tap_billit.tokens.document import Tokens
from tap_billit.storage.local import RESERVE
from tests.kit.login import exclusive, put

store = open_store(sys.argv[1], environment="sandbox", client_id="me")
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    with exclusive(store):
        put(store, Tokens(refresh_token="old"))
        store.reserve()
        print("reserved")
        put(store, Tokens(refresh_token="x" * (limit // 2)))
        print("saved")
except LoginError as error:
    print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="resource limits")
@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (0, "cannot be written (File too large)"),
        (RESERVE - 1, "cannot be written (File too large)"),
        (RESERVE, "reserved\nsaved"),
    ],
)
def test_a_disk_without_room_shows_before_the_token_is_spent(
    limit: int, said: str, tmp_path: Path
) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", FULL, str(tmp_path / "tokens.json"), str(limit)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said in done.stdout


def test_spent_tokens_are_remembered_up_to_a_point() -> None:
    tokens = Tokens(refresh_token="r")
    for number in range(2 * KNOWN):
        known = tokens.remembering("seed" if number else None, f"token-{number}", "seed")
        tokens = Tokens(refresh_token="r", known=known)
    assert len(tokens.known) == KNOWN
    assert fingerprint("seed") in tokens.known
    assert fingerprint("token-0") not in tokens.known


def test_nothing_secret_shows_in_a_repr(tmp_path: Path) -> None:
    shown = repr(TOKENS) + str(list(TOKENS.__rich_repr__()))
    shown += repr(store_at(tmp_path / "tokens.json")) + repr(store_at("memory://x"))
    assert "refresh-1" not in shown
    assert "access-1" not in shown
