"""Whole runs of the tap, over sockets."""

from __future__ import annotations

import gzip
import io
import json
import sys
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo.messages import Reply
from tap_billit.errors import BillitError, StateError
from tap_billit.tap import TapBillit
from tests.kit.expected import DETAILS, KEYS, ROWS, companies_of, expected, rows_of
from tests.kit.run import UNHURRIED, catalog_of, digits, ids, metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_billit.demo.account import Account
    from tap_billit.demo.messages import Request
    from tap_billit.demo.server import DemoServer
    from tests.kit.demo import Clock
    from tests.kit.run import Json, Run, Runner

MARK = {"$orderby": "LastModified desc", "$top": "1"}


def in_order(records: list[Json]) -> list[str]:
    return sorted(json.dumps(record, sort_keys=True) for record in digits(records))


def a_row(account: Account, kind: str = "sales_invoices", **properties: Any) -> Json:
    """The first row with these properties."""
    return next(row for row in rows_of(account, ROWS[kind]) if properties.items() <= row.items())


def test_a_first_sync_brings_everything_digit_for_digit(run: Runner, account: Account) -> None:
    account.delete(a_row(account)["OrderID"])
    records = run().records
    assert records.keys() == KEYS.keys()
    for stream in KEYS:
        rows = [row for each in companies_of(account) for row in expected(account, stream, each)]
        assert rows, stream
        assert in_order(records[stream]) == in_order(rows), stream


def test_decimals_keep_their_digits_on_standard_output(
    run: Runner, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = companies_of(account)[0]
    order = account.create(
        company,
        TotalExcl=Decimal("17.50"),
        TotalIncl=Decimal("12345678901234.10"),
        FXRateToForeign=Decimal("1.00000"),
        ToPay=Decimal("0.00"),
    )
    standard_output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", standard_output)
    config = {"api_url": run.demo.url, "api_key": run.demo.api_key, **UNHURRIED}
    TapBillit(config=config, catalog=catalog_of("sales_invoices")).sync_all()
    lines = standard_output.buffer.getvalue().splitlines()
    (line,) = (line for line in lines if f'"OrderID":{order},'.encode() in line)
    for text in (
        b'"TotalExcl":17.50,',
        b'"TotalIncl":12345678901234.10,',
        b'"FXRateToForeign":1.00000,',
        b'"ToPay":0.00,',
    ):
        assert text in line


def test_rows_are_split_by_direction_and_type_and_by_nothing_else(
    run: Runner, account: Account
) -> None:
    records = run(*ROWS).records
    for stream, (direction, kind) in ROWS.items():
        assert {(row["OrderDirection"], row["OrderType"]) for row in records[stream]} == {
            (direction, kind)
        }
    assert {row["OrderStatus"] for row in records["sales_invoices"]} >= {"Draft", "Paid", "ToPay"}
    listed = [order for stream in ROWS for order in ids(records[stream])]
    assert (
        len(listed)
        == len(set(listed))
        == sum(len(rows_of(account, kind)) for kind in ROWS.values())
    )


def test_each_company_is_asked_for_by_its_header(run: Runner, account: Account) -> None:
    result = run("companies", "sales_invoices")
    first, *others = result.requests
    assert (first.path, first.party_id) == ("/v1/account/accountInformation", None)
    assert {int(request.party_id or 0) for request in others} == {*companies_of(account)}
    for company in companies_of(account):
        assert result.partition("sales_invoices", company)
        assert ids(r for r in result.records["sales_invoices"] if r["CompanyID"] == company) == ids(
            rows_of(account, ROWS["sales_invoices"], company)
        )


def test_only_the_wanted_companies_are_read(run: Runner, account: Account) -> None:
    one = companies_of(account)[1]
    result = run("companies", "sales_invoices", "parties", company_ids=[one])
    assert {int(request.party_id) for request in result.requests if request.party_id} == {one}
    assert ids(result.records["companies"], "PartyID") == [one]
    assert {record["CompanyID"] for record in result.records["parties"]} == {one}


def test_the_first_sync_asks_for_everything_in_order_id_order(
    run: Runner, account: Account
) -> None:
    company = companies_of(account)[0]
    mark, first, second, *_ = run("sales_invoices").queries(company=company)
    kind = "OrderDirection eq 'Income' and OrderType eq 'Invoice'"
    tenth = rows_of(account, ROWS["sales_invoices"], company)[9]["OrderID"]
    assert mark == MARK
    assert first == {"$filter": kind, "$orderby": "OrderID asc"}
    assert second == {
        "$filter": f"{kind} and OrderID ge {tenth + 1}",
        "$orderby": "OrderID asc",
    }


def test_start_date_is_asked_on_billits_clock(run: Runner) -> None:
    for start, asked in (
        ("2026-03-28T23:30:00Z", "2026-03-29T00:30:00"),
        ("2026-07-01T00:00:00Z", "2026-07-01T02:00:00"),
        ("2026-07-01T09:00:00+09:00", "2026-07-01T02:00:00"),
        ("2026-07-01", "2026-07-01T00:00:00"),
    ):
        query = run("supplier_credit_notes", start_date=start).queries()[1]
        assert query["$filter"] == (
            "OrderDirection eq 'Cost' and OrderType eq 'CreditNote' and "
            f"(LastModified ge DateTime'{asked}' or Paid eq false or "
            f"PaidDate ge DateTime'{days_before(asked)}')"
        )
        query = run("products", start_date=start).queries("/v1/products")[1]
        assert query == {
            "$filter": f"LastModified ge DateTime'{asked}'",
            "$orderby": "LastModified desc",
        }


def days_before(text: str) -> str:
    """31 days before a date-time of March or July 2026."""
    day = {"2026-03-29": "2026-02-26", "2026-07-01": "2026-05-31", "2026-10-01": "2026-08-31"}
    return day[text[:10]] + text[10:]


def test_an_incremental_sync_asks_from_the_mark_less_the_lookback(
    run: Runner, account: Account, clock: Clock
) -> None:
    company = companies_of(account)[0]
    account.create(company, LastModified="2026-10-01T13:30:20.77")
    first = run("sales_invoices", "supplier_invoices", lookback_minutes=10)
    state = first.partition("supplier_invoices", company)
    assert state["replication_key_value"] == "2026-10-01T13:20:20"
    assert max(row["LastModified"] for row in first.records["supplier_invoices"]) < "2026-10-01T12"

    clock.forward(hours=1)
    account.create(company)
    kind = "OrderDirection eq 'Income' and OrderType eq 'Invoice'"
    changed = "LastModified ge DateTime'2026-10-01T13:20:20'"
    for refresh, wanted in (
        (False, changed),
        (True, f"({changed} or Paid eq false or PaidDate ge DateTime'2026-08-31T13:20:20')"),
    ):
        again = run("sales_invoices", state=first.state, refresh_unpaid=refresh)
        assert again.queries(company=company)[:2] == [
            MARK,
            {"$filter": f"{kind} and {wanted}", "$orderby": "OrderID asc"},
        ]


def test_a_second_sync_brings_what_changed_and_what_is_open_or_lately_paid(
    run: Runner, account: Account, clock: Clock
) -> None:
    clock.forward(days=10)
    first = run(*ROWS)
    clock.forward(hours=1)
    long_paid = min(
        (row for row in rows_of(account, ROWS["sales_invoices"]) if row["Paid"]),
        key=lambda row: row["PaidDate"],
    )
    account.change(long_paid["OrderID"], Reference="changed")
    new_row = account.row(account.create(long_paid["CompanyID"]))
    second = run(*ROWS, state=first.state)
    brought = {row["OrderID"] for stream in ROWS for row in second.records[stream]}
    everything = [row for kind in ROWS.values() for row in rows_of(account, kind)]
    assert {long_paid["OrderID"], new_row["OrderID"]} <= brought
    assert {row["OrderID"] for row in everything if not row["Paid"]} <= brought
    assert {
        row["OrderID"] for row in everything if row.get("PaidDate", "") >= "2026-09-12"
    } <= brought
    assert len(brought) < len(everything) / 2

    third = run(*ROWS, state=first.state, refresh_unpaid=False)
    company = new_row["CompanyID"]
    for stream, kind in ROWS.items():
        bookmark = first.partition(stream, company)["replication_key_value"]
        assert ids(r for r in third.records[stream] if r["CompanyID"] == company) == ids(
            r for r in rows_of(account, kind, company) if r["LastModified"] >= bookmark
        )


def test_a_payment_arrives_although_last_modified_has_not_moved(
    run: Runner, account: Account, clock: Clock
) -> None:
    first = run("sales_invoices")
    unpaid = a_row(account, Paid=False, OrderStatus="ToPay")
    clock.forward(days=1)
    account.change(unpaid["OrderID"], Paid=True, LastModified=unpaid["LastModified"])
    second = run("sales_invoices", state=first.state)
    (row,) = (r for r in second.records["sales_invoices"] if r["OrderID"] == unpaid["OrderID"])
    assert (row["Paid"], row["OrderStatus"]) == (True, "Paid")
    assert row["LastModified"] == unpaid["LastModified"]


def test_when_nothing_changed_one_request_a_company_is_all(
    run: Runner, account: Account, clock: Clock
) -> None:
    clock.forward(minutes=30)
    streams = [*ROWS, *DETAILS]
    first = run(*streams, refresh_unpaid=False)
    second = run(*streams, state=first.state, refresh_unpaid=False)
    assert [(r.path, r.query) for r in second.requests] == [
        ("/v1/account/accountInformation", {}),
        *[("/v1/orders", MARK)] * len(companies_of(account)),
    ]
    assert not second.records
    assert second.state == first.state


def test_full_table_in_the_catalog_reads_everything_again(run: Runner, account: Account) -> None:
    first = run("sales_invoices", "sales_invoice_details")
    catalog = catalog_of("sales_invoices", "sales_invoice_details")
    for entry in catalog["streams"]:
        entry["replication_method"] = "FULL_TABLE"
        metadata_of(entry)["forced-replication-method"] = "FULL_TABLE"
    second = run(catalog=catalog, state=first.state, refresh_unpaid=False)
    wanted = ids(rows_of(account, ROWS["sales_invoices"]))
    assert ids(second.records["sales_invoices"]) == wanted
    assert ids(second.records["sales_invoice_details"]) == wanted


@pytest.mark.parametrize("left_out", [(), ("Tags",)])
def test_a_stream_that_is_read_whole_can_have_a_version(
    left_out: tuple[str, ...], run: Runner
) -> None:
    """By it a loader tells the rows that are no longer there."""
    catalog = catalog_of("documents")
    for column in left_out:
        metadata_of(catalog["streams"][0], "properties", column)["selected"] = False
    result = run(catalog=catalog, emit_activate_version_messages=True)
    [version] = {m["version"] for m in result.messages if m["type"] == "ACTIVATE_VERSION"}
    assert {m["version"] for m in result.messages if m["type"] == "RECORD"} == {version}


def test_what_is_not_selected_is_not_asked(run: Runner) -> None:
    catalog = TapBillit(config={"environment": "demo"}).catalog_dict
    for entry in catalog["streams"]:
        metadata_of(entry)["selected"] = entry["tap_stream_id"] == "supplier_invoices"
    result = run(catalog=catalog)
    assert {request.path for request in result.requests} == {
        "/v1/account/accountInformation",
        "/v1/orders",
    }
    assert {*result.records} == {"supplier_invoices"}
    assert {m["stream"] for m in result.messages if m["type"] == "SCHEMA"} == {"supplier_invoices"}
    assert not any("'Income'" in query.get("$filter", "") for query in result.queries())
    assert [r.path for r in run("companies").requests] == ["/v1/account/accountInformation"]


def test_deselected_properties_are_left_out(run: Runner) -> None:
    catalog = catalog_of("sales_invoices")
    (entry,) = catalog["streams"]
    metadata_of(entry, "properties", "TotalIncl")["selected"] = False
    nested = ("properties", "CounterParty", "properties", "VATNumber")
    metadata_of(entry, *nested)["selected"] = False
    records = run(catalog=catalog).records["sales_invoices"]
    assert records
    for record in records:
        assert record["TotalExcl"]
        assert "TotalIncl" not in record
        assert record["CounterParty"]["PartyID"]
        assert "VATNumber" not in record["CounterParty"]


def test_an_unknown_property_is_named_once_and_breaks_nothing(
    run: Runner, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    for row in rows_of(account, ROWS["sales_invoices"])[:3]:
        account.change(
            row["OrderID"],
            Novelty="new",
            CurrentDocumentDeliveryDetails={"IsDocumentDelivered": True, "Courier": "snail"},
        )
    records = run("sales_invoices").records["sales_invoices"]
    assert len(records) == len(rows_of(account, ROWS["sales_invoices"]))
    assert not any("Novelty" in record for record in records)
    couriers = [r for r in records if "Courier" in r["CurrentDocumentDeliveryDetails"]]
    assert len(couriers) == 3
    assert caplog.text.count("Novelty") == 1
    assert [r.levelname for r in caplog.records if "Novelty" in r.getMessage()] == ["WARNING"]


def test_there_is_a_state_for_each_page(run: Runner, account: Account) -> None:
    """What follows the last STATE is what a crash costs: a page at most."""
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
            assert {*ids(company)} <= seen
        elif last := partition.get("crawl", {}).get("last_order_id"):
            assert {order for order in ids(company) if order <= last} <= seen


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


def nonsense(number: int, what: str) -> Callable[[Request], Reply | None]:
    """What makes no sense in place of an answer: of that number, to pages or to documents."""
    asked = count(1)

    def answer(request: Request) -> Reply | None:
        document = request.path.startswith("/v1/orders/")
        page = request.path == "/v1/orders" and "$top" not in request.query
        matches = document if what == "document" else page
        return Reply(body=[1]) if matches and next(asked) == number else None

    return answer


def test_a_run_cut_short_says_which_documents_it_has(run: Runner, demo: DemoServer) -> None:
    demo.hooks.append(nonsense(10, "document"))
    with pytest.raises(BillitError, match="JSON that is no order"):
        run("sales_invoice_details")
    written = ids(run.last.records["sales_invoice_details"])
    company = demo.account.companies[0]["PartyID"]
    crawl = run.last.partition("sales_invoice_details", company)["crawl"]
    assert written
    assert crawl["last_order_id"] == written[-1]


def test_stream_maps_reshape_records(run: Runner) -> None:
    maps = {
        "sales_invoices": {
            "OrderID": "record['OrderID']",
            "Number": "record.get('OrderNumber')",
            "__filter__": "record['Paid']",
            "__alias__": "invoices",
            "__else__": None,
        }
    }
    result = run("sales_invoices", stream_maps=maps)
    assert {*result.records} == {"invoices"}
    assert all(record.keys() <= {"OrderID", "Number"} for record in result.records["invoices"])
    assert len(result.records["invoices"]) < len(rows_of(run.demo.account, ("Income", "Invoice")))


@pytest.mark.parametrize(
    ("stream", "cut_at"),
    [("sales_invoices", (3, "page")), ("sales_invoice_details", (18, "document"))],
)
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
    demo.hooks.append(nonsense(*cut_at))
    with pytest.raises(BillitError):
        run(stream, batch_config=batches)
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


def test_the_headers_say_who_asks(run: Runner) -> None:
    plain = run("companies").requests[0]
    assert plain.header("User-Agent").startswith("tap-billit/")
    assert plain.header("Accept") == "application/json"
    assert not plain.header("ContextPartyID")
    own = run("sales_invoices", user_agent="acme", context_party_id=77).requests
    assert {(r.header("User-Agent"), r.header("ContextPartyID")) for r in own} == {("acme", "77")}


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
