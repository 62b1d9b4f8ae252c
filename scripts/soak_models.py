"""The models of what a soak has loaded, compared with the oracle: `--models` of the soak."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from tap_billit.streams import STREAMS
from tests.transform.compare import padded, wrong
from tests.transform.engines import NO_TESTS, SCHEMA
from tests.transform.records import Copy, Tables, moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_billit.streams.base import BillitStream
    from tests.transform.engines import Engine
    from tests.transform.records import Record


def build(engine: Engine) -> None:
    """What `meltano run dbt-…:build` does, but for dbt's own tests."""
    engine.dbt("build", *NO_TESTS)


def differences(engine: Engine) -> Iterator[str]:
    """Where the marts are not what the loader's tables say."""
    today = datetime.now(timezone.utc).date()
    engine.dbt("build", as_of=today)
    yield from wrong(engine, tables_of(engine), today)


def tables_of(engine: Engine) -> Tables:
    """The loader's tables, as the oracle knows them."""
    there = {
        str(row["table_name"])
        for row in engine.query(
            f"select table_name from information_schema.tables where table_schema = '{SCHEMA}'"
        )
    }
    return Tables({each.name: _copies(engine, each) for each in STREAMS if each.name in there})


def _copies(engine: Engine, stream: type[BillitStream]) -> dict[tuple[object, ...], Copy]:
    names = {name.lower(): name for name in stream.schema["properties"]}
    found = {}
    for row in engine.query(
        f"select cast(to_json(rows) as varchar) as line from {SCHEMA}.{stream.name} as rows"
    ):
        line: Record = json.loads(row["line"], parse_float=Decimal)
        extracted = cast("datetime", moment(padded(line["_sdc_extracted_at"])))
        record = {names[name.lower()]: line[name] for name in line if name.lower() in names}
        key = tuple(record[name] for name in stream.primary_keys)
        found[key] = Copy(stream.name, record, extracted)
    return found
