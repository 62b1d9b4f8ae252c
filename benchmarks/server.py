"""Answers without cost: lists and documents of any number of orders, from ready-made bytes.

It runs in a process of its own, so that what it costs is in nobody's account.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime, timezone
from threading import Thread
from typing import TYPE_CHECKING, Any

import msgspec

from tap_billit.demo import Account

if TYPE_CHECKING:
    from collections.abc import Generator

KINDS = {
    "rows": "rows",
    "documents": "details, listed",
    "details": "details, one by one",
}
"""What can be served, and the words for it."""

PAGE = 120
FIRST = 100_000_000
COMPANY = 401117

_encode = msgspec.json.Encoder(decimal_format="number").encode
_FROM = re.compile(rb"OrderID(?:%20|\+)ge(?:%20|\+)(\d+)")
_SKIP = re.compile(rb"skip=(\d+)")


class Pages:
    """What is answered: pages of `kind` (`rows` or `documents`), `orders` in all."""

    def __init__(self, *, orders: int, kind: str, url: str) -> None:
        account = Account(
            companies=1, orders=400, clock=lambda: datetime(2026, 11, 2, 9, tzinfo=timezone.utc)
        )
        company = account.companies[0] | {"PartyID": COMPANY}
        wanted = ("Income", "Invoice")
        rows = account.rows(account.companies[0]["PartyID"])
        rows = [row for row in rows if (row["OrderDirection"], row["OrderType"]) == wanted][:PAGE]
        documents = [account.document(row["OrderID"]) for row in rows]
        self._orders, self._url = orders, url
        self._documents = [_template(document) for document in documents]
        self._rows = self._documents if kind == "documents" else [_template(row) for row in rows]
        self._account = _encode({"Companies": [company]})

    def answer(self, target: bytes) -> bytes:
        """The body for a path and query."""
        path, _, query = target.partition(b"?")
        if path == b"/v1/account/accountInformation":
            return self._account
        number = path.removeprefix(b"/v1/orders/")
        if number.isdigit():
            return self._documents[int(number) % len(self._documents)] % int(number)
        if b"top=1" in query:
            return b'{"Items":[%b]}' % (self._rows[0] % FIRST) if self._orders else b'{"Items":[]}'
        after = _FROM.search(query)
        skipped = _SKIP.search(query)
        begin = int(after[1]) - FIRST if after else int(skipped[1]) if skipped else 0
        return self._page(path, begin)

    def _page(self, path: bytes, begin: int) -> bytes:
        end = min(begin + PAGE, self._orders)
        rows = (self._rows[at % len(self._rows)] % (FIRST + at) for at in range(begin, end))
        more = b""
        if end < self._orders:
            more = b',"NextPageLink":"%b%b?$skip=%d"' % (self._url.encode(), path, end)
        return b'{"Items":[%b]%b}' % (b",".join(rows), more)


def _template(order: dict[str, Any]) -> bytes:
    """The order as JSON, with a place for its OrderID."""
    order = order | {"OrderID": "@", "CompanyID": COMPANY}
    return _encode(order).replace(b"%", b"%%").replace(b'"@"', b"%d")


def _serve(connection: socket.socket, pages: Pages) -> None:
    with connection, connection.makefile("rb") as requests:
        while line := requests.readline():
            while requests.readline() not in {b"\r\n", b""}:
                pass
            body = pages.answer(line.split(b" ")[1])
            head = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            )
            connection.sendall(head % len(body) + body)


def main() -> None:
    """Serve until the process is ended: `ORDERS KIND`."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    pages = Pages(orders=int(sys.argv[1]), kind=sys.argv[2], url=url)
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Thread(target=_serve, args=(connection, pages), daemon=True).start()


@contextmanager
def serving(*, orders: int, kind: str) -> Generator[str, None, None]:
    """The URL of such a server."""
    command = [sys.executable, "-m", "benchmarks.server", str(orders), kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield (process.stdout or sys.stdin).readline().strip()
        finally:
            process.kill()


if __name__ == "__main__":
    main()
