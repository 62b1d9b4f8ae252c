"""What does not pass ends the run with a clear message; the next run completes the table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tap_billit.demo import DemoServer, Reply, Request
from tap_billit.errors import STATUS_RULES
from tests.kit.comparison import DETAILS, ROWS, check_resumed, retries, run_without_faults
from tests.kit.demo import ALWAYS, ORDERS, account, act_after, error, oauth
from tests.kit.run import sync
from tests.test_retries import STUMBLES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.demo import Waits


class Refusal(NamedTuple):
    """A reply that ends the run: what the message says, path and what to check included."""

    reply: Reply
    says: str


LIST = "/v1/orders with JSON that is not a list"

REFUSALS = {
    "400": Refusal(
        error(400, "GenericError", "Could not find a property named 'X'"),
        "400 to /v1/orders: GenericError - Could not find a property named 'X' .*report this",
    ),
    "401 foreign": Refusal(
        error(401, "NotAuthorized", "Geen toegang"),
        "401 to /v1/orders: NotAuthorized - Geen toegang .*login belongs to this environment",
    ),
    "401 key": Refusal(error(401, "ApiKeyNotValid"), "401 to /v1/orders: ApiKeyNotValid .*login"),
    "403": Refusal(
        error(403, "Forbidden", "Geen licentie"),
        "403 to /v1/orders: Forbidden - Geen licentie .*licence includes the API",
    ),
    "404": Refusal(error(404, "NotFound"), "404 to /v1/orders: NotFound .*`api_url`"),
    "409": Refusal(
        error(409, "Idempotent", "Token exists"),
        "409 to /v1/orders: Idempotent - Token exists .*check the settings",
    ),
    "410 without JSON": Refusal(Reply(410, b"gone"), "410 to /v1/orders: Gone"),
    "web framework": Refusal(
        Reply(405, {"Message": "Not supported"}), "405 to /v1/orders: Not supported"
    ),
    "bare code": Refusal(Reply(403, {"Code": "C", "Description": "D"}), "403 to /v1/orders: C - D"),
    "redirect": Refusal(
        Reply(302, b"", {"Location": "https://elsewhere.example/v1/orders"}),
        "302 to /v1/orders: Found .*redirects are not followed",
    ),
    "a list of numbers": Refusal(Reply(200, [1, 2]), LIST),
    "no Items": Refusal(Reply(200, {"Rows": []}), LIST),
    "Items no list": Refusal(Reply(200, {"Items": {"OrderID": 1}}), LIST),
    "a string": Refusal(Reply(200, b'"OK"'), LIST),
    "null": Refusal(Reply(200, b"null"), LIST),
    "no OrderID": Refusal(Reply(200, {"Items": [{"x": 1}]}), "OrderID"),
    "not in order": Refusal(
        Reply(200, {"Items": [{"OrderID": 9**9}, {"OrderID": 9**8}], "NextPageLink": "x"}),
        r"order 43046721 after order 387420489",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_ends_the_run_and_loses_nothing(
    name: str, server: DemoServer, waits: Waits
) -> None:
    reply, says = REFUSALS[name]
    plain = run_without_faults(ROWS)
    server.fail(reply, path=ORDERS, skip=2, times=ALWAYS)
    run = sync(server, ROWS)
    assert re.search(says, str(run.error)), run.said
    assert not waits.seconds
    assert not retries(run)
    check_resumed(server, run, plain)


def test_a_refused_company_costs_no_other(waits: Waits) -> None:
    with DemoServer(account(companies=3), page_size=10) as server:
        plain = run_without_faults(ROWS, "sales_credit_notes", companies=3)
        second = server.account.companies[1]["PartyID"]

        def refuse(request: Request) -> Reply | None:
            mine = request.party_id == str(second)
            return error(401, "NotAuthorized", "Geen toegang") if mine else None

        server.hooks.append(refuse)
        run = sync(server, ROWS, "sales_credit_notes")
        asked = [request for request in server.requests if request.party_id == str(second)]
        assert len(asked) == 1
        assert re.search(rf"1 of 3 companies .* {second}: .*NotAuthorized", str(run.error))
        expected = [row for row in plain.records[ROWS] if row["CompanyID"] != second]
        assert run.records[ROWS] == expected
        server.hooks.clear()
        rest = sync(server, ROWS, "sales_credit_notes", state=run.state)
    assert rest.table(ROWS, run) == plain.table(ROWS)
    assert not waits.seconds


def test_a_document_that_was_deleted_meanwhile(server: DemoServer, waits: Waits) -> None:
    plain = run_without_faults(DETAILS)
    first, *others = (row["OrderID"] for row in plain.records[DETAILS])
    gone = others[6:8]  # on the first page, and not among the five that are read at once

    def delete(request: Request) -> None:
        if request.path == f"{ORDERS}/{first}":
            for order in gone:
                server.account.delete(order)
            server.hooks.clear()

    server.hooks.append(delete)
    run = sync(server, DETAILS)
    assert not run.error
    assert run.table(DETAILS).keys() == plain.table(DETAILS).keys() - set(gone)
    assert "2 orders were deleted meanwhile, and skipped" in run.said
    assert not waits.seconds


def test_an_expired_token_is_renewed(server: DemoServer, waits: Waits, tmp_path: Path) -> None:
    plain = run_without_faults(ROWS)
    act_after(server, 2, server.expire_access_tokens)
    run = sync(server, ROWS, **oauth(server, tmp_path))
    assert not run.error
    assert run.records[ROWS] == plain.records[ROWS]
    assert [each.status for each in server.requests].count(401) == 1
    assert not waits.seconds


def test_a_token_that_billit_forgot_is_renewed_once(
    server: DemoServer, waits: Waits, tmp_path: Path
) -> None:
    server.fail(error(401, "InvalidAccessToken"), path=ORDERS, skip=2, times=ALWAYS)
    run = sync(server, ROWS, **oauth(server, tmp_path))
    assert "401 to /v1/orders: InvalidAccessToken" in str(run.error)
    assert server.refreshes == 2
    assert not waits.seconds


def test_a_login_that_was_taken_back(server: DemoServer, waits: Waits, tmp_path: Path) -> None:
    plain = run_without_faults(ROWS)
    config = oauth(server, tmp_path)
    act_after(server, 2, server.revoke)
    run = sync(server, ROWS, **config)
    assert re.search(r"AccessTokenRevoked.*`tap-billit-login ", str(run.error))
    assert not waits.seconds
    server.hooks.clear()
    config["refresh_token"] = server.issue_refresh_token()
    rest = sync(server, ROWS, state=run.state, **config)
    assert rest.table(ROWS, run) == plain.table(ROWS)


def test_every_status_of_the_table_is_tested() -> None:
    tested = {int(name[:3]) for name in {**STUMBLES, **REFUSALS} if name[:3].isdecimal()}
    assert STATUS_RULES.keys() <= tested
