"""`tap-billit-tokens`: make, list and move what many logins keep their tokens in."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from msgspec.structs import replace

from tap_billit.errors import LoginError
from tap_billit.redaction import fingerprint
from tap_billit.storage import open_storage
from tap_billit.storage.local import LocalFile
from tap_billit.tokens import move
from tap_billit.tokens.codec import Codec
from tap_billit.tokens.command import main
from tap_billit.tokens.document import PendingRefresh, Tokens, now
from tap_billit.tokens.store import open_store
from tests.kit.login import kept, put
from tests.kit.person import failed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_billit.tokens.store import TokenStore

THEN = datetime(2026, 10, 1, 12, tzinfo=timezone.utc)
TOKENS = Tokens(refresh_token="refresh-1", access_token="access-1", expires_at=THEN)
KEY = Fernet.generate_key().decode()


def store_at(place: Path | str, keys: str | None = None) -> TokenStore:
    return open_store(str(place), environment="sandbox", client_id="me", keys=keys)


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def note(**more: Any) -> PendingRefresh:
    return PendingRefresh(**{"token": fingerprint("refresh-1"), "since": THEN, **more})


@pytest.mark.parametrize(
    ("spending", "health"),
    [
        (None, "good"),
        (note(), "cut off at 2026-10-01 12:00; the next run tries again"),
        (note(since=now()), "being renewed since"),
        (note(refused=THEN + timedelta(hours=1)), "lost: cut off at 2026-10-01 12:00, refused at"),
        (note(answer="{}"), "renewed at 2026-10-01 12:00; the next run reads the answer"),
    ],
    ids=["good", "cut off", "renewed now", "lost", "answered"],
)
def test_the_logins_of_a_folder_are_listed_with_their_health(
    spending: PendingRefresh | None, health: str, tmp_path: Path
) -> None:
    put(store_at(tmp_path / "one.json"), replace(TOKENS, spending=spending))
    (tmp_path / "two.json").write_text("{}")
    (tmp_path / "folder.json").mkdir()
    put(store_at(tmp_path / "three.json", KEY), TOKENS)
    result = run("list", tmp_path)
    assert result.exit_code == 0
    heading, one, three, two = result.output.splitlines()
    assert heading.startswith("LOGIN")
    assert one.split()[:3] == ["one.json", "sandbox", fingerprint("me")]
    assert "2026-10-01 12:00" in one
    assert health in one
    assert "is damaged" in two
    assert "encrypted: give the key" in three
    assert "good" in run("list", tmp_path, "--token-store-key", KEY).output.splitlines()[2]
    assert "refresh-1" not in result.output
    assert "access-1" not in result.output


def test_without_a_place_the_users_own_logins_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda name: tmp_path / name)
    put(open_store(None, environment="sandbox", client_id="me"), TOKENS)
    assert "sandbox" in run("list").output


def test_a_login_is_moved_and_encrypted_on_its_way(tmp_path: Path) -> None:
    source, target = tmp_path / "one.json", tmp_path / "there" / "two.json"
    put(store_at(source), TOKENS)
    result = run("move", source, target, "--token-store-key", KEY)
    assert result.exit_code == 0
    assert f"set `token_store` to {target}" in result.output
    assert not source.exists()
    assert b"refresh-1" not in target.read_bytes()
    assert kept(store_at(target, KEY)).refresh_token == "refresh-1"


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("none.json", "two.json", "no login in"),
        ("one.json", "one.json", "already"),
        ("one.json", "taken.json", "There is a login in"),
    ],
)
def test_what_cannot_be_moved_stays(source: str, target: str, said: str, tmp_path: Path) -> None:
    for name in ("one.json", "taken.json"):
        put(store_at(tmp_path / name), TOKENS)
    assert said in failed(run("move", tmp_path / source, tmp_path / target))
    assert kept(store_at(tmp_path / "one.json")).refresh_token == "refresh-1"


class KilledError(BaseException):
    """As a kill -9 between two lines."""


def cut_off(monkeypatch: pytest.MonkeyPatch, name: str, source: Path, target: Path) -> None:
    """A move that is killed where it would call this."""

    def die(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as dying:
        dying.setattr(move, name, die)
        with pytest.raises(KilledError):
            move.move(open_storage(str(source), None), open_storage(str(target), None), Codec())


def test_a_move_that_was_cut_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "one.json", tmp_path / "two.json"
    put(store_at(source), TOKENS)
    cut_off(monkeypatch, "_arrive", source, target)
    assert store_at(target).load() is None
    with pytest.raises(LoginError, match=r"being moved to .*two\.json"):
        store_at(source).load()
    assert "being moved to" in run("list", tmp_path).output
    assert "finish that first" in failed(run("move", source, tmp_path / "three.json"))
    assert run("move", source, target).exit_code == 0
    assert not source.exists()
    assert kept(store_at(target)).refresh_token == "refresh-1"


def test_what_a_run_could_not_store_moves_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_state_path", lambda name: tmp_path / name)
    source, target = store_at(tmp_path / "one.json"), tmp_path / "two.json"
    put(source, replace(TOKENS, spending=note()))
    assert source.spare
    put(source.spare, later(TOKENS))
    assert run("move", source.place, target).exit_code == 0
    assert kept(store_at(target)).refresh_token == "refresh-2"


def test_what_only_had_to_be_renamed_moves_too(tmp_path: Path) -> None:
    source, target = store_at(tmp_path / "one.json"), tmp_path / "two.json"
    put(source, replace(TOKENS, spending=note()))
    unfinished = tmp_path / "one.json.new"
    unfinished.write_bytes(source.document(later(TOKENS)))
    unfinished.chmod(0o600)
    assert run("move", source.place, target).exit_code == 0
    assert kept(store_at(target)).refresh_token == "refresh-2"


def test_a_login_stays_where_the_other_place_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "one.json", tmp_path / "two.json"
    put(store_at(source), TOKENS)

    def full(storage: LocalFile, raw: bytes) -> None:
        if storage.place == str(target):
            raise LoginError("There is no room.")
        write(storage, raw)

    write = LocalFile._write
    monkeypatch.setattr(LocalFile, "_write", full)
    assert "no room" in failed(run("move", source, target))
    assert kept(store_at(source)).refresh_token == "refresh-1"
    assert run("move", source, tmp_path / "three.json").exit_code == 0


def later(tokens: Tokens) -> Tokens:
    return Tokens(refresh_token="refresh-2", known=tokens.remembering("refresh-1"))


@pytest.mark.parametrize(
    ("meanwhile", "status"),
    [(lambda tokens: tokens, 0), (later, 0), (lambda _: Tokens(refresh_token="other"), 1)],
    ids=["copied", "renewed there", "another login"],
)
def test_a_move_whose_last_step_is_missing_goes_on(
    meanwhile: Callable[[Tokens], Tokens],
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, target = tmp_path / "one.json", tmp_path / "two.json"
    put(store_at(source), TOKENS)
    cut_off(monkeypatch, "_arrive", source, target)
    put(store_at(target), meanwhile(TOKENS))
    there = target.read_bytes()
    assert run("move", source, target).exit_code == status
    assert target.read_bytes() == there
    assert source.exists() == bool(status)


def test_create_makes_a_folder_and_refuses_what_is_no_store(tmp_path: Path) -> None:
    assert "is ready" in run("create", tmp_path / "new").output
    assert (tmp_path / "new").is_dir()
    assert "s3://" in failed(run("create", "sftp://host/x"))
