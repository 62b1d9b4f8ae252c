"""PyAirbyte at work, as another process tells it: a JSON object a line in, one a line out.

It runs in an environment of its own, that has PyAirbyte and not this package: `make airbyte`.
"""

from __future__ import annotations

import json
import os
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import airbyte as ab

Json = dict[str, Any]


def check(**source: Any) -> None:
    """See that it works."""
    _source(**source).check()


def load(*, cache: str, streams: list[str], **source: Any) -> Json:
    """Read these streams into DuckDB, and say how many records came and what is there then."""
    reader = _source(**source)
    reader.select_streams(streams or "*")
    result = reader.read(cache=_cache(cache))
    return {"records": result.processed_records, "tables": _tables(result)}


def kept(*, cache: str) -> Json:
    """What is in a cache, by name of the table."""
    inside = _cache(cache)
    return {name: len(inside[name]) for name in inside.streams}


def sample(*, stream: str, limit: int, **source: Any) -> list[Json]:
    """A few records, without a cache."""
    records = _source(**source).get_records(stream, limit=limit)  # stops once it is forgotten
    return [dict(each) for each in records]


def _source(*, executable: str, config: str, keeps: bool = False) -> ab.Source:
    """The connector; `keeps`: its configuration is a file that its messages change."""
    file = Path(config)
    return ab.get_source(
        "source-billit",
        config=json.loads(file.read_text(encoding="utf-8")),
        local_executable=executable,
        config_change_callback=(lambda new: _keep(file, new)) if keeps else None,
    )


def _keep(file: Path, config: Json) -> None:
    file.write_text(json.dumps(config), encoding="utf-8")


def _cache(path: str) -> ab.DuckDBCache:
    return ab.DuckDBCache(db_path=path)


def _tables(result: Any) -> Json:
    return {name: [dict(row) for row in result[name]] for name in result}


DOES = {each.__name__: each for each in (check, load, kept, sample)}


def main() -> None:
    """Do what is told, line by line, until there is no more."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        for line in sys.stdin:
            out.write(json.dumps(_answer(**json.loads(line)), default=_plain) + "\n")
            out.flush()


def _plain(value: Any) -> float | str:
    return float(value) if isinstance(value, Decimal) else str(value)


def _answer(*, do: str, **how: Any) -> Json:
    try:
        return {"answer": DOES[do](**how)}
    except Exception as error:  # noqa: BLE001  the test's business
        return {"error": str(error)}


if __name__ == "__main__":
    main()
