"""Files of invoices and credit notes: PDF, attachments, UBL. The bytes go to a store, not here."""

from __future__ import annotations

import logging
import mimetypes
from base64 import b64decode
from binascii import Error as Base64Error
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from requests import codes
from typing_extensions import override

from tap_billit.api import odata
from tap_billit.errors import ApiError, BillitError
from tap_billit.file_store import FileStore
from tap_billit.schemas.invoice_file import INVOICE_FILE
from tap_billit.streams.order_details import OrderDetails

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from singer_sdk.helpers.types import Context, Record


class InvoiceFiles(OrderDetails):
    """One record a file, crawled with the orders; a file that is in the store is not read again."""

    name = "invoice_files"
    primary_keys = ("OrderID", "FileID")
    schema = INVOICE_FILE
    cost = "as details of all orders, and 1 for each new file"
    selected_by_default = False

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        """The records; none in a connection test, which selects each stream, without a place."""
        if self.ABORT_AT_RECORD_COUNT is None or self.config.get("files_url"):
            yield from super().get_records(context)

    @override
    def kinds(self) -> list[str]:
        return [odata.any_of(*(odata.eq("OrderType", kind) for kind in ("Invoice", "CreditNote")))]

    @override
    def read(self, order: int, company: int) -> list[Record] | None:
        documents = super().read(order, company)
        if documents is None:
            return None
        return [self._file(*file, documents[0], company) for file in _references(documents[0])]

    def _file(self, role: str, file: dict[str, Any], document: Record, company: int) -> Record:
        order, file_id = document["OrderID"], str(file["FileID"])
        name = file.get("FileName") or file_id
        record = {
            "CompanyID": company,
            "OrderID": order,
            "FileID": file_id,
            "Role": role,
            "FileName": name,
            "MimeType": mimetypes.guess_type(name)[0],
            "LastModified": document.get("LastModified"),
        }
        place = self._store.place(company=company, order=order, file_id=file_id, name=name)
        content = self._store.read(place)
        if content is None:
            content = self._fetch(file_id, company)
            if content is None:
                return {**record, "Skipped": "Billit has no such file"}
            if len(content) > self._largest:
                megabytes = self.config["files_max_mb"]
                problem = f"file {file_id} is over {megabytes} MB, skipped"
                self.say(company, problem, level=logging.WARNING)
                return {**record, "Skipped": f"larger than {megabytes} MB"}
            self._store.write(place, content)
        return {
            **record,
            "Size": len(content),
            "SHA256": sha256(content).hexdigest(),
            "Location": self._store.location(place),
        }

    def _fetch(self, file_id: str, company: int) -> bytes | None:
        path = f"/v1/files/{quote(file_id, safe='')}"
        try:
            body = self.account.client.get(path, company=company).body
        except ApiError as error:
            if error.status == codes.not_found:
                return None
            raise
        try:
            return b64decode(body["FileContent"], validate=True)
        except (KeyError, TypeError, ValueError, Base64Error):
            raise BillitError(f"Billit answered {path} with something that is no file.") from None

    @property
    def _largest(self) -> float:
        megabytes: float = self.config["files_max_mb"]
        return megabytes * 1_000_000

    @cached_property
    def _store(self) -> FileStore:
        url = self.config.get("files_url")
        if not url:
            raise BillitError(
                f"`{self.name}` is selected, but `files_url` does not say where files go."
            )
        return FileStore(url)


def _references(document: Record) -> Iterator[tuple[str, dict[str, Any]]]:
    if (document.get("OrderPDF") or {}).get("FileID"):
        yield "OrderPDF", document["OrderPDF"]
    for file in document.get("Attachments") or ():
        if file.get("FileID"):
            yield "Attachments", file
