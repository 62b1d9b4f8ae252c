"""CPU and memory of `source-billit read` against the tap alone, on the same pages."""

from __future__ import annotations

from statistics import median

from benchmarks import figures
from benchmarks.process import Cost, cost_of
from benchmarks.server import KINDS, serving

CONTESTANTS = ("tap", "airbyte")


def measure(orders: int, kind: str, *, rounds: int) -> list[list[Cost]]:
    """What both cost, round by round."""
    with serving(orders=orders, kind=kind) as url:
        return [
            [cost_of("benchmarks.contestants", name, url, kind) for name in CONTESTANTS]
            for _ in range(rounds)
        ]


def main() -> None:
    """The command."""
    options = figures.Options(__doc__, orders=(20_000, 1200), rounds=(3, 1)).chosen()
    columns = ("Records", "What", "The tap", "`source-billit`", "Times the tap")
    with figures.table("airbyte", *columns, options=options) as row:
        for kind, records in KINDS.items():
            costs = measure(options.orders, kind, rounds=options.rounds)
            for what, unit in (("cpu", "CPU s"), ("peak", "peak MiB")):
                pairs = [[getattr(each, what) for each in pair] for pair in costs]
                ratio = median(airbyte / tap for tap, airbyte in pairs)
                row(records, unit, *map(median, zip(*pairs, strict=True)), ratio)


if __name__ == "__main__":
    main()
