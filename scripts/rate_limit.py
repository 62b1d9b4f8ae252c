"""Whether many taps that share a rate limit keep to it, while some of them are killed.

    python -m scripts.rate_limit --processes 40 --limit 10 --minutes 5 --kills 20

Each process asks for turns without end. The result is the largest number of turns that any 60
seconds held; the exit status is 1 if that is more than the limit.
"""

from __future__ import annotations

import argparse
import os
import random
import select
import signal
import sys
import tempfile
import time
import traceback
from bisect import bisect_left
from pathlib import Path

from tap_billit.api import rate_limit
from tap_billit.api.rate_limit_file import FileRateLimiter


def main() -> int:
    """Measure, and say what came out."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        times = measure(options, str(Path(folder, "limit")))
    most = most_in(times, options.span)
    allowed = options.limit * int(options.minutes * 60 / options.window + 1)
    print(
        f"{options.processes} processes, {options.kills} killed: {len(times)} turns where "
        f"{allowed} were allowed, at most {most} in {options.span:g} seconds (limit "
        f"{options.limit})"
    )
    return int(most > options.limit or not times)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--processes", type=int, default=40)
    parser.add_argument("--limit", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--window", type=float, default=rate_limit.WINDOW)
    parser.add_argument("--span", type=float, default=60)
    return parser.parse_args()


def measure(options: argparse.Namespace, path: str) -> list[float]:
    """When the turns were used, in order."""
    rate_limit.LATE = min(rate_limit.LATE, (options.window - options.span) / 2)
    told, tell = os.pipe()
    limiter = FileRateLimiter(options.limit, path, window=options.window)
    takers = [_fork(limiter, tell) for _ in range(options.processes)]
    end = time.monotonic() + options.minutes * 60
    kills = sorted(random.uniform(time.monotonic(), end) for _ in range(options.kills))  # noqa: S311
    text = b""
    try:
        while (now := time.monotonic()) < end:
            if kills and kills[0] <= now:
                kills.pop(0)
                _kill(takers.pop(random.randrange(len(takers))))  # noqa: S311
                takers.append(_fork(limiter, tell))
            if select.select([told], [], [], max(0.0, min([end, *kills]) - now))[0]:
                text += os.read(told, 1 << 16)
    finally:
        for taker in takers:
            _kill(taker)
        os.close(told)
        os.close(tell)
    return sorted(map(float, text.split()))


def _fork(limiter: rate_limit.RateLimiter, tell: int) -> int:
    """A process that takes turns until it is killed."""
    if process := os.fork():
        return process
    try:
        while True:
            limiter.acquire()
            os.write(tell, f"{limiter.clock()}\n".encode())
    finally:
        traceback.print_exc()
        os._exit(1)


def _kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if not os.WIFSIGNALED(status):
        sys.exit("A process ended by itself.")


def most_in(times: list[float], span: float) -> int:
    """The largest number of these, which are in order, in any half-open span."""
    counts = (bisect_left(times, start + span) - at for at, start in enumerate(times))
    return max(counts, default=0)


if __name__ == "__main__":
    sys.exit(main())
