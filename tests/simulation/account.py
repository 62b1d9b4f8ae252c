"""The demo account as histories need it: empty at first, and each list can be changed by hand."""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_billit.demo.account import Account

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

Json = dict[str, Any]

KEYS = {
    "parties": "PartyID",
    "products": "ProductID",
    "documents": "DocumentID",
    "financial_transactions": "BankAccountTransactionID",
}
EDITED = {
    "parties": "Phone",
    "products": "Reference",
    "documents": "Description",
    "financial_transactions": "Note",
}
DATES = {"documents": "CreationDate", "financial_transactions": "ValueDate"}
"""What says how old a row is; the others say when it was modified."""

TRANSACTION = {"BankName": "Demobank", "Currency": "EUR", "TotalAmount": Decimal("12.30")}
FIRST_KEY = 600_000


class SimulatedAccount(Account):
    """Empty lists until something is put into them; a file's bytes never change."""

    def __init__(self, *, companies: int, clock: Callable[[], datetime]) -> None:
        super().__init__(orders=0, companies=companies, clock=clock)
        some = self.companies[0]["PartyID"]
        self._samples = {
            "parties": super().parties(some),
            "products": super().products(some),
            "documents": [
                {name: row[name] for name in ("File", "Name", "Tags")}
                for row in super().documents(some)
            ],
            "financial_transactions": [TRANSACTION],
        }
        self._lists: dict[str, dict[int, tuple[int, Json]]] = {name: {} for name in KEYS}
        self._next_key = FIRST_KEY
        self._serial = 0

    @override
    def parties(self, company_id: int) -> list[Json]:
        return self._of("parties", company_id)

    @override
    def products(self, company_id: int) -> list[Json]:
        return self._of("products", company_id)

    @override
    def documents(self, company_id: int) -> list[Json]:
        return self._of("documents", company_id)

    @override
    def transactions(self, company_id: int) -> Any:
        return self._of("financial_transactions", company_id)

    @override
    def file(self, file_id: str) -> tuple[int, Json]:
        company, made = super().file(file_id)
        return company, {**made, "FileContent": b64encode(self.content(file_id)).decode()}

    def content(self, file_id: str) -> bytes:
        """The bytes of a file."""
        return f"the file {file_id}".encode()

    def keys(self, name: str) -> list[int]:
        """The keys of all rows of a list, of any company."""
        return sorted(self._lists[name])

    def add(self, name: str, company_id: int, stamp: str) -> int:
        """A new row of a list: its key."""
        key, self._next_key = self._next_key, self._next_key + 1
        samples = self._samples[name]
        date = DATES.get(name, "LastModified")
        row = samples[key % len(samples)] | {KEYS[name]: key, date: stamp}
        self._lists[name][key] = (company_id, row)
        return key

    def edit(self, name: str, key: int, stamp: str) -> None:
        """A row changes; its LastModified never goes back, if it has one."""
        company, row = self._lists[name][key]
        self._serial += 1
        changed = row | {EDITED[name]: f"edit {self._serial}"}
        if name not in DATES:
            changed["LastModified"] = max(stamp, row["LastModified"])
        self._lists[name][key] = company, changed

    def dated(self, name: str, key: int) -> str | None:
        """The date of its own that a row has, which says how old it is."""
        date = DATES.get(name)
        return date and self._lists[name][key][1][date]

    def remove(self, name: str, key: int) -> None:
        """A row is deleted."""
        del self._lists[name][key]

    def _of(self, name: str, company_id: int) -> list[Json]:
        rows = self._lists[name]
        return [rows[key][1] for key in sorted(rows) if rows[key][0] == company_id]
