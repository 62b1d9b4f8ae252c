"""Records per CPU second, against a bare loop, a plain SDK stream and dlt, on the same pages."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from statistics import median

from benchmarks.process import cost_of
from benchmarks.server import serving

CONTESTANTS = {
    "floor": "requests, orjson, print (floats)",
    "exact_floor": "requests, msgspec, print (decimals)",
    "tap": "tap-billit",
    "plain_sdk": "a plain SDK stream",
    "dlt": "dlt's rest_api, printed",
}


def measure(orders: int, kind: str, *, rounds: int, names: list[str]) -> None:
    """Print a line for each, in CPU seconds and as a ratio to the floor of the same round."""
    costs: dict[str, list[float]] = {name: [] for name in names}
    with serving(orders=orders, kind=kind) as url:
        for _ in range(rounds):
            for name in names:
                costs[name].append(cost_of("benchmarks.contestants", name, url, kind).cpu)
    print(f"\n{orders} {kind}, median of {rounds}")
    for name in names:
        ratios = [mine / floor for mine, floor in zip(costs[name], costs["floor"], strict=True)]
        cpu = median(costs[name])
        print(
            f"  {CONTESTANTS[name]:36} {cpu:8.2f} s {orders / cpu:10.0f} records/s"
            f" {median(ratios):8.2f} x the floor [{min(ratios):.2f}-{max(ratios):.2f}]"
        )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few pages, to see that it works")
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kind", choices=("rows", "documents"), action="append")
    options = parser.parse_args()
    orders, rounds = (1200, 1) if options.small else (options.orders, options.rounds)
    names = [name for name in CONTESTANTS if name != "dlt" or find_spec("dlt")]
    for kind in options.kind or ("rows", "documents"):
        measure(orders, kind, rounds=rounds, names=names)


if __name__ == "__main__":
    main()
