"""CPU and memory of `source-billit read` against the tap alone, on the same pages."""

from __future__ import annotations

import argparse
from statistics import median

from benchmarks.process import cost_of
from benchmarks.server import serving

KINDS = ("rows", "documents", "details")


def measure(orders: int, kind: str, *, rounds: int) -> None:
    """Print what both cost, and the ratio within a round."""
    with serving(orders=orders, kind=kind) as url:
        costs = [
            [cost_of("benchmarks.contestants", name, url, kind) for name in ("tap", "airbyte")]
            for _ in range(rounds)
        ]
    for what in ("cpu", "peak"):
        pairs = [[getattr(each, what) for each in pair] for pair in costs]
        alone, airbyte = (median(each) for each in zip(*pairs, strict=True))
        ratio = median(pair[1] / pair[0] for pair in pairs)
        unit = {"cpu": "s", "peak": "MiB"}[what]
        print(
            f"{orders:8} {kind:10} {what:5} tap {alone:8.2f} {unit:4}"
            f" source-billit {airbyte:8.2f} {unit:4} {ratio:6.2f} x the tap"
        )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few pages, to see that it works")
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    orders, rounds = (1200, 1) if options.small else (options.orders, options.rounds)
    for kind in KINDS:
        measure(orders, kind, rounds=rounds)


if __name__ == "__main__":
    main()
