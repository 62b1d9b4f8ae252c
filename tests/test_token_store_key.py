"""`token_store_key`: what is encrypted, by which key, and what is said of another."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from tap_billit.errors import LoginError
from tap_billit.tokens.document import Tokens
from tap_billit.tokens.store import TokenStore, open_store
from tests.kit.login import kept, put

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.run import Runner

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
TOKENS = Tokens(refresh_token="refresh-1", access_token="access-1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


def store_at(path: Path, keys: str | None) -> TokenStore:
    return open_store(str(path), environment="sandbox", client_id="me", keys=keys)


def test_what_is_kept_shows_nothing_and_is_read_again(path: Path) -> None:
    put(store_at(path, NEW), TOKENS)
    content = path.read_text()
    for secret in ("refresh-1", "access-1", "sandbox"):
        assert secret not in content
    assert kept(store_at(path, f" {NEW} ")).refresh_token == "refresh-1"


@pytest.mark.parametrize("between", [",", " ", ", ", "\n"])
def test_the_first_key_encrypts_and_all_decrypt(between: str, path: Path) -> None:
    put(store_at(path, OLD), TOKENS)
    both = store_at(path, between.join((NEW, OLD)))
    put(both, kept(both))
    assert kept(store_at(path, NEW)).refresh_token == "refresh-1"
    with pytest.raises(LoginError, match="another key"):
        store_at(path, OLD).load()


@pytest.mark.parametrize(
    ("key", "said"),
    [(None, "give the key in `token_store_key`"), (OLD, "with another key")],
    ids=["no key", "another key"],
)
def test_without_the_key_the_store_is_left_alone(key: str | None, said: str, path: Path) -> None:
    put(store_at(path, NEW), TOKENS)
    before = path.read_bytes()
    with pytest.raises(LoginError, match=said):
        put(store_at(path, key), TOKENS)
    assert path.read_bytes() == before


def test_plain_tokens_are_read_and_encrypted_by_the_next_write(path: Path) -> None:
    put(store_at(path, None), TOKENS)
    store = store_at(path, NEW)
    put(store, kept(store))
    assert b"refresh-1" not in path.read_bytes()


@pytest.mark.parametrize(
    "key",
    ["short", NEW[:-2], "é" * 44, f"{NEW},nonsense-key"],
    ids=["short", "cut off", "no ASCII", "one of two"],
)
def test_what_is_no_key_is_not_shown(key: str, path: Path) -> None:
    with pytest.raises(LoginError, match="no key of Fernet") as caught:
        store_at(path, key)
    assert key not in str(caught.value)


def test_a_package_that_is_missing_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    with pytest.raises(LoginError, match="pip install cryptography"):
        store_at(path, NEW)


def test_the_tap_takes_the_setting(run: Runner, path: Path) -> None:
    run(
        "companies",
        client_id=run.demo.client_id,
        client_secret=run.demo.client_secret,
        refresh_token=run.demo.issue_refresh_token(),
        token_store=str(path),
        token_store_key=NEW,
    )
    assert path.read_bytes().startswith(b"gAAAA")
