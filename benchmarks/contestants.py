"""Ways to turn the same pages into lines: `NAME URL KIND`, to standard output."""

from __future__ import annotations

import gc
import json
import sys
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATHS = {"rows": "/v1/orders", "documents": "/v1/orders/deleted"}
STREAMS = {
    "rows": "sales_invoices",
    "documents": "deleted_orders",
    "details": "sales_invoice_details",
}


def tap(url: str, kind: str) -> None:
    """This tap, its command with one stream."""
    gc.disable()  # as the command does
    from tap_billit import tap as module

    module.STREAMS = tuple(each for each in module.STREAMS if each.name == STREAMS[kind])
    config = {"api_url": url, "api_key": "none", "requests_per_minute": 10**6}
    with NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(config | {"refresh_unpaid": False}, file)
        file.flush()
        module.TapBillit.cli(["--config", file.name])


def airbyte(url: str, kind: str) -> None:
    """The same by way of Airbyte: `source-billit read`."""
    from tap_billit import tap as module
    from tap_billit.airbyte.command import main

    module.STREAMS = tuple(each for each in module.STREAMS if each.name == STREAMS[kind])
    config = {"api_url": url, "api_key": "none", "requests_per_minute": 10**6}
    stream = {"stream": {"name": STREAMS[kind]}, "sync_mode": "incremental"}
    with NamedTemporaryFile("w", suffix=".json") as file, NamedTemporaryFile("w") as catalog:
        json.dump(config | {"refresh_unpaid": False}, file)
        json.dump({"streams": [stream]}, catalog)
        file.flush()
        catalog.flush()
        main(["read", "--config", file.name, "--catalog", catalog.name])


def floor(url: str, kind: str) -> None:
    """Requests, a fast JSON parser and print; numbers become floats."""
    import orjson

    print_all(url, kind, loads=orjson.loads, dumps=orjson.dumps)


def exact_floor(url: str, kind: str) -> None:
    """The same, with every digit kept."""
    from decimal import Decimal

    import msgspec

    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    encode = msgspec.json.Encoder(decimal_format="number").encode
    print_all(url, kind, loads=decode, dumps=encode)


def print_all(
    url: str, kind: str, *, loads: Callable[[bytes], Any], dumps: Callable[[Any], bytes]
) -> None:
    """The bare loop."""
    import requests

    out = sys.stdout.buffer
    with requests.Session() as session:
        page: str | None = url + PATHS[kind]
        while page:
            body = loads(session.get(page, timeout=60).content)
            for row in body["Items"]:
                out.write(dumps({"type": "RECORD", "stream": STREAMS[kind], "record": row}) + b"\n")
            page = body.get("NextPageLink")


def plain_sdk(url: str, kind: str) -> None:
    """A stream as the SDK's documentation writes it, with the tap's schema."""
    from singer_sdk import RESTStream, Stream, Tap
    from singer_sdk.pagination import BaseHATEOASPaginator

    from tap_billit.schemas.order import ORDER, ORDER_ROW

    class Paginator(BaseHATEOASPaginator):
        def get_next_url(self, response: Any) -> str | None:
            link: str | None = response.json().get("NextPageLink")
            return link

    class Orders(RESTStream[Any]):
        name = STREAMS[kind]
        path = PATHS[kind]
        url_base = url
        primary_keys: ClassVar = ("OrderID",)
        records_jsonpath = "$.Items[*]"
        schema = ORDER if kind == "documents" else ORDER_ROW

        def get_new_paginator(self) -> Paginator:
            return Paginator()

        def get_url_params(self, context: Any, token: Any) -> str:  # noqa: ARG002
            return token.query if token else ""

    class Plain(Tap):
        name = "tap-plain"
        config_jsonschema: ClassVar = {"type": "object", "properties": {}}

        def discover_streams(self) -> list[Stream]:
            return [Orders(self)]

    Plain().sync_all()


def dlt(url: str, kind: str) -> None:
    """The source `rest_api` of dlt, printed; what dlt does afterwards is not in it."""
    import orjson
    from dlt.sources.rest_api import rest_api_resources

    endpoint = {
        "path": PATHS[kind].lstrip("/"),
        "data_selector": "Items",
        "paginator": {"type": "json_link", "next_url_path": "NextPageLink"},
    }
    resources = [{"name": STREAMS[kind], "endpoint": endpoint}]
    rows: Iterator[Any] = rest_api_resources({"client": {"base_url": url}, "resources": resources})[
        0
    ]
    out = sys.stdout.buffer
    for row in rows:
        out.write(orjson.dumps(row, default=str) + b"\n")


if __name__ == "__main__":
    ways = {each.__name__: each for each in (tap, airbyte, floor, exact_floor, plain_sdk, dlt)}
    ways[sys.argv[1]](*sys.argv[2:])
