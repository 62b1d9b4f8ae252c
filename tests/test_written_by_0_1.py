"""What version 0.1 left behind, a state and a token store, is read by this one as it stands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tap_billit.auth.token_store import open_store
from tap_billit.demo import DemoServer
from tap_billit.redaction import fingerprint
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
    assert run.state["bookmarks"] == state["bookmarks"]
    assert not run.records["sales_invoices"]


def test_an_interrupted_crawl_is_gone_on_with() -> None:
    state = state_of("state_cut_short.json")
    (partition,) = state["bookmarks"]["sales_invoices"]["partitions"]
    with DemoServer(account(orders=60, companies=2), page_size=10) as server:
        whole = sync(server, "sales_invoices")
        rest = sync(server, "sales_invoices", state=state)
    assert rest.error is None
    assert rest.records["sales_invoices"][0]["OrderID"] > partition["crawl"]["last_order_id"]
    assert rest.state == whole.state


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
