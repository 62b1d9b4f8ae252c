"""The figures in docs/performance.md are as a benchmark wrote them: `make lint` says so."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks import figures
from scripts import docs

if TYPE_CHECKING:
    from pathlib import Path

PLACE = "# Fast\n\n<!-- state: here -->\n<!-- state: end -->\n\n## Next\n"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page to which `python -m benchmarks.state` has written its table."""
    page = tmp_path / "performance.md"
    page.write_text(PLACE, encoding="utf-8")
    run(monkeypatch, "--small", "--write", str(page))
    monkeypatch.setattr(figures, "PAGE", page)
    monkeypatch.setattr(sys, "argv", ["docs", "--check"])
    return page


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, name: str = "state") -> None:
    """As a benchmark does."""
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    options = figures.Options("A benchmark.", companies=((1, 3000), (1,))).chosen()
    with figures.table(name, "Companies", "MB", options=options) as row:
        for companies in options.companies:
            row(companies, companies / 3)


def test_a_table_stands_with_its_day_and_sizes_where_the_marks_are(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, "--write", str(page))
    text = page.read_text(encoding="utf-8")
    assert "| Companies | MB |\n| --- | --- |\n| 1 | 0.333 |\n| 3,000 | 1,000 |\n\n" in text
    assert "written by `python -m benchmarks.state --write`" in text
    assert "; companies 1, 3,000.\n<!-- state: end -->\n\n## Next\n" in text
    assert text.startswith("# Fast\n\n<!-- state: ")


@pytest.mark.locked_sdk
def test_what_benchmarks_wrote_passes(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert page.exists()
    assert docs.main() == 0
    assert "performance.md" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("| 1 | 0.333 |", "| 1 | 0.222 |", "state: not as its benchmark wrote it"),
        ("cores with a load", "cores without load", "state: not as its benchmark wrote it"),
        ("benchmarks.state --write", "benchmarks.cpu", "state: not as its benchmark wrote it"),
        ("state: ", "vanished: ", "vanished: there is no such benchmark"),
        ("<!-- state: end -->\n", "", "<!-- state: written by"),
        ("## Next", "| 1 | 0.333 |", "| 1 | 0.333 |: written by no benchmark"),
    ],
)
def test_what_a_hand_wrote_is_noticed(
    page: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, complaint: str
) -> None:
    page.write_text(page.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    assert docs.main() == 1
    assert f"performance.md: {complaint}" in capsys.readouterr().out


def test_a_table_that_was_never_written_is_noticed(page: Path) -> None:
    page.write_text(PLACE, encoding="utf-8")
    assert docs.main() == 1


def test_a_small_run_is_no_figure_for_the_page(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = page.read_bytes()
    with pytest.raises(SystemExit):
        run(monkeypatch, "--small", "--write")
    assert "--small measures nothing" in capsys.readouterr().err
    assert page.read_bytes() == before


def test_what_cannot_be_written_is_said_before_the_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="needs the lines <!-- cpu: here -->"):
        run(monkeypatch, "--write", str(page), name="cpu")
    with pytest.raises(SystemExit):
        run(monkeypatch, "--write", str(tmp_path / "nowhere.md"))
    said = capsys.readouterr()
    assert "nowhere.md is no page" in said.err
    assert "3,000" not in said.out
