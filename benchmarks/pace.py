"""The pace that document reads hold at answers of 0.1, 1 and 3 seconds, against one at a time.

The server answers 429 to what is over 60 a minute. The runs wait almost all the time, so all of
them go at once, in real minutes; with `--small` the minutes of tap and server go by faster.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import redirect_stdout
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import figures
from tap_billit import tap as module
from tap_billit.api import rate_limit
from tap_billit.demo import Account, DemoServer
from tap_billit.streams.order_details import OrderDetails

if TYPE_CHECKING:
    from tap_billit.demo import Request

NOW = datetime(2026, 11, 2, 9, tzinfo=timezone.utc)
LIMIT = 60


class Watch:
    """Sees the requests come in, and ends the process when the time is up."""

    def __init__(self, server: DemoServer, *, minutes: float, speed: float) -> None:
        self._server, self._minutes, self._speed = server, minutes, speed
        self._times: list[float] = []

    def __call__(self, _: Request) -> None:
        """Note a request."""
        self._times.append(time.monotonic() * self._speed)
        begin, end = self._times[0], self._times[-1]
        if end - begin > self._minutes * rate_limit.WINDOW * self._speed:
            # The first 60 go at once: whole windows are counted.
            count = (len(self._times) - 1) // LIMIT * LIMIT or len(self._times) - 1
            pace = count / (self._times[count] - begin) * 60
            refused = sum(request.status == 429 for request in self._server.requests)  # noqa: PLR2004
            sys.stderr.write(f"{pace} {refused} {len(self._times)}\n")
            os._exit(0)


def run(latency: float, at_once: int, minutes: float, speed: float) -> None:
    """One run, of documents, until its time is up."""
    rate_limit.WINDOW /= speed
    rate_limit.LATE /= speed
    OrderDetails.at_once = at_once
    module.STREAMS = tuple(s for s in module.STREAMS if s.name == "sales_invoice_details")
    account = Account(companies=1, orders=int(150 * (minutes + 2)), clock=lambda: NOW)
    server = DemoServer(
        account, requests_per_minute=LIMIT, monotonic=lambda: time.monotonic() * speed
    )
    server.latency = latency / speed
    server.hooks.append(Watch(server, minutes=minutes, speed=speed))
    with server, Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        tap = module.TapBillit(config={"api_url": server.url, "api_key": server.api_key})
        tap.sync_all()


def main() -> None:
    """The command."""
    if sys.argv[1:2] == ["run"]:
        latency, at_once, minutes, speed = map(float, sys.argv[2:])
        run(latency, int(at_once), minutes, speed)
    options = figures.Options(__doc__, minutes=(5.0, 2.0), speed=(1.0, 15.0)).chosen()
    command = [sys.executable, "-m", "benchmarks.pace", "run"]
    started = [
        (latency, at_once, subprocess.Popen(command + arguments, stderr=subprocess.PIPE, text=True))  # noqa: S603
        for latency in (0.1, 1.0, 3.0)
        for at_once in (OrderDetails.at_once, 1)
        for arguments in [
            [str(each) for each in (latency, at_once, options.minutes, options.speed)]
        ]
    ]
    columns = (
        "Answers take",
        "At once",
        "Requests a minute",
        "Of the limit",
        "Refused",
        "Requests",
    )
    with figures.table("pace", *columns, options=options) as row:
        for latency, at_once, process in started:
            pace, refused, asked = process.communicate()[1].splitlines()[-1].split()
            of_limit = f"{float(pace) / LIMIT:.1%}"
            row(f"{latency:g} s", at_once, float(pace), of_limit, int(refused), int(asked))


if __name__ == "__main__":
    main()
