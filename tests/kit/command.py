"""A run of the command `tap-billit` in this process, as a user sees it."""

from __future__ import annotations

import logging
import warnings
from typing import Any, NamedTuple

import pytest

from tap_billit.tap import TapBillit


class Outcome(NamedTuple):
    """How the command ended, what it printed, and what it logged: problems apart."""

    status: Any
    printed: str
    problems: list[str]
    log: str


class Command:
    """The command `tap-billit` in this process."""

    def __init__(
        self, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        self._capsys, self._caplog = capsys, caplog

    def __call__(self, *arguments: str) -> Outcome:
        self._caplog.clear()
        self._caplog.set_level(logging.INFO)
        with warnings.catch_warnings(), pytest.raises(SystemExit) as end:
            TapBillit.get_singer_command().main(list(arguments), prog_name="tap-billit")
        assert not [record for record in self._caplog.records if record.exc_info], "a traceback"
        problems = [r.getMessage() for r in self._caplog.records if r.levelno >= logging.ERROR]
        printed = self._capsys.readouterr()
        return Outcome(end.value.code, printed.out, problems, self._caplog.text + printed.err)
