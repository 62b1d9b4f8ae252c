"""A file that cannot be had costs only itself; an odd reference is no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo import DemoServer, Reply
from tests.kit.demo import ALWAYS, ORDERS, account, error
from tests.kit.expected import FILES
from tests.kit.run import ids, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DETAILS = "sales_invoice_details"


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(account(), page_size=10) as server:
        yield server


def test_a_file_costs_only_itself(server: DemoServer, tmp_path: Path) -> None:
    whole = sync(server, FILES, files_url=str(tmp_path / "whole")).records[FILES]
    odd = next(file for file in whole if ids(whole).count(file["OrderID"]) > 1)
    server.fail(error(403, "Forbidden"), path=f"/v1/files/{odd['FileID']}", times=ALWAYS)
    run = sync(server, FILES, files_url=str(tmp_path / "files"))
    assert f"{FILES} {odd['OrderID']} (company" in str(run.error)
    assert len(run.records[FILES]) == len(whole) - 1
    server.hooks.clear()
    rest = sync(server, FILES, files_url=str(tmp_path / "files"), state=run.state)
    assert not rest.error
    assert odd["FileID"] in ids(rest.records[FILES], "FileID")


@pytest.mark.parametrize("order_pdf", ["id", [1], {"FileID": None}, 7])
def test_odd_references_to_files_are_none(
    order_pdf: Any, server: DemoServer, tmp_path: Path
) -> None:
    order = ids(sync(server, DETAILS).records[DETAILS])[0]
    odd = server.account.document(order) | {"OrderPDF": order_pdf, "Attachments": [None, "x"]}
    server.fail(Reply(200, odd), path=f"{ORDERS}/{order}", times=ALWAYS)
    run = sync(server, FILES, files_url=str(tmp_path))
    assert not run.error
    assert order not in ids(run.records[FILES])
