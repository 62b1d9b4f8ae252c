"""Records per CPU second, against a bare loop, a plain SDK stream and dlt, on the same pages."""

from __future__ import annotations

from importlib.util import find_spec
from statistics import median

from benchmarks import figures
from benchmarks.process import cost_of
from benchmarks.server import KINDS, serving

CONTESTANTS = {
    "floor": "requests, orjson, write (floats): the floor",
    "exact_floor": "requests, msgspec, write (decimals)",
    "tap": "**tap-billit**",
    "plain_sdk": "a plain stream of the SDK",
    "dlt": "dlt's `rest_api`, printed",
}


def measure(orders: int, kind: str, *, rounds: int) -> dict[str, list[float]]:
    """The CPU seconds of each contestant, round by round."""
    names = [name for name in CONTESTANTS if name != "dlt" or find_spec("dlt")]
    costs: dict[str, list[float]] = {name: [] for name in names}
    with serving(orders=orders, kind=kind) as url:
        for _ in range(rounds):
            for name in names:
                costs[name].append(cost_of("benchmarks.contestants", name, url, kind).cpu)
    return costs


def main() -> None:
    """The command."""
    options = figures.Options(__doc__, orders=(100_000, 1200), rounds=(3, 1)).chosen()
    columns = ("Records", "Way", "CPU s", "Records a CPU s", "Times the floor", "Least", "Most")
    with figures.table("cpu", *columns, options=options) as row:
        for kind in ("rows", "documents"):
            costs = measure(options.orders, kind, rounds=options.rounds)
            for name, mine in costs.items():
                ratios = [cpu / floor for cpu, floor in zip(mine, costs["floor"], strict=True)]
                cpu = median(mine)
                speed = round(options.orders / cpu)
                spread = (median(ratios), min(ratios), max(ratios))
                row(KINDS[kind], CONTESTANTS[name], cpu, speed, *spread)


if __name__ == "__main__":
    main()
