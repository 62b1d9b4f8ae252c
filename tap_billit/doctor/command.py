"""The command `tap-billit-doctor`: what this Billit is like, and a report to attach to an issue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tap_billit.cli_files import read_configs
from tap_billit.doctor.around import AROUND, LIMITS
from tap_billit.doctor.examination import Examination
from tap_billit.doctor.login import LOGIN, OTHERS
from tap_billit.doctor.orders import ORDERS
from tap_billit.doctor.report import line, markdown
from tap_billit.doctor.times import TIMES
from tap_billit.errors import BillitError
from tap_billit.tap import TapBillit
from tap_billit.unforeseen import SentenceCommand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_billit.account import BillitAccount
    from tap_billit.doctor.examination import Finding, Question

ASKED: dict[str, Question] = LOGIN | ORDERS | TIMES | AROUND | OTHERS | LIMITS


@click.command(cls=SentenceCommand)
@click.option(
    "--config",
    "sources",
    multiple=True,
    help="The tap's config file, or ENV for environment variables; may be given again.",
)
@click.option("--report", type=click.Path(path_type=Path), help="Write a report, in Markdown.")
@click.version_option(package_name="tap-billit")
def main(*, sources: Sequence[str], report: Path | None) -> None:
    """Find out how your Billit answers what its documentation leaves open.

    Reads only, about thirty requests. The report has no names, numbers, amounts or tokens.
    """
    account = _account(sources)
    try:
        examination = Examination(account)
        _examine(examination, report, environment=account.settings.environment)
    finally:
        account.close()


def _examine(examination: Examination, report: Path | None, *, environment: str) -> None:
    """Say each finding; the report is written anew with each, so that it is there in any case."""
    findings: list[Finding] = []

    def write(*, complete: bool) -> None:
        text = markdown(findings, examination, environment=environment, complete=complete)
        try:
            if report:
                report.write_text(text, encoding="utf-8")
        except OSError as error:
            raise BillitError(f"{report} cannot be written: {error.strerror}.") from None

    write(complete=False)
    try:
        for finding in examination.findings(ASKED):
            findings.append(finding)
            click.echo(line(finding))
            write(complete=False)
        write(complete=True)
    finally:
        if report:
            click.echo(f"\nThe report is in {report}.")


def _account(sources: Sequence[str]) -> BillitAccount:
    config = read_configs(sources)
    return TapBillit(config=config, parse_env_config="ENV" in sources, setup_mapper=False).account
