"""The command `tap-billit-doctor`: what this Billit is like, and a report to attach to an issue."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import ConfigValidationError

from tap_billit.cli_files import check_config
from tap_billit.doctor.examination import Examination, Finding
from tap_billit.errors import BillitError
from tap_billit.tap import TapBillit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_billit.account import BillitAccount

QUESTIONS: dict[str, tuple[str, str]] = {
    "login": ("How the tap gets in", "refreshes ahead of the end, and keeps each new token"),
    "client": ("Where the client goes on a refresh", "tries header, then body; keeps what works"),
    "grant_body": ("What body a refresh has", "tries JSON, then a form; keeps what works"),
    "companies": ("Companies that the login reaches", "syncs all, or `company_ids`"),
    "reach": ("Whether each of them answers", "reports one that does not, and does the others"),
    "link": ("The form of a NextPageLink", "takes its query alone; orders do not need it"),
    "rows": ("Properties of an order's row", "all optional; names what it does not know, once"),
    "perhaps": ("Undocumented properties in rows", "has a column for each"),
    "ids": ("Ids", "makes numbers of text"),
    "amounts": ("Amounts", "makes exact decimals of text"),
    "nulls": ("Properties without a value", "takes both"),
    "by_id": ("`$orderby=OrderID`", "else pages by offset, and stops where the order is another"),
    "from_id": ("`OrderID ge`", "else pages by offset, overlapping"),
    "newest_first": (
        "`$orderby=LastModified desc`",
        "else Billit's Date less a day is the bookmark; if it is ignored, please report",
    ),
    "times": ("A time of day in a filter", "else asks whole days"),
    "whole days": ("A day in a filter", "needs it where times are refused"),
    "dates": ("Date-times", "emits them as sent; with an offset, the bookmark is a day earlier"),
    "zone": ("The zone of naive date-times", "reads them in `timezone`"),
    "comparison": ("What clock a filter is compared in", "sends what Billit writes, as written"),
    "date_header": ("The Date header", "without it, bounds the bookmark by LastModified alone"),
    "clock": ("This machine's clock", "never uses it for bookmarks"),
    "deleted": ("The list of deleted orders", "takes a page, an array, nothing, and 404"),
    "parties": ("`$orderby=LastModified desc` on parties", "else reads all, each time"),
    "products": ("`$orderby=LastModified desc` on products", "else reads all, each time"),
    "documents": ("The list of documents", "reads all, each time"),
    "transactions": ("The list of bank transactions", "reads all, each time"),
    "BookingEntries": ("BookingEntries in a document", "has a column for them"),
    "errors": ("The body of an error", "finds the code in any of them"),
    "foreign": ("Another's PartyID", "reports that company, and does the others"),
    "no PartyID": ("A request without PartyID", "always sends it"),
    "too_many": ("The answer 429", "waits what it says, else longer each time"),
    "limit headers": ("Limits in headers", "keeps to `requests_per_minute`"),
}
"""What is asked, and what the tap does about it; the rest, it does not use."""

UNASKED = (
    "What a spent refresh token is answered, and whether there is a grace: asking costs a login.",
    "The limit and the body of a 429: asking would use up the limit of others.",
    "Whether payments, delivery and reminders move LastModified: it takes a change to see.",
)


@click.command()
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

    Reads only, about forty requests. The report has no names, numbers, amounts or tokens.
    """
    account = _account(sources)
    findings: list[Finding] = []
    examination = None
    failure = None
    try:
        examination = Examination(account)
        for finding in examination.findings():
            findings.append(finding)
            click.echo(_line(finding))
    except BillitError as error:
        failure = error
    finally:
        account.close()
    if report:
        environment = account.config["environment"]
        text = markdown(findings, examination, environment=environment, failed=bool(failure))
        report.write_text(text, encoding="utf-8")
        click.echo(f"\nThe report is in {report}.")
    if failure:
        raise click.ClickException(str(failure))


def _account(sources: Sequence[str]) -> BillitAccount:
    config: dict[str, Any] = {}
    try:
        for path in sources:
            if path != "ENV":
                check_config(path)
                config |= json.loads(Path(path).read_text(encoding="utf-8"))
        tap = TapBillit(config=config, parse_env_config="ENV" in sources, setup_mapper=False)
    except ConfigValidationError as error:
        raise click.ClickException(" ".join(error.errors)) from None
    except BillitError as error:
        raise click.ClickException(str(error)) from None
    return tap.account


def _line(finding: Finding) -> str:
    question, _ = QUESTIONS.get(finding.question, (finding.question, ""))
    detail = f" ({finding.detail})" if finding.detail else ""
    return f"{question:<38} {finding.answer}{detail}"


def markdown(
    findings: Iterable[Finding],
    examination: Examination | None,
    *,
    environment: str,
    failed: bool,
) -> str:
    """The report; names and types only."""
    with_what = f"tap-billit {version('tap-billit')}, Python {platform.python_version()}"
    requests = len(examination.replies) if examination else 0
    lines = [
        "# tap-billit-doctor",
        "",
        f"{with_what}, environment {environment}, {requests} requests",
        "",
        "| question | finding | what the tap does |",
        "| --- | --- | --- |",
    ]
    for finding in findings:
        question, does = QUESTIONS.get(finding.question, (finding.question, "does not use it"))
        detail = f" ({finding.detail})" if finding.detail else ""
        lines.append(f"| {question} | {finding.answer}{detail} | {does} |")
    if failed:
        lines += ["", "The examination ended early; the terminal says why."]
    lines += ["", "## Not asked", "", *(f"- {line}" for line in UNASKED)]
    if examination:
        lines += ["", "## Shapes", "", *_shapes(examination)]
    return "\n".join(lines) + "\n"


def _shapes(examination: Examination) -> Iterable[str]:
    yield "| what | properties seen | not in the schema | of another type | columns not seen |"
    yield "| --- | --- | --- | --- | --- |"
    for name, shape in examination.shapes.items():
        unknown = ", ".join(
            f"{path} ({'/'.join(sorted(shape.types[path]))})" for path in sorted(shape.unknown)
        )
        wrong = ", ".join(
            f"{path} ({'/'.join(sorted(kinds))})" for path, kinds in sorted(shape.wrong.items())
        )
        missing = ", ".join(shape.missing) if shape.types else "nothing was seen"
        yield f"| {name} | {len(shape.types)} | {unknown} | {wrong} | {missing} |"
