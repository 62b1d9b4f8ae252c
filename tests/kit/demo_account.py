"""All that the demo's account holds at a moment, for tests that go over the whole of it."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING

from tap_billit.demo import Account
from tests.kit.expected import companies_of

if TYPE_CHECKING:
    from tests.kit.run import Json

REFERENCE = datetime(2026, 10, 1, tzinfo=timezone.utc)
"""When the account holds as many live orders as asked for."""


def rows_by_id(account: Account) -> dict[int, Json]:
    """The rows of all companies, as they are now."""
    return {row["OrderID"]: row for each in companies_of(account) for row in account.rows(each)}


class Holdings:
    """The companies, rows and details by their IDs, and the bank transactions, as they are now."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.companies = {company["PartyID"]: company for company in account.companies}
        self.rows = rows_by_id(account)
        self.transactions = [
            every for each in companies_of(account) for every in account.transactions(each)
        ]

    @cached_property
    def details(self) -> dict[int, Json]:
        return {order: self._account.document(order) for order in self.rows}


def whole_account(now: datetime = REFERENCE) -> Holdings:
    """The account as it comes, at a moment."""
    return Holdings(Account(clock=lambda: now))
