"""Compares a run with a fault, and the one that goes on after it, with a run without.

To cause a fault, use `DemoServer.fail`, see `kit.demo`.
"""

from __future__ import annotations

from functools import cache

from tap_billit.demo import DemoServer
from tests.kit.demo import account
from tests.kit.run import Run, sync

ROWS = "sales_invoices"

DETAILS = "sales_invoice_details"


@cache
def run_without_faults(*streams: str, companies: int = 1) -> Run:
    """A run without a fault."""
    with DemoServer(account(companies=companies), page_size=10) as server:
        run = sync(server, *streams)
    assert not run.error
    return run


def retries(run: Run) -> list[str]:
    return [line for line in run.log if "Trying again in" in line]


def check_resumed(server: DemoServer, run: Run, plain: Run, stream: str = ROWS) -> None:
    """The next run completes the table, and does not begin anew."""
    assert 0 < len(run.records[stream]) < len(plain.records[stream])
    server.hooks.clear()
    rest = sync(server, stream, state=run.state)
    assert not rest.error
    assert rest.table(stream, run) == plain.table(stream)
    assert len(rest.records[stream]) < len(plain.records[stream])
    assert rest.state == plain.state
