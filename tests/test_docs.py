"""The docs tell no lies: links lead somewhere, and the commands work as they stand."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests import postgres
from tests.pipeline import ROOT, clean

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("transform/*.md"))
    if path.is_file()
)
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)", re.MULTILINE)
FENCE = re.compile(r"(?ms)^```(\w+)\n(.*?)^```")

NOT_RUN = {
    "README.md": {
        "make demo": "`.ci/run` does",
        "make test": "this is one of them",
        "tap-billit:login": "a person logs in: tests/login",
        "meltano add": "tests/test_definition.py",
    },
    "CONTRIBUTING.md": {"": "long runs, by hand and every week"},
    "docs/models.md": {
        "target-duckdb dbt-duckdb:build": "`make demo` does",
        "pip install": "tests/report/test_command.py runs what it installs",
        "tap-billit-report": "tests/report/test_command.py",
        "target-postgres dbt-postgres:build": "as in the README",
    },
    "docs/operations.md": {"docker": "needs Docker"},
    "docs/airbyte.md": {"": "tests/airbyte"},
    "docs/token-stores.md": {"": "tests/storage and tests/test_tokens_command.py"},
}
"""Commands that this module does not run, by a part of theirs, and why."""


class Block(NamedTuple):
    """A fenced block of one of the docs."""

    file: str
    language: str
    text: str

    @property
    def is_run_here(self) -> bool:
        return not any(part in self.text for part in NOT_RUN.get(self.file, ()))


def blocks(path: Path) -> Iterator[Block]:
    name = str(path.relative_to(ROOT))
    for language, text in FENCE.findall(path.read_text(encoding="utf-8")):
        yield Block(name, language, text)


def anchors(path: Path) -> set[str]:
    """The anchors of headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    links = [inline or named for inline, named in LINK.findall(path.read_text(encoding="utf-8"))]
    for link in links:
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_each_reason_is_about_a_command() -> None:
    for file, reasons in NOT_RUN.items():
        if (ROOT / file).exists():
            text = "".join(block.text for block in blocks(ROOT / file) if block.language == "sh")
            assert all(part in text for part in reasons), file


class Machine:
    """A clean copy of the project, as a user has it, and a PostgreSQL server beside it."""

    def __init__(self, folder: Path, server: postgres.Postgres, port: int) -> None:
        self.folder, self.server, self.port = folder, server, port

    def here(self, text: str) -> str:
        """What the docs say, with this machine's names, of the made-up account."""
        for theirs, ours in {
            "=production": "=demo",
            " production:": " demo:",
            "hourly production": "hourly demo",
            "/srv/billit": str(self.folder),
            "TAP_BILLIT_CLIENT_ID=…\n": "",
            "TAP_BILLIT_CLIENT_SECRET=…\n": "",
            "HOST=localhost": "HOST=127.0.0.1",
            "USER=billit": "USER=postgres",
            "PASSWORD=…": "PASSWORD=any",
            "PORT=5432": f"PORT={self.port}",
            "DATABASE=warehouse": "DATABASE=postgres",
            "billit@localhost:5432/warehouse": f"postgres@127.0.0.1:{self.port}/postgres",
            "billit_models": "billit_demo_models",
            "billit.sales_invoices": "billit_demo.sales_invoices",
            "pipx install": "uv tool install --quiet",
            "# and put your own values in": '; echo \'{"environment": "demo"}\' > config.json',
        }.items():
            text = text.replace(theirs, ours)
        return text

    def run(self, commands: str) -> str:
        """What they print."""
        bin_folder = self.folder / "bin"
        environ = clean()
        environ |= {
            "HOME": str(self.folder / "home"),
            "PATH": f"{bin_folder}:{environ['PATH']}",
            "UV_CACHE_DIR": environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv")),
            "UV_TOOL_BIN_DIR": str(bin_folder),
        }
        done = subprocess.run(  # noqa: S603
            ["/bin/bash", "-euo", "pipefail", "-c", self.here(commands)],
            cwd=self.folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path / "billit"
    ignored = shutil.ignore_patterns(".*", "output", "__pycache__", "*.egg-info", "dist")
    shutil.copytree(ROOT, folder, ignore=ignored)
    with postgres.running_or_skipped(port=port) as server:
        yield Machine(folder, server, port)


@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.timeout(1200)
def test_what_the_docs_say_works(machine: Machine) -> None:
    """Each command, in the order in which they stand, and the line for cron."""
    run = 0
    for path in DOCS:
        for block in blocks(path):
            if block.language == "sql" and block.file == "README.md":
                rows = machine.server.rows(machine.here(block.text).strip().rstrip(";"))
                assert len({row["CompanyID"] for row in rows}) == 2
            elif "* * * *" in block.text:
                machine.run(block.text.split("* * * *")[1].strip())
            elif block.language == "sh" and block.is_run_here:
                machine.run(block.text)
                run += 1
    assert run > 5  # the blocks are still found
