"""Which places are stores; what is said of others, without credentials."""

from __future__ import annotations

import sys
from threading import Event
from typing import Any

import obstore
import psycopg
import pytest
from click.testing import CliRunner
from obstore.store import MemoryStore

from tap_billit.api.rate_limit_postgres import PostgresRateLimiter
from tap_billit.errors import BillitError, LoginError, TransientError
from tap_billit.storage import open_collection, open_storage
from tap_billit.storage.base import ChangedError
from tap_billit.storage.objects import PROBE, Bucket
from tap_billit.tokens.command import main
from tests.kit.person import failed, free_port

URL = "s3://bucket/folder/one.json"


@pytest.mark.parametrize("scheme", ["abfs", "ftp", "sftp", "http", "gcs", "mysql"])
def test_where_two_could_spend_one_token_there_is_no_store(scheme: str) -> None:
    with pytest.raises(LoginError) as caught:
        open_storage(f"{scheme}://user:pass-word@host/tokens.json?sig=pass-word", None)
    assert "pass-word" not in str(caught.value)
    for kind in ("a path", "postgresql://", "s3://", "gs://", "az://"):
        assert kind in str(caught.value)


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [(URL, "objects", "remote"), ("postgres://host/db#one", "postgres", "postgres")],
)
def test_an_extra_that_is_missing_is_named(
    url: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, f"tap_billit.storage.{module}", None)
    with pytest.raises(LoginError, match=rf"pip install 'tap-billit\[{extra}\]'"):
        open_storage(url, None)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://user:pass-word@host/db", "names no login"),
        ("postgresql://user:pass-word@host/db#", "names no login"),
        ("s3://bucket", "is a bucket"),
        ("s3://bucket/", "is a bucket"),
    ],
)
def test_a_store_of_many_logins_is_not_that_of_one(url: str, said: str) -> None:
    with pytest.raises(LoginError, match=said) as caught:
        open_storage(url, None)
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("password", "secrets"),
    [
        ("pass%2Dw#rd", ("pass%2Dw", "pass-w", "w#rd")),
        ("s3[cr", ("s3", "cr")),
        ("p@sswd", ("p@ss", "sswd")),
        ("12/secret", ("secret",)),
    ],
)
def test_a_password_is_in_no_message(
    password: str, secrets: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tap_billit.api.rate_limit_postgres.PATIENCE", 0.2)
    url = f"postgresql://u:{password}@127.0.0.1:{free_port()}/db"
    storage = open_storage(f"{url}#one", None)
    with pytest.raises(BillitError) as caught:
        storage.read()
    with pytest.raises(BillitError) as limit:
        PostgresRateLimiter(5, url, key="fleet", window=60).acquire()
    shown = f"{caught.value} {storage.place} {limit.value}"
    for secret in secrets:
        assert secret not in shown
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("'postgresql://u:s3cret@h/db#one'", "is no URL"),
        ("postgresql://u:s3cret@h/db#{login}", "one login in the place of {login}"),
        ("/srv/{login}.json", "one login in the place of {login}"),
    ],
)
def test_what_is_not_ready_to_use_is_no_file(place: str, said: str) -> None:
    with pytest.raises(LoginError, match=said) as caught:
        open_storage(place, None)
    assert "s3cret" not in str(caught.value)


def test_a_database_without_an_encoding_is_a_store_too(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "CREATE DATABASE plain TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C'"
            " LC_CTYPE 'C'"
        )
    there = database.replace("/postgres?", "/plain?")
    open_collection(there, None).create()
    storage = open_storage(f"{there}#é", None)
    storage.replace(None, b"{}")
    storage.replace(b"{}", b"[]")
    assert storage.read() == b"[]"
    assert dict(open_collection(there, None).documents()) == {"é": b"[]"}


def test_a_table_that_is_missing_is_named_with_the_command(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS elsewhere")
    there = f"{database}&options=-csearch_path%3Delsewhere"
    storage = open_storage(f"{there}#one", None)
    for use in (storage.read, lambda: storage.replace(None, b"x")):
        with pytest.raises(LoginError, match="to make it, run `tap-billit-tokens create") as said:
            use()
        assert "search_path%3Delsewhere" in str(said.value)
    with psycopg.connect(there, autocommit=True) as connection:
        assert connection.execute("SELECT to_regclass('tap_billit_tokens')").fetchone() == (None,)
    for _ in range(2):
        assert CliRunner().invoke(main, ["create", f"{there}#one"]).exit_code == 0
    storage.replace(None, b"{}")
    assert "is damaged" in CliRunner().invoke(main, ["list", there]).output


def test_the_lock_of_a_row_keeps_others_out_while_its_process_lives(database: str) -> None:
    over = Event()
    mine, theirs, another = (
        open_storage(f"{database}#{login}", None) for login in ("locked", "locked", "free")
    )
    with mine.exclusive(over=over, patience=1):
        with another.exclusive(over=over, patience=0.1):
            pass
        with (
            pytest.raises(TransientError, match="held the lock"),
            theirs.exclusive(over=over, patience=0.1),
        ):
            pass  # pragma: no cover
        over.set()
        with (
            pytest.raises(BillitError, match="run is over"),
            theirs.exclusive(over=over, patience=60),
        ):
            pass  # pragma: no cover
    # The server notices in a moment that a connection is gone.
    with theirs.exclusive(over=Event(), patience=5):
        pass


def test_a_server_that_is_started_again_meanwhile_costs_nothing(database: str) -> None:
    """The lock is gone with its connection; what was read is still a condition of the writing."""
    mine, theirs = (open_storage(f"{database}#cut off", None) for _ in range(2))
    open_collection(database, None).create()
    mine.replace(None, b"{}")
    with mine.exclusive(over=Event(), patience=1):
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            )
        with theirs.exclusive(over=Event(), patience=5):
            pass
        mine.replace(b"{}", b'{"mine": 1}')
        with pytest.raises(ChangedError):
            theirs.replace(b"{}", b'{"theirs": 1}')
    assert theirs.read() == b'{"mine": 1}'


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    objects = MemoryStore()
    monkeypatch.setattr(Bucket, "objects", objects)
    return objects


@pytest.mark.parametrize("ignored", ["all", "If-Match"])
def test_a_server_that_ignores_conditions_is_refused_before_anything_is_written(
    ignored: str, objects: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = obstore.put

    def careless(store: Any, key: str, content: bytes, *, mode: Any) -> Any:
        if ignored == "all" or mode != "create":
            mode = "overwrite"
        return put(store, key, content, mode=mode)

    monkeypatch.setattr(obstore, "put", careless)
    storage = open_storage(URL, None)
    storage.read()
    with pytest.raises(LoginError, match="writes whatever the condition"):
        storage.replace(None, b"document")
    assert [each["path"] for page in obstore.list(objects) for each in page] == [PROBE]
    assert "writes whatever" in failed(CliRunner().invoke(main, ["create", "s3://bucket/folder"]))


def test_what_a_store_says_is_not_quoted(
    objects: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert objects

    def refuse(*_: object, **__: object) -> None:
        raise obstore.exceptions.PermissionDeniedError("AKIA-secret of refresh-1")

    monkeypatch.setattr(obstore, "put", refuse)
    with pytest.raises(LoginError, match=r"s3://bucket/folder .*PermissionDenied") as caught:
        open_storage(URL, None).replace(None, b"refresh-1")
    assert "refresh-1" not in str(caught.value)
    assert "AKIA" not in str(caught.value)


def test_a_bucket_that_is_missing_is_named(s3_address: str) -> None:
    assert s3_address
    storage = open_storage("s3://no-such-bucket/one.json", None)
    assert storage.read() is None
    with pytest.raises(LoginError, match="there is no such bucket"):
        storage.replace(None, b"x")


def test_an_object_that_is_empty_is_no_login(objects: MemoryStore) -> None:
    storage = open_storage(URL, None)
    storage.replace(storage.read(), b"x")
    storage.replace(b"x", None)
    assert open_storage(URL, None).read() is None
    assert list(Bucket("s3://bucket/folder").documents()) == []
    assert objects
