"""Questions about date-times: in filters, in rows, in the Date header."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from tap_billit.doctor.examination import Finding
from tap_billit.errors import date_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_billit.doctor.examination import Examination, Question

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?P<offset>Z|[+-]\d\d:\d\d)?")


def _literal(name: str, literal: str) -> Question:
    def ask(examination: Examination) -> Iterator[Finding]:
        reply = examination.orders(filter=f"LastModified ge DateTime'{literal}'", top="1")
        yield Finding(name, reply.taken)

    return ask


def _dates(examination: Examination) -> Iterator[Finding]:
    row = next(iter(examination.newest.rows or examination.first.rows), {})
    kind = _kind(str(row.get("LastModified") or row.get("OrderDate") or ""))
    yield Finding("dates", kind or "none seen")


def _zone(examination: Examination) -> Iterator[Finding]:
    """Whether the newest change would lie in the future, if it were in our zone."""
    shown = _newest_change(examination)
    asked_at = date_in(examination.newest.response.headers.get("Date", ""))
    if asked_at and shown and _kind(shown) == "naive":
        clock = examination.account.settings.clock
        future = clock.earliest(clock.read(shown)) > asked_at + timedelta(minutes=1)
        zone = clock.zone.key
        yield Finding("zone", f"not {zone}" if future else f"{zone} is possible")


def _comparison(examination: Examination) -> Iterator[Finding]:
    """Whether a filter's naive literal is compared in the clock that LastModified shows."""
    if not (written := _newest_change(examination)):
        return
    shown = datetime.fromisoformat(written[:19])
    at, after = (
        examination.orders(filter=f"LastModified ge DateTime'{moment.isoformat()}'", top="1")
        for moment in (shown, shown + timedelta(seconds=1))
    )
    if at.ok and after.ok:
        same = bool(at.rows) and not after.rows
        yield Finding("comparison", "as written" if same else "in another clock")


def _date_header(examination: Examination) -> Iterator[Finding]:
    date = date_in(examination.first.response.headers.get("Date", ""))
    yield Finding("date_header", "sent" if date else "left out")
    if date:
        ahead = (datetime.now(tz=timezone.utc) - date).total_seconds()
        yield Finding("clock", f"{ahead:+.0f} s", "this machine's, against Billit's")


TIMES: dict[str, Question] = {
    "times": _literal("times", "2024-02-29T23:59:58"),
    "fractions": _literal("fractions", "2024-02-29T23:59:58.123"),
    "whole days": _literal("whole days", "2024-02-29"),
    "dates": _dates,
    "zone": _zone,
    "comparison": _comparison,
    "date_header": _date_header,
}


def _newest_change(examination: Examination) -> str | None:
    """The LastModified of the row changed last, if it is a date-time."""
    row = next(iter(examination.newest.rows or examination.first.rows), {})
    written = str(row.get("LastModified") or "")
    return written if _kind(written) else None


def _kind(written: str) -> str | None:
    """How a date-time says its zone; None: it is none."""
    if not (found := _WRITTEN.fullmatch(written)):
        return None
    offset = found["offset"]
    return "naive" if not offset else "utc" if offset == "Z" else "offset"
