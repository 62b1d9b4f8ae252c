"""Lists that Billit does not filter: what an hour costs, when they are whole, what is retired."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo import Account, DemoServer, Reply
from tests.kit.demo import Clock
from tests.kit.dialects import speaking
from tests.kit.expected import companies_of
from tests.kit.run import ids, sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_billit.demo import Request
    from tests.kit.run import Json, Run

BANK = "financial_transactions"
LISTS = ("deleted_orders", "documents", BANK)
KEY = "BankAccountTransactionID"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shown() -> dict[int, Json]:
    """What transactions say otherwise than they were made, by key."""
    return {}


@pytest.fixture
def server(
    clock: Clock, shown: dict[int, Json], monkeypatch: pytest.MonkeyPatch
) -> Iterator[DemoServer]:
    """Two companies with some hundred transactions."""
    account = Account(orders=150, companies=2, clock=clock)
    own = account.transactions

    def transactions(company: int) -> list[Json]:
        return [{**row, **shown.get(row[KEY], {})} for row in own(company)]

    monkeypatch.setattr(account, "transactions", transactions)
    with DemoServer(account, page_size=10) as server:
        yield server


def transactions(server: DemoServer) -> list[int]:
    of_all = (server.account.transactions(of) for of in companies_of(server.account))
    return sorted(row[KEY] for rows in of_all for row in rows)


def bank(run: Run) -> list[int]:
    return sorted(ids(run.records[BANK], KEY))


def versions(run: Run, kind: str) -> set[int]:
    return {each["version"] for each in run.messages if each["type"] == kind}


def test_an_idle_hour_costs_one_request_a_list(clock: Clock) -> None:
    with DemoServer(Account(orders=150, companies=2, clock=clock)) as server:
        for company in companies_of(server.account):
            server.account.delete(server.account.rows(company)[0]["OrderID"])
        first = sync(server, *LISTS)
        assert {*first.records} == {*LISTS}
        clock.forward(minutes=1)
        idle = sync(server, *LISTS, state=first.state)
    assert not any(idle.records.values())
    assert len(idle.requests) == 1 + 2 * len(LISTS)
    assert idle.state["bookmarks"] == first.state["bookmarks"]


def test_what_is_new_comes_with_the_next_run(server: DemoServer, clock: Clock) -> None:
    first = sync(server, BANK)
    clock.forward(hours=1)
    company = companies_of(server.account)[0]
    [unpaid, *_] = (row["OrderID"] for row in server.account.rows(company) if not row["Paid"])
    server.account.pay(unpaid)
    second = sync(server, BANK, state=first.state)
    assert {*bank(first), *bank(second)} == {*transactions(server)}
    assert len(second.records[BANK]) < len(first.records[BANK]) / 2
    assert len(second.requests) < len(first.requests) * 2 / 3


def test_a_day_later_the_list_is_read_whole(server: DemoServer, clock: Clock) -> None:
    first = sync(server, BANK, full_lists_hours=12)
    clock.forward(hours=11, minutes=50)
    second = sync(server, BANK, state=first.state, full_lists_hours=12)
    clock.forward(minutes=9)
    third = sync(server, BANK, state=second.state, full_lists_hours=12)
    assert len(second.requests) < len(third.requests)
    assert bank(third) == transactions(server)
    whole = sync(server, BANK, state=third.state, full_lists_hours=0)
    assert bank(whole) == transactions(server)


def test_a_round_of_whole_reads_has_one_version(server: DemoServer, clock: Clock) -> None:
    """Were there another in between, a loader could drop what was not sent again."""
    emit: Json = {"emit_activate_version_messages": True}
    first = sync(server, BANK, **emit)
    assert versions(first, "ACTIVATE_VERSION") == versions(first, "RECORD")
    clock.forward(hours=2)
    company = companies_of(server.account)[0]
    [unpaid, *_] = (row["OrderID"] for row in server.account.rows(company) if not row["Paid"])
    server.account.pay(unpaid)
    second = sync(server, BANK, state=first.state, **emit)
    assert versions(second, "RECORD") == versions(first, "RECORD")
    assert not versions(second, "ACTIVATE_VERSION")
    clock.forward(hours=22)
    third = sync(server, BANK, state=second.state, **emit)
    assert versions(third, "ACTIVATE_VERSION") == versions(third, "RECORD")
    assert min(versions(third, "RECORD")) > max(versions(first, "RECORD"))
    assert third.messages[-2]["type"] == "ACTIVATE_VERSION"


def test_a_company_that_is_left_out_takes_part_later(server: DemoServer, clock: Clock) -> None:
    emit: Json = {"emit_activate_version_messages": True}
    one, other = companies_of(server.account)
    path = "/v1/financialTransactions"
    server.fail(Reply.error(403, "LicenseError"), path=path, skip=0)
    first = sync(server, BANK, **emit)
    assert {row["CompanyID"] for row in first.records[BANK]} == {other}
    assert not versions(first, "ACTIVATE_VERSION")
    clock.forward(hours=1)
    second = sync(server, BANK, state=first.state, **emit)
    assert {row["CompanyID"] for row in second.records[BANK]} >= {one}
    assert {*bank(first), *bank(second)} == {*transactions(server)}
    assert versions(second, "RECORD") == versions(first, "RECORD")


@pytest.mark.parametrize(
    "odd",
    [
        {"whole": 5},
        {"whole": "yesterday"},
        {"whole": "2026-10-01T12:00:00"},
        {"down_to": "7"},
        {"written": [7]},
        {"written": 7},
    ],
)
def test_a_state_that_is_broken_is_said(odd: Json, server: DemoServer) -> None:
    first = sync(server, "documents")
    company = companies_of(server.account)[0]
    partition = first.partition("documents", company)
    partition |= odd
    said = str(sync(server, "documents", state=first.state).error)
    assert f"The state of documents, company {company}, is not understood" in said
    assert "meltano run --full-refresh" in said


@pytest.mark.parametrize(
    "odd",
    [
        {"whole": None},
        {"whole": None, "down_to": None, "written": None},
        {"whole": "2126-10-01T12:00:00+00:00"},
    ],
    ids=["no whole", "nothing", "of the future"],
)
def test_a_state_that_says_too_little_is_read_whole(odd: Json, server: DemoServer) -> None:
    first = sync(server, BANK)
    for company in companies_of(server.account):
        partition = first.partition(BANK, company)
        partition |= odd
    assert bank(sync(server, BANK, state=first.state)) == transactions(server)


def test_a_state_of_the_first_version_is_read_whole(server: DemoServer) -> None:
    company = companies_of(server.account)[0]
    state = {"bookmarks": {BANK: {"partitions": [{"context": {"CompanyID": company}}]}}}
    assert bank(sync(server, BANK, state=state)) == transactions(server)


@pytest.mark.parametrize("answer", ["refused", "ignored"])
def test_without_that_order_the_list_is_read_whole(answer: str) -> None:
    with speaking(newest_key=answer) as bench:
        first, second = bench.sync(), bench.sync()
        assert not first.error
        assert not second.error
        bench.check()
        said = "refuses" if answer == "refused" else "takes"
        assert f"Billit {said} `$orderby=<key> desc` for /v1/documents" in first.said
        for path in ("/v1/documents", "/v1/financialTransactions"):
            refused = sum(each.path == path and each.status == 400 for each in second.requests)
            assert len(second.queries(path)) - refused == len(first.queries(path)) - refused
        assert not second.records["documents"]


def test_without_a_date_the_list_is_read_whole() -> None:
    with speaking(date_header="left out") as bench:
        first, second = bench.sync(), bench.sync()
        assert len(second.records[BANK]) == len(first.records[BANK]) > 0


def test_rows_without_a_key_are_looked_for_again(server: DemoServer) -> None:
    """One that is old and without a key: the others are not written each hour."""

    def keyless(request: Request) -> Reply | None:
        if request.path != "/v1/financialTransactions" or "$skip" not in request.query:
            return None
        page: Any = server.normal(request).body
        rows = [row | {KEY: None} if row[KEY] == oldest else row for row in page["Items"]]
        return Reply(body={**page, "Items": rows})

    oldest = min(transactions(server))
    server.hooks.append(keyless)
    first = sync(server, BANK)
    second = sync(server, BANK, state=first.state)
    for run in (first, second):
        assert "rows without their key" in str(run.error)
    assert bank(first) == [key for key in transactions(server) if key != oldest]
    assert not bank(second)
    server.hooks.clear()
    third = sync(server, BANK, state=second.state)
    assert third.error is None
    assert oldest in bank(third)
    assert len(bank(third)) < len(bank(first))


def test_a_list_that_is_cut_short_is_read_again(server: DemoServer) -> None:
    server.fail(Reply.error(404, "NotFound"), path="/v1/financialTransactions", skip=2)
    first = sync(server, BANK)
    assert "left for the next run: financial_transactions" in str(first.error)
    second = sync(server, BANK, state=first.state)
    assert {*bank(first), *bank(second)} == {*transactions(server)}


def test_keys_may_be_text() -> None:
    with speaking(ids="text") as bench:
        bench.sync()
        second = bench.sync()
        bench.check()
        assert not second.records[BANK]
        assert not second.records["documents"]


def test_an_amount_that_changes_is_noticed_to_the_digit(server: DemoServer) -> None:
    first = sync(server, BANK)
    changed = max(transactions(server))

    def written(request: Request) -> Reply | None:
        if request.path != "/v1/financialTransactions":
            return None
        page: Any = server.normal(request).body
        rows = [
            row | {"TotalAmount": Decimal("1.50000")} if row[KEY] == changed else row
            for row in page["Items"]
        ]
        return Reply(body={**page, "Items": rows})

    server.hooks.append(written)
    second = sync(server, BANK, state=first.state)
    assert changed in bank(second)
    assert not any(sync(server, BANK, state=second.state).records.values())


def test_what_was_written_by_a_run_that_was_cut_short_is_not_taken_for_what_was_there(
    server: DemoServer, clock: Clock, shown: dict[int, Json]
) -> None:
    first = sync(server, BANK)
    clock.forward(hours=1)
    _, last = companies_of(server.account)
    newest = max(row[KEY] for row in server.account.transactions(last))
    shown[newest] = {"FreeMessage": "a mistake"}

    def stop(message: Json) -> None:
        if message["type"] == "RECORD" and message["record"][KEY] == newest:
            raise OSError("the disk is full")

    second = sync(server, BANK, state=first.state, then=stop)
    assert second.error
    assert newest in bank(second)
    shown.clear()
    third = sync(server, BANK, state=second.state)
    assert newest in bank(third)


@pytest.mark.parametrize("date", [None, "2099-12-31T00:00:00"])
def test_an_old_row_without_a_date_costs_no_whole_list_each_hour(
    server: DemoServer, clock: Clock, shown: dict[int, Json], date: str | None
) -> None:
    shown[min(transactions(server))] = {"ValueDate": date}
    first = sync(server, BANK)
    clock.forward(hours=1)
    second = sync(server, BANK, state=first.state)
    assert len(second.requests) < len(first.requests) * 2 / 3


def test_where_records_get_other_columns_all_are_written(server: DemoServer, clock: Clock) -> None:
    first = sync(server, BANK)
    clock.forward(hours=1)
    maps: Json = {"stream_maps": {BANK: {"one": "1"}}}
    second = sync(server, BANK, state=first.state, **maps)
    assert bank(second) == transactions(server)
    clock.forward(hours=1)
    third = sync(server, BANK, state=second.state, **maps)
    assert not third.records[BANK]
    maps = {"stream_maps": {BANK: {"one": "2"}}}
    assert bank(sync(server, BANK, state=third.state, **maps)) == transactions(server)
