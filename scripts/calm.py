"""Runs a command of Meltano's, as `make demo` does: its whole log into a file, the story on screen.

The story is a line for each stream with its records, what dbt made, and whatever went wrong.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TextIO

_INSTALLING = re.compile(r"Installing (?:extractor|loader|utility) '([^']+)'")
_STREAM = re.compile(r"Beginning sync of '(\w+)'")
_RECORDS = re.compile(r"metric_name=record_count metric_value=(\d+)")
_FOUND = re.compile(r"Found (\d+) models, (\d+) data tests")
_DONE = re.compile(r"Done\. PASS=(\d+) WARN=(\d+) ERROR=(\d+)")
_TROUBLE = re.compile(r"\[(?:warning|error|critical) *\]| (?:WARN|ERROR|FAIL) \d")

_LAST = 15
"""How many lines of the log are shown if the command fails."""


class Story:
    """What the log says, in a few lines."""

    def __init__(self) -> None:
        self.records: dict[str, int] = {}
        self._stream = ""

    def told(self, lines: Iterable[str]) -> Iterator[str]:
        """The lines to show, as the log goes on."""
        for line in lines:
            if match := _STREAM.search(line):
                self._stream = match[1]
            elif match := _RECORDS.search(line):
                yield self._read(int(match[1]))
            elif match := _INSTALLING.search(line):
                yield f"Installing {match[1]}, once"
            elif match := _FOUND.search(line):
                yield f"Making {match[1]} models and testing them {match[2]} times"
            elif match := _DONE.search(line):
                yield f"  {match[1]} well, {match[2]} warnings, {match[3]} errors"
            elif _TROUBLE.search(line):
                yield line.rstrip()

    def _read(self, count: int) -> str:
        self.records[self._stream] = self.records.get(self._stream, 0) + count
        return f"  {self._stream:<30}{self.records[self._stream]:>8,}"


def run(command: Sequence[str], log: Path) -> int:
    """Run the command, tell its story, and keep its log; what it exits with."""
    began, story = time.monotonic(), Story()
    env = os.environ | {"DBT_USE_COLORS": "false", "NO_COLOR": "1"}
    log.parent.mkdir(parents=True, exist_ok=True)
    print(f"Running {Path(command[0]).name}; the whole log goes into {log}", flush=True)
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(  # noqa: S603
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        assert process.stdout  # noqa: S101
        for line in story.told(_kept(process.stdout, file)):
            print(line, flush=True)
    if process.returncode:
        print(*log.read_text(encoding="utf-8").splitlines()[-_LAST:], sep="\n")
        print(f"It failed. The whole log: {log}")
    else:
        minutes, seconds = divmod(round(time.monotonic() - began), 60)
        total = f"{len(story.records)} streams, {sum(story.records.values()):,} records"
        print(f"{total}, in {minutes} min {seconds} s")
    return process.returncode


def _kept(lines: Iterable[str], file: TextIO) -> Iterator[str]:
    for line in lines:
        file.write(line)
        file.flush()
        yield line


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.calm", description=__doc__)
    parser.add_argument("log", type=Path, help="the file for the log")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run")
    options = parser.parse_args(arguments)
    sys.exit(run(options.command, options.log))


if __name__ == "__main__":
    main()
