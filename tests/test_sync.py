"""Whole runs of the tap, over sockets: what a first sync and the next ones ask and bring."""

from __future__ import annotations

import io
import json
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_billit.tap import TapBillit
from tests.kit.expected import DETAILS, KEYS, ROWS, companies_of, expected, rows_of
from tests.kit.run import UNHURRIED, catalog_of, digits, ids

if TYPE_CHECKING:
    import pytest

    from tap_billit.demo.account import Account
    from tests.kit.demo import Clock
    from tests.kit.run import Json, Runner


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
            f"(LastModified ge DateTime'{asked}' or Paid eq false)"
        )
        query = run("products", start_date=start).queries("/v1/products")[1]
        assert query == {
            "$filter": f"LastModified ge DateTime'{asked}'",
            "$orderby": "LastModified desc",
        }


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
        (True, f"({changed} or Paid eq false)"),
    ):
        again = run("sales_invoices", state=first.state, refresh_unpaid=refresh)
        assert again.queries(company=company)[:2] == [
            MARK,
            {"$filter": f"{kind} and {wanted}", "$orderby": "OrderID asc"},
        ]


def test_a_second_sync_brings_what_changed_and_what_is_open(
    run: Runner, account: Account, clock: Clock
) -> None:
    clock.forward(days=10)
    first = run(*ROWS)
    clock.forward(hours=1)
    long_paid = min(
        (row for row in rows_of(account, ROWS["sales_invoices"]) if "PaidDate" in row),
        key=lambda row: row["PaidDate"],
    )
    account.change(long_paid["OrderID"], Reference="changed")
    new_row = account.row(account.create(long_paid["CompanyID"]))
    second = run(*ROWS, state=first.state)
    brought = {row["OrderID"] for stream in ROWS for row in second.records[stream]}
    everything = [row for kind in ROWS.values() for row in rows_of(account, kind)]
    assert {long_paid["OrderID"], new_row["OrderID"]} <= brought
    assert {row["OrderID"] for row in everything if not row["Paid"]} <= brought
    assert len(brought) < len(everything) / 2

    third = run(*ROWS, state=first.state, refresh_unpaid=False)
    company = new_row["CompanyID"]
    for stream, kind in ROWS.items():
        bookmark = first.partition(stream, company)["replication_key_value"]
        assert ids(r for r in third.records[stream] if r["CompanyID"] == company) == ids(
            r for r in rows_of(account, kind, company) if r["LastModified"] >= bookmark
        )


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


def test_the_headers_say_who_asks(run: Runner) -> None:
    plain = run("companies").requests[0]
    assert plain.header("User-Agent").startswith("tap-billit/")
    assert plain.header("Accept") == "application/json"
    assert not plain.header("ContextPartyID")
    own = run("sales_invoices", user_agent="acme", context_party_id=77).requests
    assert {(r.header("User-Agent"), r.header("ContextPartyID")) for r in own} == {("acme", "77")}
