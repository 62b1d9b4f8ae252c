"""Files of invoices and credit notes: PDF, attachments, UBL. The bytes go to a store, not here."""

from __future__ import annotations

import logging
import mimetypes
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from typing_extensions import override

from tap_billit.api import odata
from tap_billit.errors import AnswerError, ApiError, BillitError, Costs, MissingFileError
from tap_billit.file_store import FileStore, decoded
from tap_billit.schemas.invoice_file import INVOICE_FILE
from tap_billit.streams.order_details import OrderDetails
from tap_billit.streams.orders import is_or_absent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

    from tap_billit.api.paginator import Row
KINDS = ("Invoice", "CreditNote")


class InvoiceFiles(OrderDetails):
    """One record a file, crawled with the orders; a file that is in the store is not read again."""

    name = "invoice_files"
    primary_keys = ("OrderID", "FileID")
    schema = INVOICE_FILE
    cost = "as details of all orders, and 1 for each new file"
    selected_by_default = False
    needs = "files_url"
    at_once = 2  # a file is in memory three times while it is read

    @override
    def kinds(self) -> list[str]:
        return [odata.any_of(*(odata.eq("OrderType", kind) for kind in KINDS))]

    @override
    def is_of_kind(self, order: Row) -> bool:
        return is_or_absent(order.get("OrderType"), *KINDS)

    @override
    def read(self, order: int, company: int, *, again: bool) -> Iterator[Record]:
        """A record for each file; one that cannot be had does not cost the others."""
        failure = None
        for details in super().read(order, company, again=again):
            for role, file in _references(details):
                try:
                    yield self._file(role, file, details, company, again=again)
                except BillitError as error:  # noqa: PERF203  what fails costs itself alone
                    if error.costs is Costs.RUN:
                        raise
                    failure = error
        if failure:
            raise failure

    @override
    def estimate(self, orders: int) -> None:
        """Say nothing: an order has any number of files."""

    def _file(
        self, role: str, file: dict[str, Any], details: Record, company: int, *, again: bool
    ) -> Record:
        order, file_id = details["OrderID"], str(file["FileID"])
        name = _name_of(file.get("FileName")) or file_id
        record = {
            "CompanyID": company,
            "OrderID": order,
            "FileID": file_id,
            "Role": role,
            "FileName": name,
            "MimeType": mimetypes.guess_type(name)[0],
            "LastModified": details.get("LastModified"),
        }
        place = self._store.place(company=company, order=order, file_id=file_id, name=name)
        stored = self._store.find(place)
        if stored is None:
            content = self._fetch(file_id, company, again=again)
            if content is None:
                return {**record, "Skipped": "Billit has no such file"}
            if len(content) > self._largest:
                megabytes = self.account.settings.files_max_mb
                problem = f"file {file_id} is over {megabytes} MB, skipped"
                self.say(company, problem, level=logging.WARNING)
                return {**record, "Skipped": f"larger than {megabytes} MB"}
            stored = self._store.write(place, content)
        return {
            **record,
            "Size": stored.size,
            "SHA256": stored.sha256,
            "Location": self._store.location(place),
        }

    def _fetch(self, file_id: str, company: int, *, again: bool) -> bytes | None:
        """The bytes; None if Billit says in a second run as well that it has no such file."""
        path = f"/v1/files/{quote(file_id, safe='')}"
        try:
            body = self.account.client.get(path, company=company).body
        except ApiError as error:
            if not error.maybe_gone:
                raise
            if again:
                return None
            raise MissingFileError(f"Billit has no file {file_id} ({error.brief}).") from None
        try:
            return decoded(body["FileContent"])
        except (KeyError, TypeError, ValueError):
            raise AnswerError(f"Billit answered {path} with something that is no file.") from None

    @property
    def _largest(self) -> float:
        return self.account.settings.files_max_mb * 1_000_000

    @cached_property
    def _store(self) -> FileStore:
        return FileStore(self.account.settings.files_url or "")


def _name_of(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int) else ""


def _references(details: Record) -> Iterator[tuple[str, dict[str, Any]]]:
    attachments = details.get("Attachments")
    for role, file in (
        ("OrderPDF", details.get("OrderPDF")),
        *(("Attachments", each) for each in (attachments if isinstance(attachments, list) else ())),
    ):
        if isinstance(file, dict) and file.get("FileID"):
            yield role, file
