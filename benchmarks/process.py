"""Running a command and asking the system what it cost."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

UNUSUAL = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
"""Variables that would have each run compile its imports again, or write line by line."""


class Cost(NamedTuple):
    """CPU seconds, and the largest size in MiB."""

    cpu: float
    peak: float


def cost_of(module: str, *arguments: str) -> Cost:
    """What `python -m module …` costs; its output goes nowhere."""
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    nowhere += [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    command = [sys.executable, "-m", module, *arguments]
    usual = {name: value for name, value in os.environ.items() if name not in UNUSUAL}
    process = os.posix_spawn(sys.executable, command, usual, file_actions=nowhere)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed ({os.waitstatus_to_exitcode(status)})")
    unit = 1 << (20 if sys.platform == "darwin" else 10)
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)
