"""The demo account as histories need it: empty at first, and each list can be changed by hand."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_billit.demo.account import Account

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

Json = dict[str, Any]

KEYS = {"parties": "PartyID", "products": "ProductID"}
EDITED = {"parties": "Phone", "products": "Reference"}
FIRST_KEY = 600_000
DOCUMENTS = 2


class SimulatedAccount(Account):
    """Without orders, parties and products until some are made; a file's bytes never change."""

    def __init__(self, *, companies: int, clock: Callable[[], datetime]) -> None:
        super().__init__(orders=0, companies=companies, clock=clock)
        some = self.companies[0]["PartyID"]
        self._samples = {"parties": super().parties(some), "products": super().products(some)}
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
        return super().documents(company_id)[:DOCUMENTS]

    @override
    def file(self, file_id: str) -> tuple[int, Json]:
        company, made = super().file(file_id)
        return company, {**made, "FileContent": b64encode(self.content(file_id)).decode()}

    def content(self, file_id: str) -> bytes:
        """The bytes of a file."""
        return f"the file {file_id}".encode()

    def keys(self, name: str) -> list[int]:
        """The keys of all parties or products, of any company."""
        return sorted(self._lists[name])

    def add(self, name: str, company_id: int, stamp: str) -> int:
        """A new party or product: its key."""
        key, self._next_key = self._next_key, self._next_key + 1
        samples = self._samples[name]
        row = samples[key % len(samples)] | {KEYS[name]: key, "LastModified": stamp}
        self._lists[name][key] = (company_id, row)
        return key

    def edit(self, name: str, key: int, stamp: str) -> None:
        """The party or product changes; its LastModified never goes back."""
        company, row = self._lists[name][key]
        stamp = max(stamp, row["LastModified"])
        self._serial += 1
        changed = row | {"LastModified": stamp, EDITED[name]: f"edit {self._serial}"}
        self._lists[name][key] = company, changed

    def remove(self, name: str, key: int) -> None:
        """The party or product is deleted."""
        del self._lists[name][key]

    def _of(self, name: str, company_id: int) -> list[Json]:
        rows = self._lists[name]
        return [rows[key][1] for key in sorted(rows) if rows[key][0] == company_id]
