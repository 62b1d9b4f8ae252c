"""The figures of each company: what the marts say, put in the order in which the page tells it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_billit.report import queries
from tap_billit.report.marts import MartsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_billit.report.marts import Marts, Row

SIDES = ("receivable", "payable")
BUCKETS = ("not due", "1-30", "31-60", "61-90", "over 90")
WEEKS_BACK, WEEKS_AHEAD, WEEKS_SUMMED = 12, 8, 4
MONTHS = 13
QUARTERS = 5
ROWS = 12

ZERO = Decimal(0)
NOTHING: dict[str, Any] = {}


@dataclass
class Flow:
    """Money in and out, in the company's currency."""

    money_in: Decimal = ZERO
    money_out: Decimal = ZERO
    net: Decimal = ZERO

    def add(self, row: Row) -> None:
        """Count a row of the cash flow in."""
        self.money_in += row["money_in"]
        self.money_out += row["money_out"]
        self.net += row["net"]


@dataclass
class Week:
    """What moved in a week, and what is expected to."""

    start: date
    actual: Flow = field(default_factory=Flow)
    expected: Flow = field(default_factory=Flow)


@dataclass
class Cash:
    """Money by week; `later` is expected after them, `doubtful` may never come."""

    weeks: list[Week]
    this_week: date
    later: Flow = field(default_factory=Flow)
    doubtful: Flow = field(default_factory=Flow)
    unconverted: int = 0

    @property
    def lately(self) -> Flow:
        """The weeks before this one, summed."""
        return _sum(
            week.actual
            for week in self.weeks
            if self.this_week - timedelta(weeks=WEEKS_SUMMED) <= week.start < self.this_week
        )

    @property
    def soon(self) -> Flow:
        """What is expected this week and in the next ones."""
        return _sum(
            week.expected
            for week in self.weeks
            if self.this_week <= week.start < self.this_week + timedelta(weeks=WEEKS_SUMMED)
        )


@dataclass
class Side:
    """What is open on one side, by how late it is; `late` leaves credit notes out."""

    amounts: dict[str, Decimal]
    late: Decimal

    @property
    def total(self) -> Decimal:
        """All of it, credit notes taken off."""
        return sum(self.amounts.values(), ZERO)


@dataclass
class Quarter:
    """VAT of a quarter: a row for each rate and category, and the sums of both sides."""

    start: date
    rates: dict[tuple[Any, Any], dict[str, tuple[Decimal, Decimal]]] = field(default_factory=dict)

    def tax(self, side: str) -> Decimal:
        """The VAT of one side."""
        return sum((rate[side][1] for rate in self.rates.values() if side in rate), ZERO)


@dataclass
class Company:
    """All that the page says of one company."""

    company_id: int
    name: str
    currency: str
    as_of: date
    read_at: datetime | None
    changed_at: datetime | None
    open: dict[str, Side]
    unconverted: list[Row]
    cash: Cash
    ageing: dict[date, dict[str, Decimal]]
    trade: dict[date, dict[str, Decimal]]
    trade_unconverted: int
    quarters: list[Quarter]
    late: list[Row]
    to_pay: list[Row]
    not_to_pay: dict[str, list[Row]]
    coverage: dict[str, Row]
    invoices: int
    without_details: int

    @property
    def gaps(self) -> list[str]:
        """What is not in the figures, as names of words."""
        return [
            *([] if self._has("financial_transactions") else ["gap_bank"]),
            *(["gap_details"] if self.without_details else []),
            *([] if self._has("deleted_orders", loaded=True) else ["gap_deleted"]),
            *([] if self._has("parties") else ["gap_parties"]),
            *(["gap_rates"] if self.unconverted or self.unconverted_elsewhere else []),
            *([] if self.invoices else ["gap_invoices"]),
        ]

    @property
    def unconverted_elsewhere(self) -> int:
        """How many amounts of the past have no rate."""
        return self.trade_unconverted + self.cash.unconverted

    def _has(self, stream: str, *, loaded: bool = False) -> bool:
        row = self.coverage.get(stream, NOTHING)
        return bool(row.get("is_loaded") if loaded else row.get("loaded_rows"))


def companies(marts: Marts, *, only: Iterable[int] = ()) -> list[Company]:
    """The figures of each company, by name.

    Raises:
        MartsError: the marts know no such company.
    """
    wanted = set(only)
    known = marts.rows(queries.COMPANIES)
    rows = [row for row in known if not wanted or row["company_id"] in wanted]
    if len(rows) < max(1, len(wanted)):
        names = ", ".join(f"{row['company_id']} ({row['name']})" for row in known)
        raise MartsError(f"There is no such company. There are: {names or 'none'}.")
    _tell_apart(known)
    (today,) = marts.rows(queries.AS_OF)
    answers = _Answers(marts, today["as_of"])
    return [answers.company(row) for row in rows]


def _tell_apart(rows: list[Row]) -> None:
    """Put the ID behind a name that several companies have."""
    times = Counter(row["name"] for row in rows)
    for row in rows:
        if times[row["name"]] > 1:
            row["name"] += f" ({row['company_id']})"


class _Answers:
    """The answers to all queries, by company."""

    def __init__(self, marts: Marts, as_of: date) -> None:
        self.as_of = as_of
        self.monday = as_of - timedelta(days=as_of.weekday())
        self.months = [month_start(as_of, -back) for back in range(MONTHS - 1, -1, -1)]
        ends = [month_start(month, 1) - timedelta(days=1) for month in self.months]
        self.month_ends = [day for day in ends if day <= as_of]
        quarter = month_start(as_of, -((as_of.month - 1) % 3))
        self.quarters = [month_start(quarter, -3 * back) for back in range(QUARTERS)]
        since = self.months[0]

        def asked(query: str, **values: object) -> dict[int, list[Row]]:
            return _grouped(marts.rows(query, as_of=as_of, **values), "company_id")

        self.open = asked(queries.OPEN)
        self.unconverted = asked(queries.UNCONVERTED)
        self.cash = asked(queries.CASH, since=self.monday - timedelta(weeks=WEEKS_BACK))
        self.ageing = asked(queries.AGEING, since=since)
        self.trade = asked(queries.TRADE, since=since)
        self.vat = asked(queries.VAT, since=self.quarters[-1])
        self.details = asked(queries.DETAILS)
        self.late = asked(queries.LATE, rows=ROWS)
        self.to_pay = asked(queries.TO_PAY, rows=ROWS)
        self.not_to_pay = asked(queries.NOT_TO_PAY)
        self.coverage = asked(queries.COVERAGE)

    def company(self, row: Row) -> Company:
        """The figures of one of them."""
        key = row["company_id"]
        trade = self.trade.get(key, [])
        (details,) = self.details.get(key, [NOTHING])
        return Company(
            company_id=key,
            name=row["name"],
            currency=row["currency"] or "EUR",
            as_of=self.as_of,
            read_at=row["read_at"],
            changed_at=details.get("changed_at"),
            open={side: _side(self.open.get(key, []), side) for side in SIDES},
            unconverted=self.unconverted.get(key, []),
            cash=self._cash(self.cash.get(key, [])),
            ageing=self._history(self.ageing.get(key, [])),
            trade=dict.fromkeys(self.months, NOTHING) | _table(trade, "month_start", "side"),
            trade_unconverted=sum(each["unconverted"] for each in trade),
            quarters=self._quarters(self.vat.get(key, [])),
            late=self.late.get(key, []),
            to_pay=self.to_pay.get(key, []),
            not_to_pay=_grouped(self.not_to_pay.get(key, []), "kind"),
            coverage={each["stream"]: each for each in self.coverage.get(key, [])},
            invoices=details.get("invoices", 0),
            without_details=int(details.get("without_details", 0)),
        )

    def _history(self, rows: list[Row]) -> dict[date, dict[str, Decimal]]:
        """All month ends since the first where anything was open."""
        found = _table(rows, "as_of", "bucket")
        since = min(found, default=date.max)
        return dict.fromkeys((day for day in self.month_ends if day >= since), NOTHING) | found

    def _cash(self, rows: list[Row]) -> Cash:
        starts = [
            self.monday + timedelta(weeks=week) for week in range(-WEEKS_BACK, WEEKS_AHEAD + 1)
        ]
        weeks = {start: Week(start) for start in starts}
        cash = Cash([*weeks.values()], self.monday)
        cash.unconverted = sum(int(row["unconverted"]) for row in rows if row["kind"] == "actual")
        for row in rows:
            if row["kind"] == "doubtful":
                cash.doubtful.add(row)
            elif row["week_start"] not in weeks:
                cash.later.add(row)
            elif row["kind"] == "expected":
                weeks[row["week_start"]].expected.add(row)
            else:
                weeks[row["week_start"]].actual.add(row)
        return cash

    def _quarters(self, rows: list[Row]) -> list[Quarter]:
        quarters = {start: Quarter(start) for start in self.quarters}
        for row in rows:
            rates = quarters[row["quarter_start"]].rates
            rate = rates.setdefault((row["tax_rate"], row["tax_category"]), {})
            rate[row["side"]] = (row["untaxed_amount"], row["tax_amount"])
        return [quarter for quarter in quarters.values() if quarter.rates]


def _grouped(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    """The rows by what they have in a column."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found


def month_start(day: date, months: int) -> date:
    """The first of a month, so many months from that of `day`."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _side(rows: list[Row], side: str) -> Side:
    mine = [row for row in rows if row["side"] == side]
    amounts = {row["bucket"]: row["amount"] for row in mine}
    return Side(dict.fromkeys(BUCKETS, ZERO) | amounts, sum((row["late"] for row in mine), ZERO))


def _table(rows: list[Row], line: str, column: str) -> dict[Any, dict[str, Decimal]]:
    """Amounts by line and column."""
    found: dict[Any, dict[str, Decimal]] = {}
    for row in rows:
        found.setdefault(row[line], {})[row[column]] = row["amount"] or ZERO
    return found


def _sum(flows: Iterable[Flow]) -> Flow:
    total = Flow()
    for flow in flows:
        total.money_in += flow.money_in
        total.money_out += flow.money_out
        total.net += flow.net
    return total
