"""How taps share a rate limit by a database, beside the same by a file: kept, fair, one trip each.

    python -m benchmarks.shared_limit --store postgresql://user@host/db

Processes ask for turns without end, some of them are killed. The largest number of turns that any
window held, the fewest and the most that a process had, and the statements a turn took; the exit
status is 1 if a window held more than the limit.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from bisect import bisect_left
from collections import Counter
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

from tap_billit.api import rate_limit
from tap_billit.api.session import rate_limiter

FIELDS = 3
"""Of a line that a process tells: its number, the time of a turn, its statements so far."""

PROMPT = 0.25
"""Seconds that a turn may be used late here; a window of the benchmark is shorter by it."""


def take(store: str, limit: int, number: int, told: int) -> None:
    """Take turns without end, and tell of each: whose, when, how many statements it took so far."""
    limiter = rate_limiter(limit, store, key="benchmark")
    statements = Counter[str]()
    if ask := getattr(limiter, "_once", None):

        def counted(query: str, values: dict[str, object]) -> object:
            statements["asked"] += 1
            return ask(query, values)

        limiter._once = counted  # type: ignore[attr-defined]  # noqa: SLF001
    while True:
        limiter.acquire()
        os.write(told, f"{number} {limiter.clock()} {statements['asked']}\n".encode())


def measure(options: argparse.Namespace, store: str) -> int:
    """One store: print what came out, and give the largest number that a window held.

    Without kills, all processes have started before the counting begins.
    """
    context = get_context("fork")
    rate_limiter(1, store)  # what it takes is imported once
    heard, told = os.pipe()
    os.set_blocking(heard, False)
    takers = [
        context.Process(target=take, args=(store, options.limit, number, told), daemon=True)
        for number in range(options.processes + options.kills)
    ]
    for taker in takers[: options.processes]:
        taker.start()
    text, kills, end = b"", 0, time.monotonic() + options.seconds
    while time.monotonic() < end:
        with suppress(BlockingIOError):
            text += os.read(heard, 1 << 16)
        due = options.kills * (1 - (end - time.monotonic()) / options.seconds)
        if kills < due - 0.5:
            os.kill(takers[kills].pid or 0, signal.SIGKILL)
            takers[options.processes + kills].start()
            kills += 1
        time.sleep(0.002)
    for taker in takers[kills : options.processes + kills]:
        taker.kill()
        taker.join()
    lines = [line.split() for line in text.splitlines() if line.count(b" ") == FIELDS - 1]
    turns = [(int(number), float(at), int(asked)) for number, at, asked in lines]
    began = max({number: at for number, at, _ in reversed(turns[: -options.limit])}.values())
    turns = [turn for turn in turns if turn[1] >= began] if not kills else turns
    times = sorted(at for _, at, _ in turns)
    allowed = options.limit * ((times[-1] - times[0]) / options.window + 1)
    span = options.window - PROMPT
    most = max((bisect_left(times, at + span) - n for n, at in enumerate(times)), default=0)
    whole = Counter(number for number, _, _ in turns if number in range(kills, options.processes))
    asked = dict.fromkeys(range(len(takers)), 0) | {number: count for number, _, count in turns}
    print(
        f"{'database' if '://' in store else 'file':8} {len(turns):5} turns of "
        f"{allowed:.0f}, at most {most} in a window "
        f"of {options.limit}, {min(whole.values(), default=0)} to {max(whole.values(), default=0)} "
        f"a process, {sum(asked.values()) / max(1, len(turns)):.2f} statements a turn, "
        f"{kills} killed"
    )
    return most


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True, help="the URL of a database")
    parser.add_argument("--processes", type=int, default=12)
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--window", type=float, default=3.0, help="seconds")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--kills", type=int, default=0)
    options = parser.parse_args()
    rate_limit.WINDOW, rate_limit.LATE = options.window, PROMPT
    with tempfile.TemporaryDirectory() as folder:
        stores = (options.store, str(Path(folder, "limit")))
        return int(max(measure(options, store) for store in stores) > options.limit)


if __name__ == "__main__":
    sys.exit(main())
