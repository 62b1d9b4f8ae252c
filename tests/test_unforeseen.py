"""An error that nobody foresaw is one sentence; its text may quote a secret: it is for DEBUG."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from tap_billit.account import BillitAccount
from tap_billit.auth import login
from tap_billit.doctor import command as doctor
from tap_billit.report import command as report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kit.command import Command


class UnforeseenError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UnforeseenError("hush"), "UnforeseenError (test_unforeseen.py, line "),
        (ZeroDivisionError("hush"), "ZeroDivisionError (test_unforeseen.py, line "),
        (RecursionError("hush"), "RecursionError (test_unforeseen.py, line "),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_what_is_left_over_ends_with_a_sentence(
    error: Exception, told: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any) -> Any:
        raise error

    monkeypatch.setattr(BillitAccount, "companies", property(fail))
    (tmp_path / "config.json").write_text('{"environment": "demo"}', encoding="utf-8")
    result = command("--config", "config.json")
    assert result.status == 1
    assert "not foreseen" in result.problems[-1]
    assert told in result.problems[-1]
    assert "DEBUG" in result.problems[-1]
    assert "hush" not in result.log


CONFIG = {"api_url": "http://localhost:1", "client_id": "x", "client_secret": "y"}


BREAKS = {
    "login": "tap_billit.auth.login.exit_on_signals",
    "doctor": "tap_billit.doctor.command._examine",
    "report": "tap_billit.report.marts.opened",
}
"""What is made to fail in each command."""


@pytest.fixture
def runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """What a command says that ends with exit status 1."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIG))
    commands = {"login": login.main, "doctor": doctor.main}

    def run(command: str) -> str:
        if command == "report":
            with pytest.raises(SystemExit, match="1"):
                report.main(["--database", "x"])
            return capsys.readouterr().err
        result = CliRunner().invoke(commands[command], ["--config", str(config)])
        assert result.exit_code == 1
        return result.output.removeprefix("Error: ")

    return run


@pytest.mark.parametrize("command", BREAKS)
def test_the_other_commands_end_with_the_same_sentence(
    command: str,
    runs: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The traceback is shown at DEBUG, and only there."""

    def fail(*_: Any, **__: Any) -> Any:
        raise UnforeseenError("hush")

    monkeypatch.setattr(BREAKS[command], fail)
    caplog.set_level(logging.DEBUG)
    said = runs(command)
    assert said.startswith("The run ended by an error that was not foreseen: UnforeseenError (test")
    assert said.count("\n") == 1
    [traceback] = [record for record in caplog.records if record.exc_info]
    assert (traceback.levelname, traceback.name) == ("DEBUG", "tap-billit")
    monkeypatch.setenv("LOGLEVEL", "nonsense")
    assert "no log level 'nonsense'" in runs(command)
