"""Token stores of every kind, on servers that the tests start themselves."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock
from urllib.parse import quote

import boto3
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.postgres import Postgres

BUCKET = "tap-billit-tests"


def database_url(server: Postgres) -> str:
    """For psycopg."""
    return f"postgresql://postgres@/postgres?host={quote(str(server.folder))}"


@contextmanager
def s3() -> Generator[str, None, None]:
    """The address of an S3 with a bucket; the environment names it meanwhile."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    try:
        with mock.patch.dict(os.environ, s3_environment(address)):
            boto3.client("s3").create_bucket(Bucket=BUCKET)
            yield address
    finally:
        server.stop()


def s3_environment(address: str) -> dict[str, str]:
    """What a process finds an S3 by."""
    return {
        "AWS_ENDPOINT": address,
        "AWS_ENDPOINT_URL": address,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key-of-the-tests",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
