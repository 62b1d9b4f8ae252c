"""The token store on other file systems: refused, and of a kind that is unknown."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from tap_billit.auth.token_store import TokenStore, open_store
from tap_billit.auth.tokens import Tokens, now
from tap_billit.errors import LoginError
from tap_billit.storage.remote import RemoteFile
from tests.kit.login import put

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = Tokens(refresh_token="refresh-1", access_token="access-1", expires_at=now())


def store_at(place: Path | str, environment: str = "sandbox", client: str = "me") -> TokenStore:
    return open_store(str(place), environment=environment, client_id=client)


class Chatty(MemoryFileSystem):  # type: ignore[misc]
    """A file system that logs what it does, as s3fs and botocore do at DEBUG."""

    protocol = "chatty"
    broken = False

    def pipe_file(self, path: str, value: bytes, **kwargs: Any) -> None:
        logging.getLogger("botocore.endpoint").debug("PUT %s", value)
        logging.getLogger(__name__.partition(".")[0]).debug("PUT %s", value)
        if self.broken:
            raise PermissionError(value.decode())
        super().pipe_file(path, value, **kwargs)


def test_a_remote_store_that_refuses_is_named_without_secrets(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsspec.register_implementation("chatty", Chatty, clobber=True)
    caplog.set_level(logging.DEBUG)
    store = store_at("chatty://user:pass-word@bucket/tokens.json?sig=pass-word")
    assert isinstance(store._storage, RemoteFile)
    put(store, TOKENS)
    monkeypatch.setattr(Chatty, "broken", True)
    with pytest.raises(
        LoginError, match=r"chatty://bucket/tokens.json .*PermissionError"
    ) as caught:
        put(store, TOKENS)
    assert caught.value.__cause__ is None
    for secret in ("refresh-1", "access-1", "pass-word"):
        assert secret not in caplog.text + str(caught.value) + store.command


@pytest.mark.parametrize("url", ["nosuch://bucket/x", "gcs-without-driver://x"])
def test_an_unknown_kind_of_url_is_an_error(url: str) -> None:
    with pytest.raises(LoginError, match="cannot be opened"):
        store_at(url).load()
