"""What version 0.1 left behind, a state and a token store, is read by this one as it stands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tap_billit.demo import DemoServer
from tap_billit.redaction import fingerprint
from tap_billit.tokens.store import open_store
from tests.kit.demo import account
from tests.kit.run import sync

WRITTEN = Path(__file__).parent / "written_by_0_1"
"""By 879397c: a complete sync of 60 orders of two companies, one cut short after 15 invoices."""


def state_of(name: str) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((WRITTEN / name).read_text(encoding="utf-8"))
    return state


def test_a_complete_state_is_gone_on_from() -> None:
    state = state_of("state.json")
    with DemoServer(account(orders=60, companies=2), page_size=10) as server:
        run = sync(server, *state["bookmarks"], state=state, refresh_unpaid=False)
    assert run.error is None
    lists = {"deleted_orders", "documents", "financial_transactions"}
    assert run.state["bookmarks"].keys() == state["bookmarks"].keys()
    for stream in state["bookmarks"].keys() - lists:
        assert run.state["bookmarks"][stream] == state["bookmarks"][stream]
    assert not run.records["sales_invoices"]


@pytest.mark.parametrize("refresh", [True, False])
def test_an_interrupted_crawl_is_gone_on_with_unless_it_must_know_what_is_open(
    refresh: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    state = state_of("state_cut_short.json")
    (partition,) = state["bookmarks"]["sales_invoices"]["partitions"]
    with DemoServer(account(orders=60, companies=2), page_size=10) as server:
        whole = sync(server, "sales_invoices")
        rest = sync(server, "sales_invoices", state=state, refresh_unpaid=refresh)
    assert rest.error is None
    if refresh:
        assert rest.records == whole.records
        assert rest.state == whole.state
    else:
        first = rest.records["sales_invoices"][0]
        assert first["OrderID"] > partition["crawl"]["last_order_id"]


def test_all_rows_are_read_once_where_the_state_does_not_say_what_is_open() -> None:
    state = state_of("state.json")
    with DemoServer(account(orders=60, companies=2), page_size=10) as server:
        whole = sync(server, "sales_invoices")
        once = sync(server, "sales_invoices", state=state)
        then = sync(server, "sales_invoices", state=once.state)
    assert once.records == whole.records
    assert "does not say which orders are open" in once.said
    assert len(then.records["sales_invoices"]) < len(once.records["sales_invoices"])


@pytest.mark.parametrize("name", ["tokens.json", "tokens_cut_off.json"])
def test_a_token_store_is_read(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    shutil.copy(WRITTEN / name, place)
    tokens = open_store(str(place), environment="sandbox", client_id="made-up-client").load()
    assert tokens is not None
    assert tokens.refresh_token == "made-up-refresh-token"
    assert tokens.access_token == "made-up-access-token"
    assert tokens.known == (fingerprint("made-up-spent-token"),)
    assert bool(tokens.spending) is (name == "tokens_cut_off.json")
