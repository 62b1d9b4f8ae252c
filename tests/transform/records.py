"""What a loader holds after some runs of the tap: the last record of each key."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Record = dict[str, Any]

CENT = Decimal("0.01")
NEVER = datetime(1, 1, 1)


@dataclass(frozen=True)
class Copy:
    """A record, the stream it came by, and when it was read (UTC)."""

    stream: str
    record: Record
    extracted: datetime


@dataclass
class Tables:
    """The newest record of each key, by stream."""

    streams: dict[str, dict[tuple[Any, ...], Copy]] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Iterable[Path]) -> Tables:
        """The tables after these files of Singer messages were loaded, in this order."""
        tables, keys = cls(), {}
        for message in (each for file in files for each in messages(file)):
            if message["type"] == "SCHEMA":
                keys[message["stream"]] = message["key_properties"]
                tables.streams.setdefault(message["stream"], {})
            elif message["type"] == "RECORD":
                stream, record = message["stream"], message["record"]
                key = tuple(record[name] for name in keys[stream])
                extracted = moment(message["time_extracted"])
                assert extracted
                copy = Copy(stream, record, extracted)
                tables.streams[stream][key] = copy
        return tables

    def copies(self, *streams: str) -> Iterator[Copy]:
        """All records of these streams."""
        for stream in streams:
            yield from self.streams.get(stream, {}).values()

    def without(self, *streams: str) -> Tables:
        """The same, had these streams not been loaded."""
        return Tables({name: rows for name, rows in self.streams.items() if name not in streams})


def messages(file: Path) -> Iterator[Record]:
    """The Singer messages in a file, numbers as decimals."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line, parse_float=Decimal)


def text(value: Any) -> str | None:
    """A text; an empty one means nothing."""
    return None if value in {None, ""} else str(value)


def day(value: str | None) -> date | None:
    """The day of a date-time; one before 1900 means nothing."""
    return date.fromisoformat(value[:10]) if value and value >= "1900" else None


def moment(value: str | None) -> datetime | None:
    """A date-time, in UTC if it has an offset and else as it is; one before 1900 means nothing."""
    if not value or value < "1900":
        return None
    at = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return at.astimezone(timezone.utc).replace(tzinfo=None) if at.tzinfo else at


def number(value: Any) -> Decimal | None:
    """A number, exact; what is none means nothing."""
    try:
        return None if value is None else Decimal(value)
    except InvalidOperation:
        return None


def truth(value: Any) -> bool | None:
    """Yes or no, as such or in JSON's words; what is neither means nothing."""
    return {"true": True, "false": False}.get(str(value).lower())


def money(value: Any) -> Decimal | None:
    """An amount in cents, half a cent rounded away from zero."""
    exact = number(value)
    return None if exact is None else exact.quantize(CENT, ROUND_HALF_UP)
