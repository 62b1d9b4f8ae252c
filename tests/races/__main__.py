"""Runs races and prints their figures."""

from __future__ import annotations

import argparse
import logging
import sys

from tests.races.race import Race
from tests.races.stores import STORES, NotHereError


def main() -> int:
    """The exit status: 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.races", description=__doc__)
    parser.add_argument("--store", choices=STORES, action="append", help="Default: all.")
    parser.add_argument("--refreshes", type=int, default=100, help="At least so many.")
    parser.add_argument("--kills", type=int, default=50, help="At least so many.")
    parser.add_argument("--stops", type=int, default=10, help="At least so many.")
    parser.add_argument("--lease", type=float, default=2.0, help="Seconds.")
    parser.add_argument("--minutes", type=float, default=15, help="Give up after that long.")
    options = parser.parse_args()
    logging.disable()
    broken = 0
    for name in options.store or STORES:
        race = Race(
            refreshes=options.refreshes,
            kills=options.kills,
            stops=options.stops,
            lease=options.lease,
            seconds=options.minutes * 60,
        )
        try:
            result = race.run(name)
        except NotHereError as error:
            print(f"{name}: NOT RUN, {error}", flush=True)
            continue
        print(result, flush=True)
        broken += len(result.broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
