"""A demo that answers an open question about Billit in one of its ways, synced and compared."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from unittest import mock

import msgspec
from typing_extensions import override

from tap_billit.demo import Account, DemoServer, Reply
from tap_billit.demo.dialect import Dialect
from tests.kit.expected import DETAILS, KEYS, expected
from tests.kit.run import Run, sync

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from tap_billit.demo.messages import Request
    from tests.kit.run import Json


NOW = datetime(2026, 10, 1, 10, tzinfo=timezone.utc)

PAGE = 6
FEW = PAGE + 2

_names = itertools.count()


class SmallAccount(Account):
    """An account whose lists have little more than a page."""

    @override
    def parties(self, company_id: int) -> list[Json]:
        return super().parties(company_id)[:FEW]

    @override
    def products(self, company_id: int) -> list[Json]:
        return super().products(company_id)[:FEW]

    @override
    def documents(self, company_id: int) -> list[Json]:
        return super().documents(company_id)[:FEW]

    @override
    def transactions(self, company_id: int) -> Any:
        return super().transactions(company_id)[:FEW]


class Bench:
    """An account behind a demo that speaks a dialect, and syncs of it, one after the other."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.now = NOW
        by_offset = (dialect.by_id, dialect.from_id) != ("taken", "taken")
        orders = 36 if by_offset else 14  # more than a page in a stream, or not
        self.account = SmallAccount(orders=orders, companies=2, clock=lambda: self.now)
        self.companies = [company["PartyID"] for company in self.account.companies]
        self.account.delete(self.account.rows(self.companies[0])[3]["OrderID"])
        self.demo = DemoServer(self.account, page_size=PAGE, dialect=dialect)
        self.demo.hooks.append(self._busy_once)
        self.store = f"memory://dialect-{next(_names)}"
        self.token = self.demo.issue_refresh_token()
        self.state: Json = {}
        self.tables: dict[str, dict[Any, Json]] = {}
        self._asked = 0

    def _busy_once(self, request: Request) -> Reply | None:
        self._asked += 1
        if self._asked != 9:
            return None
        busy = Reply.error(429, "TooManyRequests")
        return self.dialect.finish(request.path, replace(busy, headers={"Retry-After": "1"}))

    def sync(self, **config: Any) -> Run:
        hold = "tap_billit.api.rate_limit.RateLimiter.hold"  # else it waits as Billit asks
        with mock.patch("time.sleep"), mock.patch(hold):
            run = sync(
                self.demo,
                state=self.state,
                client_id=self.demo.client_id,
                client_secret=self.demo.client_secret,
                refresh_token=self.token,
                token_store=self.store,
                **config,
            )
        self.state = run.state
        for stream, records in run.records.items():
            table = self.tables.setdefault(stream, {})
            table |= {tuple(record[name] for name in KEYS[stream]): record for record in records}
        return run

    def check(self) -> None:
        """Compare what a target has with the account."""
        wanted = self._wanted()
        assert self.tables.keys() == {stream for stream, rows in wanted.items() if rows}
        for stream, table in self.tables.items():
            assert by_key(table.values()) == by_key(wanted[stream]), stream

    def _wanted(self) -> dict[str, list[Json]]:
        listed = self.dialect.deleted in {"page", "array"}
        return {
            stream: [
                self._record(stream, company, row)
                for company in self.companies
                for row in expected(self.account, stream, company)
            ]
            for stream in KEYS
            if stream != "deleted_orders" or listed
        }

    def _record(self, stream: str, company: int, row: Json) -> Json:
        """The record of a row that Billit shows as the dialect has it."""
        says = replace(self.dialect, ids="numbers", amounts="numbers")
        if stream == "companies" or stream in DETAILS:
            whole: Json = says.written(row)
            return whole
        record: Json = {**says.written(says.row(row)), "CompanyID": company}
        colour = record.pop("Colour", None)
        if colour and stream != "orders":  # the index has its columns alone
            record["Other"] = {"Colour": colour}
        return record


def by_key(records: Iterable[Json]) -> list[bytes]:
    """The records as JSON, digit for digit, without what is null."""
    return sorted(msgspec.json.encode(_told(record), order="sorted") for record in records)


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _told(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_told(part) for part in value]
    return f"{value} exactly" if isinstance(value, Decimal) else value


@contextmanager
def speaking(**answers: Any) -> Generator[Bench]:
    bench = Bench(Dialect(**answers))
    with bench.demo:
        yield bench


def life(bench: Bench) -> list[Run]:
    """A first sync, an hour in which things change and the token expires, and a second sync."""
    first = bench.sync()
    assert first.error is None, first.said
    bench.check()
    bench.now += timedelta(hours=1)
    bench.demo.expire_access_tokens()
    company = bench.companies[0]
    bench.account.create(company, TotalExcl=Decimal("12.30"))
    bench.account.create(company, OrderDirection="Cost", OrderType="CreditNote")
    bench.account.change(bench.account.rows(company)[0]["OrderID"], Reference="anders")
    second = bench.sync()
    assert second.error is None, second.said
    bench.check()
    return [first, second]
