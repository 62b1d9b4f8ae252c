"""Peak memory of a sync at one, ten and a hundred thousand orders."""

from __future__ import annotations

import argparse

from benchmarks.process import cost_of
from benchmarks.server import serving

WHAT = {
    "rows": "rows",
    "documents": "whole documents, listed",
    "details": "whole documents, one by one",
}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few orders, to see that it works")
    sizes = (120, 240, 1200) if parser.parse_args().small else (1_000, 10_000, 100_000)
    for kind, what in WHAT.items():
        first = None
        for orders in sizes:
            with serving(orders=orders, kind=kind) as url:
                peak = cost_of("benchmarks.contestants", "tap", url, kind).peak
            first = first or peak
            print(f"{orders:8} {what:30} {peak:7.1f} MiB {peak / first:6.2f} x the first")


if __name__ == "__main__":
    main()
