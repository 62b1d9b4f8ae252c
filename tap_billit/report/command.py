"""The command `tap-billit-report`: the marts of a database, as one page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tap_billit.redaction import printable
from tap_billit.report.words import LANGUAGES
from tap_billit.unforeseen import show_log, told

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        # Not on top: without the extra, this says what to install.
        from tap_billit.report.figures import companies  # noqa: PLC0415
        from tap_billit.report.marts import MartsError, opened  # noqa: PLC0415
        from tap_billit.report.page import page  # noqa: PLC0415
    except ModuleNotFoundError as error:
        parser.exit(1, f"{error.name} is missing: pip install 'tap-billit[report]'.\n")
    try:
        show_log()
        with opened(options.database, schema=options.schema) as marts:
            found = companies(marts, only=options.company)
        options.output.write_text(page(found, language=options.language), encoding="utf-8")
    except MartsError as error:
        parser.exit(1, f"{printable(f'{error}')}\n")
    except OSError as error:
        parser.exit(1, f"{options.output} cannot be written: {error.strerror}.\n")
    except Exception as error:  # noqa: BLE001  whatever it is, a sentence ends the command
        parser.exit(1, f"{told(error)}\n")
    done = f"{options.output}: {', '.join(company.name for company in found)}"
    print(printable(done, sys.stdout.encoding))  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tap-billit-report",
        description="Make one page of the dbt models: what is owed, what to pay, cash, VAT.",
    )
    parser.add_argument(
        "--database",
        required=True,
        help="a DuckDB file, or postgresql://user@host/database; libpq's PGPASSWORD works",
    )
    parser.add_argument("--schema", help="where the marts are; default: the only one that has any")
    parser.add_argument(
        "--output", type=Path, default=Path("report.html"), help="default: report.html"
    )
    parser.add_argument("--language", choices=LANGUAGES, default="en", help="which it opens in")
    parser.add_argument(
        "--company", type=int, action="append", default=[], help="its ID; default: all companies"
    )
    return parser
