"""The stores that a race can be run on, each with its server; some of their answers are lost."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from unittest import mock

import requests

from tap_billit.storage import open_collection
from tests.kit.person import free_port
from tests.kit.stores import BUCKET, s3, s3_environment
from tests.postgres import running
from tests.races.proxy import LossyProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

    Opened = tuple[str, LossyProxy | None]

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The account of Azurite, which Microsoft documents."""


class NotHereError(Exception):
    """This machine does not have what the store takes."""


@contextmanager
def local(_: float) -> Generator[Opened, None, None]:
    with tempfile.TemporaryDirectory(prefix="tap-billit-race-") as folder:
        yield f"{folder}/tokens.json", None


@contextmanager
def postgres(share: float) -> Generator[Opened, None, None]:
    port = free_port()
    with running(port=port):
        writes = (b"UPDATE tap_billit", b"INSERT INTO tap_billit")
        proxy = LossyProxy(("127.0.0.1", port), writes=writes, share=share)
        url = "postgresql://postgres@127.0.0.1:{}/postgres"
        open_collection(url.format(port), None).create()
        yield url.format(proxy.port) + "#race", proxy
        proxy.close()


@contextmanager
def s3_store(share: float) -> Generator[Opened, None, None]:
    with s3() as address:
        port = int(address.rpartition(":")[2])
        proxy = LossyProxy(("127.0.0.1", port), writes=(b"PUT /",), share=share)
        environment = s3_environment(f"http://127.0.0.1:{proxy.port}")
        with mock.patch.dict(os.environ, environment):
            yield f"s3://{BUCKET}/race/tokens.json", proxy
        proxy.close()


@contextmanager
def azure(share: float) -> Generator[Opened, None, None]:
    port = free_port()
    with _azurite(port):
        _make_container(port)
        proxy = LossyProxy(("127.0.0.1", port), writes=(b"PUT /",), share=share)
        environment = {
            "AZURE_STORAGE_USE_EMULATOR": "true",
            "AZURITE_BLOB_STORAGE_URL": f"http://127.0.0.1:{proxy.port}",
            "AZURE_ALLOW_HTTP": "true",
        }
        with mock.patch.dict(os.environ, environment):
            yield f"az://{BUCKET}/race/tokens.json", proxy
        proxy.close()


@contextmanager
def _azurite(port: int) -> Generator[None, None, None]:
    npm = shutil.which("npm")
    if npm is None:
        raise NotHereError("there is no npm here to fetch Azurite with")
    with tempfile.TemporaryDirectory(prefix="tap-billit-azurite-") as folder:
        install = (npm, "install", "--silent", "--no-fund", "--no-audit", "azurite@3")
        if subprocess.run(install, cwd=folder, check=False, capture_output=True).returncode:  # noqa: S603
            raise NotHereError("npm cannot fetch Azurite here")
        command = (
            *(f"{folder}/node_modules/.bin/azurite-blob", "--blobPort", str(port)),
            *("--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"),
        )
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as server:  # noqa: S603
            try:
                _wait_for(port)
                yield
            finally:
                server.terminate()


def _wait_for(port: int) -> None:
    for _ in range(300):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise NotHereError("Azurite does not start here")


def _make_container(port: int) -> None:
    """By Azure's rule for a shared key; obstore makes no containers."""
    date = datetime.now(tz=timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"x-ms-date": date, "x-ms-version": "2021-08-06", "Content-Length": "0"}
    lines = ["PUT", *[""] * 11, f"x-ms-date:{date}", "x-ms-version:2021-08-06"]
    lines += [f"/{ACCOUNT}/{ACCOUNT}/{BUCKET}", "restype:container"]
    digest = hmac.new(base64.b64decode(KEY), "\n".join(lines).encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
    url = f"http://127.0.0.1:{port}/{ACCOUNT}/{BUCKET}?restype=container"
    requests.put(url, headers=headers, timeout=10).raise_for_status()


STORES: dict[str, Callable[[float], AbstractContextManager[Opened]]] = {
    "local": local,
    "postgres": postgres,
    "s3": s3_store,
    "azure": azure,
}

LOCKED = ("local", "postgres")
"""Where a lock lasts as long as its process: who is stopped keeps others out."""
