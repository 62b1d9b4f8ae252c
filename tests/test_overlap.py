"""Pages that overlap by a row: nothing that stands still is hidden, whatever happens meanwhile."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_billit.api.overlap import OverlapPaginator
from tap_billit.demo.messages import Reply
from tests.kit.demo import PARTIES
from tests.kit.dialects import speaking
from tests.kit.run import ids, sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_billit.demo import DemoServer, Request
    from tests.kit.run import Json

ORDERS: dict[str, Callable[[Json], Any]] = {
    "newest change first": lambda row: (-row["LastModified"], row["ID"]),
    "by key": lambda row: row["ID"],
    "newest key first": lambda row: -row["ID"],
    "by name": lambda row: (row["Name"], row["ID"]),
}
"""Orders that Billit may have of its own: each depends on the row alone."""

moves = st.lists(
    st.tuples(st.sampled_from(("add", "edit", "remove")), st.integers(0, 30), st.integers(0, 9)),
    max_size=3,
)


class List:
    """Rows under change, in some order."""

    def __init__(self, size: int, order: Callable[[Json], Any]) -> None:
        self.order, self.time = order, 0
        self.rows: list[Json] = []
        self.touched: set[int] = set()
        for number in range(size):
            self.change("add", number, number % 7)

    def change(self, what: str, number: int, name: int) -> None:
        self.time += 1
        row = {"ID": self.time}
        if what != "add":
            if not self.rows:
                return
            row = self.rows.pop(number % len(self.rows))
        self.touched.add(row["ID"])
        if what != "remove":
            row = row | {"Name": name, "LastModified": self.time}
            self.rows = sorted([*self.rows, row], key=self.order)


@pytest.mark.parametrize("order", ORDERS)
@example(size=7, page=3, plan=[[], [("remove", 1, 0), ("remove", 1, 0), ("edit", 0, 5)]])
@given(size=st.integers(0, 14), page=st.integers(2, 4), plan=st.lists(moves, max_size=12))
def test_what_stands_still_is_read_once(order: str, size: int, page: int, plan: Any) -> None:
    listed = List(size, ORDERS[order])
    listed.touched.clear()
    paginator = OverlapPaginator("/v1/x", {}, key="ID")
    read: list[Json] = []
    for step in range(10**6):
        if paginator.query is None:
            break
        for move in plan[step] if step < len(plan) else ():
            listed.change(*move)
        skip = int(paginator.query_without(frozenset()).get("$skip", 0))
        rows = [dict(row) for row in listed.rows[skip : skip + page]]
        new = [*rows]
        paginator._fruitless = 0  # pages are small, and changes many
        paginator.advance(new, rows, more=len(listed.rows) > skip + page)
        read += new
    still = [row for row in listed.rows if row["ID"] not in listed.touched]
    assert [sum(row == other for other in read) for row in still] == [1] * len(still)


def test_parties_are_asked_by_offsets_that_overlap(demo: DemoServer) -> None:
    run = sync(demo, "parties")
    company = demo.account.companies[0]["PartyID"]
    first, *others = run.queries(PARTIES, company)[1:]
    assert first == {"$orderby": "LastModified desc"}
    assert [query["$skip"] for query in others] == [str(9 * at) for at in range(1, len(others) + 1)]


@pytest.mark.parametrize("skip", ["refused", "ignored"])
def test_without_offsets_a_list_is_no_longer_than_a_page(skip: str) -> None:
    """That is said; no bookmark moves, and nothing is asked without end."""
    with speaking(skip=skip) as bench:
        run = bench.sync()
        said = "not accept the query" if skip == "refused" else "lists nothing new, again and again"
        assert "streams of a company are left for the next run: " in str(run.error)
        assert said in str(run.error)
        assert not run.state["bookmarks"]["parties"]["partitions"][0].get("replication_key_value")
        assert run.state["bookmarks"]["sales_invoices"]["partitions"][0]["replication_key_value"]
        assert len(run.queries(PARTIES)) < 2 * 15


@pytest.mark.parametrize(
    ("stream", "key"),
    [("parties", "PartyID"), ("financial_transactions", "BankAccountTransactionID")],
)
@pytest.mark.parametrize("page", [3, -1])
def test_an_order_that_is_refused_meanwhile_begins_again(
    page: int, stream: str, key: str, server: DemoServer
) -> None:
    whole = sync(server, stream)
    path = "/v1/parties" if stream == "parties" else "/v1/financialTransactions"
    asked = range(len(whole.queries(path)))
    server.fail(Reply.error(400, "GenericError"), path=path, skip=asked[page])
    run = sync(server, stream)
    assert not run.error
    assert "Billit refuses `$orderby" in run.said
    assert run.table(stream, key=key) == whole.table(stream, key=key)


def test_rows_without_a_key_at_the_edge_of_a_page(server: DemoServer) -> None:
    """The overlap is the last row that has one."""
    whole = sync(server, "parties")

    def keyless(request: Request) -> Reply | None:
        if request.path != PARTIES or "$top" in request.query:
            return None
        page: Any = server.normal(request).body
        rows = [row | {"PartyID": None} if row["PartyID"] in odd else row for row in page["Items"]]
        return Reply(200, {**page, "Items": rows})

    keys = [record["PartyID"] for record in whole.records["parties"]]
    odd = {keys[at] for at in (8, 9, 10, 30)}
    server.hooks.append(keyless)
    run = sync(server, "parties")
    assert "rows without their key: parties" in str(run.error)
    assert ids(run.records["parties"], "PartyID") == [key for key in keys if key not in odd]


@pytest.mark.parametrize("key", [Decimal("7.0"), "7.0", "7", Decimal("0.7E+1")])
@pytest.mark.parametrize(("stream", "name"), [("documents", "DocumentID"), ("parties", "PartyID")])
def test_a_key_with_a_point_is_a_key(key: Any, stream: str, name: str, server: DemoServer) -> None:
    def written(request: Request) -> Reply | None:
        if request.path != f"/v1/{stream}" or "$top" in request.query:
            return None
        page: Any = server.normal(request).body
        rows = [row | {name: key} if at == 0 else row for at, row in enumerate(page["Items"])]
        return Reply(200, {**page, "Items": rows[:5], "NextPageLink": None})

    server.hooks.append(written)
    run = sync(server, stream)
    assert not run.error
    assert [type(record[name]) for record in run.records[stream]] == [int] * 5
    assert run.records[stream][0][name] == 7
