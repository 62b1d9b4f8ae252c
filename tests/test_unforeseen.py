"""An error that nobody foresaw is one sentence; its text may quote a secret: it is for DEBUG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.account import BillitAccount

if TYPE_CHECKING:
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
