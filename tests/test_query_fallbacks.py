"""Every open question about Billit's API, answered both ways: the sync is right under each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_billit.clock import BillitClock
from tap_billit.demo import Reply
from tap_billit.demo.dialect import QUESTIONS
from tap_billit.errors import ApiError, BillitError, billit_code
from tap_billit.state import CompanyState, Watermark
from tests.kit.dialects import life, speaking
from tests.kit.expected import ROWS, rows_of

if TYPE_CHECKING:
    from tap_billit.demo.messages import Request
    from tests.kit.run import Json


UNORDERED = "refused, another order"
UNUSABLE = {("by_id", UNORDERED), ("skip", "refused"), ("skip", "ignored")}
"""The answers that cannot be honoured: they are said."""

ANSWERS = [("nulls", "left out")] + [
    (question, answer)
    for question, answers in QUESTIONS.items()
    for answer in answers[1:]
    if (question, answer) not in UNUSABLE
]
"""The documented answer to all of them, and each of the others to one of them."""

AT_ONCE = (
    *("link", "client", "grant_body", "grant_errors", "spent", "deleted", "too_many"),
    *("errors", "foreign"),
)
"""Questions on which a second sync says no more than the first."""


@pytest.mark.parametrize(("question", "answer"), ANSWERS)
def test_the_sync_is_right_whatever_the_answer(question: str, answer: str) -> None:
    with speaking(**{question: answer}) as bench:
        if question in AT_ONCE:
            run = bench.sync()
            assert run.error is None, run.said
            bench.check()
        else:
            life(bench)


MIXES = st.fixed_dictionaries(
    {
        question: st.sampled_from([each for each in answers if (question, each) not in UNUSABLE])
        for question, answers in QUESTIONS.items()
    }
)


@settings(max_examples=3 if settings().max_examples < 100 else 300)
@given(answers=MIXES)
def test_the_sync_is_right_under_any_mix(answers: dict[str, str]) -> None:
    with speaking(**answers) as bench:
        life(bench)


FALLBACKS = {
    "times": "a time of day in a filter",
    "newest_first": "`$orderby=LastModified`",
    "by_id": "`$orderby=OrderID`",
    "from_id": "`OrderID ge`",
}


@pytest.mark.parametrize(("question", "feature"), FALLBACKS.items())
def test_a_fallback_is_logged_once_and_kept(question: str, feature: str) -> None:
    with speaking(**{question: "refused"}) as bench:
        first, second = life(bench)
        for run in (first, second):
            said = [line for line in run.log if line.startswith(f"Billit refuses {feature} for")]
            assert len(said) == len(set(said))
        assert f"Billit refuses {feature} for /v1/orders" in first.said + second.said
        refused = [each for each in bench.demo.requests if each.status == 400]
        assert len(refused) <= 2 * 3  # once a run for each of the lists
        filters = [each.query.get("$filter", "") for each in bench.demo.requests]
        by_day = [said for said in filters if "LastModified ge DateTime'2026-10-01'" in said]
        assert bool(by_day) == (question == "times")


def test_an_order_of_its_own_is_said_and_no_bookmark_moves() -> None:
    with speaking(by_id=UNORDERED) as bench:
        run = bench.sync()
        assert "refuses `$orderby=OrderID` and has another order of its own" in str(run.error)
        assert "open question" in str(run.error)
        for stream in ("sales_invoices", "sales_invoice_details"):
            assert "replication_key_value" not in str(run.state["bookmarks"][stream])


@pytest.mark.parametrize("question", ["from_id", "by_id"])
def test_offsets_lose_nothing_when_orders_are_deleted_meanwhile(question: str) -> None:
    with speaking(**{question: "refused"}) as bench:
        company = bench.companies[0]
        before = len(bench.account.deleted(company))

        def delete_the_first(request: Request) -> None:
            if "$skip" in request.query and request.party_id == str(company):
                asked = request.query.get("$filter", "")
                for kind in ROWS.values():
                    few = len(bench.account.deleted(company)) < before + 12
                    if few and all(f"'{word}'" in asked for word in kind):
                        for victim in rows_of(bench.account, kind, company)[:2]:
                            bench.account.delete(victim["OrderID"])

        bench.demo.hooks.append(delete_the_first)
        run = bench.sync()
        assert run.error is None, run.said
        for stream, kind in ROWS.items():
            wanted = {row["OrderID"] for row in rows_of(bench.account, kind, company)}
            assert wanted <= {order for (order,) in bench.tables[stream]}
        assert len(bench.account.deleted(company)) >= before + 4


def test_without_a_newest_change_the_bookmark_is_the_date_less_a_day() -> None:
    with speaking(rows="fewer") as bench:
        life(bench)
        partitions = bench.state["bookmarks"]["sales_invoices"]["partitions"]
        for each in partitions:  # and less the time that the answer took
            assert "2026-09-30T12:54:00" < each["replication_key_value"] < "2026-09-30T12:55:00"
        assert all(each["mark"] is None for each in partitions)


@pytest.mark.parametrize("answers", [{"rows": "fewer"}, {"newest_first": "refused"}])
def test_without_a_date_either_no_bookmark_moves(answers: dict[str, str]) -> None:
    with speaking(**answers, date_header="left out") as bench:
        life(bench)
        assert "replication_key_value" not in str(bench.state)


def test_a_list_that_cannot_be_ordered_is_read_from_the_day_before() -> None:
    with speaking(newest_first="refused") as bench:
        first, second = life(bench)
        assert len(first.records["parties"]) > len(second.records["parties"])
        (bookmark, _) = bench.state["bookmarks"]["parties"]["partitions"]
        assert bookmark["replication_key_value"].startswith("2026-09-30")


def test_an_order_by_change_that_is_ignored_is_noticed() -> None:
    def ignore(request: Request) -> None:
        if "LastModified" in request.query.get("$orderby", ""):
            del request.query["$orderby"]

    with speaking() as bench:
        bench.demo.hooks.append(ignore)
        life(bench)
        for each in bench.state["bookmarks"]["parties"]["partitions"]:
            assert each["replication_key_value"].startswith("2026-09-30")


@pytest.mark.parametrize(
    ("foreign", "errors"), [("401", "list"), ("401", "empty"), ("400", "html"), ("403", "top")]
)
def test_a_company_that_is_refused_costs_no_other_its_rows(foreign: str, errors: str) -> None:
    with speaking(foreign=foreign, errors=errors) as bench:
        mine, other = bench.companies

        def not_yours(request: Request) -> Reply | None:
            if request.party_id != str(other):
                return None
            refusal = Reply.error(int(foreign), "NotAuthorized", "U hebt geen toegang.")
            return bench.dialect.finish(request.path, refusal)

        bench.demo.hooks.append(not_yours)
        run = bench.sync()
        whole = f"1 of 2 companies could not be synced: {other}"
        streams = f" streams of a company are left for the next run: sales_invoices of {other}"
        assert (streams if foreign == "400" else whole) in str(run.error)
        assert f"answered {foreign}" in str(run.error)
        assert {row["CompanyID"] for row in run.records["products"]} == {mine}
        assert run.records["sales_invoice_details"]


def test_a_list_of_deleted_orders_that_is_missing_is_said() -> None:
    with speaking(deleted="missing") as bench:
        run = bench.sync()
        assert sum("Billit has no such list (404)" in line for line in run.log) == 2


def test_an_empty_body_is_no_empty_list_elsewhere() -> None:
    with speaking() as bench:
        bench.demo.fail(Reply(body=b""), path="/v1/orders", times=2)
        run = bench.sync()
        assert run.error is None
        bench.check()
        assert any("that is not JSON" in line for line in run.log)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"errors":[{"Code":"A","Description":"b"}]}', ("A", "b")),
        (b'{"Errors":[{"code":"A"}]}', ("A", None)),
        (b'{"Code":"A","Description":"b"}', ("A", "b")),
        (b'{"Message":"b"}', (None, "b")),
        (b'{"error":"invalid_token","error_description":"b"}', ("invalid_token", "b")),
        (b"<html>", (None, None)),
        (b"", (None, None)),
        (b"[]", (None, None)),
        (b'{"errors":["b"]}', (None, None)),
    ],
)
def test_the_code_is_found_wherever_it_is(body: bytes, said: tuple[Any, Any]) -> None:
    response = requests.Response()
    response._content = body
    assert billit_code(response) == said


@pytest.mark.parametrize("newest", ["2026-10-01T10:00:00Z", "2026-10-01T12:00:00.5+02:00"])
def test_a_mark_with_an_offset_leaves_a_day(newest: str) -> None:
    """In which zone a filter's naive date-times are compared is inferred only."""
    state: Json = {}
    crawl = CompanyState(state, clock=BillitClock(ZoneInfo("Europe/Brussels")), start=None)
    crawl.begin(Watermark(newest, None), lookback=timedelta(minutes=5))
    crawl.complete()
    assert state["replication_key_value"] in {"2026-09-30T11:55:00", "2026-09-30T11:55:00.5"}


def test_a_company_without_a_party_id_is_said() -> None:
    with speaking() as bench:
        reply = Reply(body={"Companies": [{"Name": "Naamloos"}]})
        bench.demo.fail(reply, path="/v1/account/accountInformation")
        assert "without a PartyID" in str(bench.sync().error)


def test_a_refusal_of_something_else_is_raised_as_it_is() -> None:
    with speaking() as bench:
        bench.demo.fail(Reply.error(400, "Other", "no"), path="/v1/products", times=9)
        run = bench.sync()
        assert isinstance(run.error, BillitError)
        assert not isinstance(run.error, ApiError)
        assert "Other - no" in str(run.error)
        assert not any("Billit refuses" in line for line in run.log)
