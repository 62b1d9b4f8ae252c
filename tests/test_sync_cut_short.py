"""What a run leaves in its state: page by page, cut short, in batches, for companies left out."""

from __future__ import annotations

import gzip
import json
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo.messages import Reply
from tap_billit.errors import BillitError, StateError
from tests.kit.expected import ROWS, companies_of, rows_of
from tests.kit.run import ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_billit.demo.account import Account
    from tap_billit.demo.messages import Request
    from tap_billit.demo.server import DemoServer
    from tests.kit.run import Json, Run, Runner


def test_there_is_a_state_for_each_page(
    run: Runner, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows the last STATE is what a crash costs: a page at most."""
    monkeypatch.setattr("tap_billit.state_messages.PAGE", 10)
    result = run("sales_invoices")
    since = 0
    for message in result.messages:
        since = 0 if message["type"] == "STATE" else since + (message["type"] == "RECORD")
        assert since <= 10
    wanted = rows_of(account, ROWS["sales_invoices"])
    seen: set[int] = set()
    for message in result.messages:
        if message["type"] == "RECORD":
            seen.add(message["record"]["OrderID"])
        if message["type"] == "STATE":
            assert_covered(message["value"], "sales_invoices", wanted, seen)


def assert_covered(state: Json, stream: str, rows: list[Json], seen: set[int]) -> None:
    """What `state` says is done has been seen."""
    for partition in state["bookmarks"].get(stream, {}).get("partitions", ()):
        company = [r for r in rows if r["CompanyID"] == partition["context"]["CompanyID"]]
        if "replication_key_value" in partition:
            assert {*ids(changed_since(partition["start_date"], company))} <= seen
        for walk in (partition[name] for name in ("crawl", "backfill") if name in partition):
            listed = ids(changed_since(walk["since"], company))
            assert {order for order in listed if order <= (walk["last_order_id"] or 0)} <= seen


def changed_since(moment: str | None, rows: list[Json]) -> list[Json]:
    return [row for row in rows if row["LastModified"] >= (moment or "")]


def test_a_run_cut_short_goes_on_after_the_last_page(run: Runner, demo: DemoServer) -> None:
    def refuse(request: Request) -> Reply | None:
        late = "OrderID ge" in request.query.get("$filter", "")
        return Reply(body={"Items": 1}) if late else None

    demo.hooks.append(refuse)
    with pytest.raises(BillitError, match="not a list of Items"):
        run("sales_invoices")
    cut = run.last
    assert ids(cut.records["sales_invoices"])
    demo.hooks.clear()
    rest = run("sales_invoices", state=cut.state, refresh_unpaid=False)
    everything = [*cut.records["sales_invoices"], *rest.records["sales_invoices"]]
    wanted = rows_of(demo.account, ROWS["sales_invoices"])
    assert sorted(ids(everything)) == sorted(ids(wanted))


def down_from(number: int, what: str) -> Callable[[Request], Reply | None]:
    """Billit is down from this page or document on."""
    asked, down = count(1), list[bool]()

    def answer(request: Request) -> Reply | None:
        if down:
            return Reply.error(503, "Maintenance")
        document = request.path.startswith("/v1/orders/")
        page = request.path == "/v1/orders" and "$top" not in request.query
        matches = document if what == "document" else page
        if matches and next(asked) == number:
            down.append(True)
            return Reply.error(503, "Maintenance")
        return None

    return answer


def test_a_run_cut_short_says_which_documents_it_has(run: Runner, demo: DemoServer) -> None:
    demo.hooks.append(down_from(10, "document"))
    with pytest.raises(BillitError, match="503"):
        run("sales_invoice_details", retry_minutes=0, recent_days=0)
    written = ids(run.last.records["sales_invoice_details"])
    company = demo.account.companies[0]["PartyID"]
    crawl = run.last.partition("sales_invoice_details", company)["crawl"]
    assert written
    assert crawl["last_order_id"] == written[-1]


@pytest.fixture
def frequent_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many STATE messages as there can be."""
    monkeypatch.setattr("tap_billit.state_messages.PAGE", 1)
    monkeypatch.setattr("tap_billit.state_messages.STATE_EVERY", 0.0)


@pytest.mark.parametrize(
    ("stream", "cut_at"),
    [("sales_invoices", (3, "page")), ("sales_invoice_details", (18, "document"))],
)
@pytest.mark.usefixtures("frequent_state")
def test_in_batches_no_state_covers_what_is_not_in_a_file(
    stream: str, cut_at: tuple[int, str], run: Runner, demo: DemoServer, tmp_path: Path
) -> None:
    """Nor where the run is cut short with half a file."""
    batches = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": tmp_path.as_uri(), "prefix": "b-"},
        "batch_size": 7,
    }
    wanted = rows_of(demo.account, ROWS["sales_invoices"])
    demo.hooks.append(down_from(*cut_at))
    with pytest.raises(BillitError, match="503"):
        run(stream, batch_config=batches, retry_minutes=0)
    cut = run.last
    demo.hooks.clear()
    rest = run(stream, batch_config=batches, state=cut.state)
    seen: set[int] = set()
    kinds = []
    for message in (*cut.messages, *rest.messages):
        kinds.append(message["type"])
        if message["type"] == "BATCH":
            seen |= {*ids(batched(message))}
        elif message["type"] == "STATE":
            assert_covered(message["value"], stream, wanted, seen)
    assert "RECORD" not in kinds
    assert kinds.count("BATCH") > 2
    assert seen == {*ids(wanted)}
    for company in companies_of(demo.account):
        assert rest.partition(stream, company)["replication_key_value"]


def batched(message: Json) -> list[Json]:
    """The records in the files of a BATCH."""
    return [
        json.loads(line)
        for uri in message["manifest"]
        for line in gzip.decompress(Path(uri.removeprefix("file://")).read_bytes()).splitlines()
    ]


def test_the_state_of_a_company_that_is_left_out_is_kept_and_named(
    run: Runner, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    kept, left_out = companies_of(account)
    before = run("sales_invoices")
    with caplog.at_level("WARNING"):
        after = run("sales_invoices", state=before.state, company_ids=[kept])
    assert f"sales_invoices: the state of company {left_out} is kept, though" in caplog.text
    assert f"company {kept} is kept" not in caplog.text
    name = "sales_invoices"
    assert after.partition(name, left_out) == before.partition(name, left_out)


def test_a_company_that_is_refused_costs_the_others_nothing(
    run: Runner, demo: DemoServer, account: Account
) -> None:
    refused, other = companies_of(account)

    def refuse(request: Request) -> Reply | None:
        if request.party_id == str(refused):
            return Reply.error(403, "NoLicense", "Geen licentie.")
        return None

    demo.hooks.append(refuse)
    with pytest.raises(BillitError, match=f"1 of 2 companies .* {refused}: .*403.*NoLicense"):
        run("sales_invoices", "parties")
    records = run.last.records
    assert {row["CompanyID"] for row in records["sales_invoices"] + records["parties"]} == {other}
    assert len([r for r in run.last.requests if r.party_id == str(refused)]) == 1


def state_of(company: int, **partition: Any) -> Json:
    context = {"context": {"CompanyID": company}}
    return {"bookmarks": {"sales_invoices": {"partitions": [context | partition]}}}


@pytest.mark.parametrize(
    "broken",
    [
        {"replication_key_value": "yesterday"},
        {"replication_key_value": 5},
        {"replication_key_value": "2026-01-01", "crawl": {}},
        {"crawl": {"since": None, "start_date": None, "until": "?", "last_order_id": 1}},
        {"crawl": {"since": None, "start_date": None, "until": "2026-01-01", "last_order_id": "x"}},
    ],
)
def test_a_state_that_makes_no_sense_is_named(broken: Json, run: Runner, account: Account) -> None:
    company = companies_of(account)[0]
    with pytest.raises(StateError, match=f"sales_invoices, company {company}, is not understood"):
        run("sales_invoices", state=state_of(company, **broken))


def test_the_state_of_a_company_that_is_not_synced_is_kept_and_named(
    run: Runner, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    gone = state_of(123, replication_key_value="2026-01-01T00:00:00")
    result: Run = run("sales_invoices", state=gone)
    assert result.partition("sales_invoices", 123)["replication_key_value"] == "2026-01-01T00:00:00"
    assert "sales_invoices: the state of company 123 is kept" in caplog.text
    assert result.partition("sales_invoices", companies_of(account)[0])
