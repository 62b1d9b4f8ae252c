"""Into PostgreSQL through Meltano: the real ones, over sockets, with real failures.

Alone: `pytest tests/test_postgres.py`. Without PostgreSQL and the internet they are skipped, but
never in CI.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from contextlib import ExitStack
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from tests import pipeline as parts
from tests import postgres
from tests.kit.expected import DETAILS, KEYS, ROWS
from tests.pipeline import STATE_ID, Pipeline, is_document

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tap_billit.demo import Request
    from tests.postgres import Postgres

pytestmark = pytest.mark.postgres

SALES = ("sales_invoices", "sales_invoice_details")
INVOICE = ("Income", "Invoice")


@pytest.fixture(scope="session")
def server() -> Generator[Postgres, None, None]:
    with ExitStack() as stack:
        try:
            started = stack.enter_context(postgres.running())
        except postgres.NoServerError as error:
            give_up(str(error))
        yield started


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One project for all tests, with its plugins; parallel workers share it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    project, ready = shared / "meltano", shared / "meltano.ready"
    with FileLock(f"{project}.lock"):
        if not ready.exists():
            try:
                parts.install(project)
            except RuntimeError as error:
                give_up(str(error))
            ready.touch()
    return project


def give_up(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"The tests with PostgreSQL must run in CI: {reason}")
    pytest.skip(f"THE TESTS WITH POSTGRESQL DID NOT RUN: {reason}")


@pytest.fixture
def pipeline(tmp_path: Path, installed: Path, server: Postgres) -> Generator[Pipeline, None, None]:
    made = Pipeline(tmp_path, installed=installed, server=server)
    with made.demo:
        yield made


def documents(requests: list[Request]) -> int:
    return sum(map(is_document, requests))


def test_a_first_load_and_what_changed_after_it(pipeline: Pipeline) -> None:
    account = pipeline.account
    company, other = (each["PartyID"] for each in account.companies)

    assert documents(pipeline.run()) == len(pipeline.orders())
    pipeline.check()
    assert_types(pipeline)
    assert_queries(pipeline)
    assert_metrics(pipeline)

    before = pipeline.orders()
    pipeline.pass_hours(1)
    paid, changed, deleted = list(pipeline.orders(INVOICE, company))[-3:]
    account.pay(paid)
    # NUL, which PostgreSQL cannot hold, costs no row.
    account.change(changed, Reference="PO\x00 7\x01", TotalExcl=Decimal("12345678901234.10"))
    account.delete(deleted)
    account.create(other, OrderDirection="Cost", OrderType="CreditNote")
    asked = documents(pipeline.run())
    changes = pipeline.orders().items() - before.items()
    # What the lookback covers comes again: at rest, the newest order of a company.
    assert len(changes) <= asked <= len(changes) + 2
    pipeline.check()


@pytest.mark.long
def test_state_that_is_seen_set_cleared_and_ignored(pipeline: Pipeline) -> None:
    pipeline.select("sales_invoices.*", "sales_invoice_details.*", "deleted_orders.*")
    pipeline.run()

    state = pipeline.state()
    _, second = state["sales_invoice_details"]["partitions"]
    company = pipeline.account.companies[1]["PartyID"]
    assert second["context"] == {"CompanyID": company}
    second |= {"replication_key_value": "2020-01-01T00:00:00", "mark": None}
    pipeline.set_state(state)
    assert documents(pipeline.run()) == len(pipeline.orders(INVOICE, company))

    pipeline.meltano("state", "clear", "--force", STATE_ID)
    assert documents(pipeline.run()) == len(pipeline.orders(INVOICE))

    pipeline.account.delete(next(iter(pipeline.orders(INVOICE))))
    assert documents(pipeline.run("--full-refresh")) == len(pipeline.orders(INVOICE))
    pipeline.check((*SALES, "deleted_orders"))


@pytest.mark.long
def test_what_is_selected_later_and_what_a_later_version_adds(pipeline: Pipeline) -> None:
    """Meltano keeps the catalog that it discovered first: a version later, it hides what is new."""
    first, second = (each["PartyID"] for each in pipeline.account.companies)
    old, changed = (pipeline.account.create(first, Reference=f"PO {number}") for number in (1, 2))
    pipeline.settings["TAP_BILLIT_COMPANY_IDS"] = f"[{first}]"
    pipeline.settings["TAP_BILLIT_REFRESH_UNPAID"] = "false"
    pipeline.select("sales_invoices.*", "!sales_invoices.Reference")
    assert documents(pipeline.run()) == 0
    pipeline.forget_column("sales_invoices", "Reference")

    pipeline.pass_hours(1)
    pipeline.account.change(changed, Reference="PO 3")
    pipeline.select("sales_invoices.*", "sales_invoice_details.*")
    assert documents(pipeline.run()) == len(pipeline.orders(INVOICE, first))
    pipeline.check(["sales_invoice_details"], companies=1)
    assert "Reference" not in pipeline.table("sales_invoices")[str(old),]

    pipeline.pass_hours(1)
    pipeline.account.change(changed, Reference="PO 4")
    del pipeline.settings["TAP_BILLIT_COMPANY_IDS"]
    asked = documents(pipeline.run("--refresh-catalog"))
    assert asked == len([changed, *pipeline.orders(INVOICE, second)])
    pipeline.check(["sales_invoice_details"])
    rows = pipeline.table("sales_invoices")
    assert len(rows) == len(pipeline.orders(INVOICE))
    assert (rows[str(old),]["Reference"], rows[str(changed),]["Reference"]) == (None, "PO 4")


@pytest.mark.long
def test_runs_that_are_killed(pipeline: Pipeline) -> None:
    """The tap, then Meltano politely, then all at once: a kill costs 120 records at most."""
    pipeline.select("sales_invoices.*", "sales_invoice_details.*")
    first, second = (
        len(pipeline.orders(INVOICE, c["PartyID"])) for c in pipeline.account.companies
    )

    pipeline.at_document(first + 5, lambda: pipeline.signal_tap(signal.SIGKILL))
    pipeline.run(expect=1)

    pipeline.at_document(5, lambda: pipeline.signal_meltano(signal.SIGTERM))
    pipeline.run(expect=143)
    assert pipeline.configs() == []

    pipeline.at_document(5, pipeline.kill_all)
    pipeline.run(expect=-9)
    [left_behind] = pipeline.configs()
    assert left_behind.stat().st_mode & 0o077 == 0

    pipeline.run(expect=1)
    assert "already running" in pipeline.log
    assert documents(pipeline.run("--force")) == first + second
    pipeline.check(SALES)


def assert_types(pipeline: Pipeline) -> None:
    columns = pipeline.server.rows(
        f"SELECT * FROM information_schema.columns WHERE table_schema = '{pipeline.schema}'"  # noqa: S608
    )
    types = {(c["table_name"], c["column_name"]): (c["data_type"], c["udt_name"]) for c in columns}
    for stream in (*ROWS, *DETAILS):
        for name in ("TotalExcl", "TotalVAT", "TotalIncl", "ToPay", "FXRateToForeign"):
            assert types[stream, name][0] == "numeric"
        for name in ("LastModified", "Created", "OrderDate", "ExpiryDate", "PaidDate"):
            assert types[stream, name][0] == "timestamp without time zone"
        assert types[stream, "CounterParty"][0] == "jsonb"
    for stream in DETAILS:
        assert types[stream, "OrderLines"] == ("ARRAY", "_jsonb")


def assert_queries(pipeline: Pipeline) -> None:
    """Totals add up in SQL, nested ones too."""
    account = pipeline.account
    invoices = [account.document(order) for order in pipeline.orders(INVOICE)]
    lines = [line for invoice in invoices for line in invoice["OrderLines"]]
    [sums] = pipeline.server.rows(
        f"""
        SELECT sum("TotalIncl") AS invoices,
          (SELECT sum((line ->> 'TotalExcl')::numeric)
           FROM {pipeline.schema}.sales_invoice_details, unnest("OrderLines") AS line) AS lines,
          count(*) FILTER (WHERE "CounterParty" ->> 'CountryCode' = 'BE') AS belgians
        FROM {pipeline.schema}.sales_invoice_details
        """  # noqa: S608
    )
    assert sums == {
        "invoices": str(sum(invoice["TotalIncl"] for invoice in invoices)),
        "lines": str(sum(line["TotalExcl"] for line in lines)),
        "belgians": str(sum(i["CounterParty"]["CountryCode"] == "BE" for i in invoices)),
    }


def assert_metrics(pipeline: Pipeline) -> None:
    """The log is JSON, line by line, and counts what was read."""
    lines = [json.loads(line) for line in pipeline.log.splitlines()]
    metrics = [
        line["metric_info"]
        for line in lines
        if line.get("string_id") == "tap-billit" and "metric_info" in line
    ]
    counted: Counter[str] = Counter()
    for metric in metrics:
        if metric["metric"] == "record_count":
            counted[metric["tags"]["stream"]] += metric["value"]
    assert counted == {stream: len(pipeline.table(stream)) for stream in KEYS}
