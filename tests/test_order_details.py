"""Whole documents and files: what they cost, and what happens when they are gone or too large."""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo.messages import Reply
from tap_billit.errors import BillitError
from tests.kit.run import ids

if TYPE_CHECKING:
    from tap_billit.demo.account import Account
    from tap_billit.demo.messages import Request
    from tests.kit.run import Run, Runner

DETAILS = "sales_invoice_details"


def asked(run: Run, prefix: str) -> list[str]:
    return [request.path for request in run.requests if request.path.startswith(prefix)]


def test_a_document_costs_a_request_and_rows_cost_none(run: Runner) -> None:
    details = run(DETAILS, recent_days=0)
    documents = details.records[DETAILS]
    assert len(documents) > 20
    assert len(asked(details, "/v1/orders/")) == len(documents)
    # The companies, their marks, and ten rows a page, of which each company's last is not full.
    assert len(details.requests) - len(documents) <= 1 + 2 + len(documents) / 10 + 2
    assert asked(run("sales_invoices"), "/v1/orders/") == []


def test_documents_come_in_order_each_company_whole(run: Runner) -> None:
    for company in {
        document["CompanyID"] for document in run(DETAILS, recent_days=0).records[DETAILS]
    }:
        of_company = [d for d in run.last.records[DETAILS] if d["CompanyID"] == company]
        assert ids(of_company) == sorted(ids(of_company))


def test_an_order_deleted_between_list_and_read_is_skipped_and_counted(
    run: Runner, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    gone = ids(run(DETAILS).records[DETAILS])[3]

    def delete(request: Request) -> None:
        if request.path.startswith("/v1/orders/") and account.document(gone):
            run.demo.hooks.clear()
            account.delete(gone)

    run.demo.hooks.append(delete)
    left = ids(run(DETAILS, company_ids=[account.company_of(gone)]).records[DETAILS])
    assert gone not in left
    assert len(left) > 3
    assert "1 orders were deleted meanwhile, and skipped" in caplog.text


def test_the_log_tells_how_far_it_is(
    run: Runner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While the list still goes on it cannot say how much is left."""
    caplog.set_level("INFO")
    monkeypatch.setattr("tap_billit.state_messages.STATE_EVERY", 0)
    company = run.demo.account.companies[0]["PartyID"]
    two_are_written = threading.Event()

    def second_page_comes_late(request: Request) -> Reply | None:
        if "OrderID ge" in request.query.get("$filter", "") and not two_are_written.is_set():
            return Reply.error(503, "Busy")
        if len([each for each in run.demo.requests if each.path.startswith("/v1/orders/")]) > 7:
            two_are_written.set()  # as five are under way at once
        return None

    run.demo.hooks.append(second_page_comes_late)
    sleep = SimpleNamespace(sleep=lambda _: two_are_written.wait(20))
    monkeypatch.setattr("backoff._sync.time", sleep)
    documents = run(DETAILS, company_ids=[company], recent_days=0).records[DETAILS]
    assert "1 orders, 10 are listed so far" in caplog.text
    assert f"company {company}: {len(documents)} orders to read in detail" in caplog.text
    assert f"{len(documents)} of {len(documents)} orders, at least 0 minutes to go" in (caplog.text)


def files(run: Runner, folder: Path, **config: Any) -> list[dict[str, Any]]:
    return run("invoice_files", files_url=str(folder), **config).records["invoice_files"]


def test_files_are_put_where_the_record_says(run: Runner, tmp_path: Path) -> None:
    records = files(run, tmp_path / "files")
    assert {record["Role"] for record in records} == {"OrderPDF", "Attachments"}
    for record in records:
        content = Path(record["Location"].removeprefix("file://")).read_bytes()
        assert len(content) == record["Size"] > 0
        assert hashlib.sha256(content).hexdigest() == record["SHA256"]
    assert len([f for f in tmp_path.rglob("*") if f.is_file()]) == len(records)
    assert not any("Content" in name for name in records[0])


def test_a_file_that_is_there_is_not_read_again(run: Runner, tmp_path: Path) -> None:
    first = files(run, tmp_path)
    assert len(asked(run.last, "/v1/files/")) == len(first)
    assert files(run, tmp_path) == first
    assert asked(run.last, "/v1/files/") == []


def test_a_file_that_is_too_large_is_named_and_skipped(
    run: Runner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    records = files(run, tmp_path, files_max_mb=0.0001)
    assert {record["Skipped"] for record in records} == {"larger than 0.0001 MB"}
    assert not any("SHA256" in record for record in records)
    assert "is over 0.0001 MB, skipped" in caplog.text
    assert list(tmp_path.iterdir()) == []


def answer_files(run: Runner, reply: Reply) -> None:
    run.demo.hooks.append(lambda r: reply if r.path.startswith("/v1/files/") else None)


def test_a_file_that_billit_has_no_more_is_named_and_skipped(run: Runner, tmp_path: Path) -> None:
    """Not before a second run has found so as well."""
    file = files(run, tmp_path / "whole")[3]
    run.demo.fail(Reply.error(404, "NotFound"), path=f"/v1/files/{file['FileID']}", times=2)
    with pytest.raises(BillitError, match=f"tried again: invoice_files {file['OrderID']}"):
        files(run, tmp_path / "files")
    again = files(run, tmp_path / "files", state=run.last.state)
    assert {each["OrderID"] for each in again} == {file["OrderID"]}
    skipped = {each["FileID"]: each["Skipped"] for each in again if "Skipped" in each}
    assert skipped == {file["FileID"]: "Billit has no such file"}


def test_something_that_is_no_file_stops_the_run(run: Runner, tmp_path: Path) -> None:
    answer_files(run, Reply(200, {"FileContent": "not base64!"}))
    with pytest.raises(BillitError, match="something that is no file"):
        files(run, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_name_leads_out_of_the_folder(run: Runner, account: Account, tmp_path: Path) -> None:
    order = account.create(
        account.companies[0]["PartyID"],
        OrderType="Invoice",
        OrderPDF={"FileID": "../../id", "FileName": "../../../etc/passwd"},
    )
    answer_files(run, Reply(200, {"FileContent": b64encode(b"bytes").decode()}))
    (record,) = (r for r in files(run, tmp_path / "files") if r["OrderID"] == order)
    place = Path(record["Location"].removeprefix("file://")).resolve()
    assert place.is_relative_to(tmp_path / "files")
    assert place.read_bytes() == b"bytes"


def test_without_a_place_for_files_the_run_says_so(run: Runner) -> None:
    with pytest.raises(BillitError, match="selected, but `files_url` is not set"):
        run("invoice_files")
