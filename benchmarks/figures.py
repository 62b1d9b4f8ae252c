"""What all benchmarks share: their options, and tables that go into docs/performance.md.

Each table stands there between two marks. The first has a digest of it, so that `make lint` notices
figures that were typed by hand.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
from contextlib import contextmanager
from datetime import datetime, timezone
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

FOLDER = Path(__file__).parent
PAGE = FOLDER.parent / "docs" / "performance.md"

_BLOCK = re.compile(
    r"^<!-- (?P<name>[\w-]+): .*-->\n"
    r"(?P<content>(?:(?!<!--).*\n)*)"
    r"<!-- (?P=name): end -->\n",
    re.MULTILINE,
)


class Options(argparse.ArgumentParser):
    """The options of a benchmark: each size has a value for a full run and one for a small run."""

    def __init__(self, description: str | None, **sizes: tuple[Any, Any]) -> None:
        super().__init__(description=description)
        self._sizes = sizes
        self.add_argument("--small", action="store_true", help="a short run, to see that it works")
        self.add_argument(
            "--write",
            nargs="?",
            type=Path,
            const=PAGE,
            metavar="PAGE",
            help="put the tables into docs/performance.md, or into a copy of it",
        )
        for name, (full, small) in sizes.items():
            many = isinstance(full, tuple)
            self.add_argument(
                f"--{name}",
                nargs="+" if many else None,
                type=type(full[0] if many else full),
                help=f"{_text(full)}; small: {_text(small)}",
            )

    def chosen(self) -> argparse.Namespace:
        """What the command line chose; `setting` says under what the figures were taken."""
        options = self.parse_args()
        if options.write and not options.write.is_file():
            self.error(f"{options.write} is no page: give --write a copy of {PAGE}")
        if options.small and options.write and options.write.samefile(PAGE):
            self.error("--small measures nothing: give --write a copy of the page")
        for name, (full, small) in self._sizes.items():
            if getattr(options, name) is None:
                setattr(options, name, small if options.small else full)
        sizes = [f"{name} {_text(getattr(options, name))}" for name in self._sizes]
        options.setting = "; ".join([_machine(), *sizes])
        return options


def _machine() -> str:
    """The day, and this machine with what else runs on it."""
    return (
        f"{datetime.now(timezone.utc):%Y-%m-%d}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores with a load of {os.getloadavg()[0]:.1f} before"
    )


@contextmanager
def table(
    name: str, *columns: str, options: argparse.Namespace
) -> Generator[Callable[..., None], None, None]:
    """A function that takes the rows of a table; it prints each, and in the end all are written.

    `name` is the benchmark's, and may go on after a hyphen where it has several tables.
    """
    lines: list[str] = []

    def row(*cells: object) -> None:
        lines.append(f"| {' | '.join(map(_text, cells))} |\n")
        print(lines[-1], end="", flush=True)

    if options.write:
        _place(options.write, name)
    row(*columns)
    row(*["---"] * len(columns))
    yield row
    if options.write:
        _write(options.write, name, f"{''.join(lines)}\n{options.setting}.\n")


def _text(value: object) -> str:
    """A cell: whole numbers in full, others with three digits."""
    if isinstance(value, tuple | list):
        return ", ".join(map(_text, value))
    if isinstance(value, int):
        return f"{value:,}"
    return f"{Decimal(f'{value:#.3g}'):,f}" if isinstance(value, float) else str(value)


def _write(page: Path, name: str, content: str) -> None:
    old = _place(page, name)
    new = f"{old.string[: old.start()]}{_block(name, content)}{old.string[old.end() :]}"
    page.write_text(new, encoding="utf-8")


def _place(page: Path, name: str) -> re.Match[str]:
    """Where the table stands."""
    for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block["name"] == name:
            return block
    raise SystemExit(f"{page} needs the lines <!-- {name}: here --> and <!-- {name}: end -->.")


def _block(name: str, content: str) -> str:
    command = f"python -m benchmarks.{_module(name)} --write"
    digest = sha256(content.encode()).hexdigest()[:12]
    return f"<!-- {name}: written by `{command}`, {digest} -->\n{content}<!-- {name}: end -->\n"


def _module(name: str) -> str:
    return name.partition("-")[0]


def complaints(text: str) -> Iterator[str]:
    """What stands in a page of figures that no benchmark has written."""
    for block in _BLOCK.finditer(text):
        name = block["name"]
        if not (FOLDER / f"{_module(name)}.py").exists():
            yield f"{name}: there is no such benchmark"
        elif block[0] != _block(name, block["content"]):
            yield f"{name}: not as its benchmark wrote it; run it with --write"
    for line in _BLOCK.sub("", text).splitlines():
        if line.startswith(("|", "<!--")):
            yield f"{line}: written by no benchmark"
