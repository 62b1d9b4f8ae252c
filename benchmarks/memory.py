"""Peak memory of a sync at one, ten and a hundred thousand orders."""

from __future__ import annotations

from benchmarks import figures
from benchmarks.process import cost_of
from benchmarks.server import KINDS, serving


def main() -> None:
    """The command."""
    options = figures.Options(__doc__, orders=((1_000, 10_000, 100_000), (120, 240, 1200))).chosen()
    with figures.table(
        "memory", "Records", "Orders", "Peak MiB", "Times the first", options=options
    ) as row:
        for kind, records in KINDS.items():
            first = None
            for orders in options.orders:
                with serving(orders=orders, kind=kind) as url:
                    peak = cost_of("benchmarks.contestants", "tap", url, kind).peak
                first = first or peak
                row(records, orders, peak, peak / first)


if __name__ == "__main__":
    main()
