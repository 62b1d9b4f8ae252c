"""The report of `tap-billit-doctor`: what was found, in names and types, never in values."""

from __future__ import annotations

import platform
import re
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_billit.doctor.examination import Examination, Finding

MOST_NAMES = 60
"""How many properties of one kind are listed, for the sake of the reader."""

_NAME = re.compile(r"[A-Za-z_][\w.$-]{0,60}", re.ASCII)

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
    "skip": ("`$skip`", "else a list of more than a page fails, unless it goes by OrderID"),
    "times": ("A time of day in a filter", "else asks whole days"),
    "whole days": ("A day in a filter", "needs it where times are refused"),
    "dates": ("Date-times", "emits them as sent; with an offset, the bookmark is a day earlier"),
    "zone": ("The zone of naive date-times", "reads them in `timezone`"),
    "comparison": ("What clock a filter is compared in", "sends what Billit writes, as written"),
    "date_header": ("The Date header", "without it, bounds the bookmark by LastModified alone"),
    "clock": ("This machine's clock", "never uses it for bookmarks"),
    "deleted": ("The list of deleted orders", "takes a page, an array, nothing, and 404"),
    "parties": ("`$orderby=LastModified desc` on parties", "else as for orders"),
    "products": ("`$orderby=LastModified desc` on products", "else as for orders"),
    "documents": ("The list of documents", "reads all once a day, what is new each time"),
    "newest_key": ("`$orderby=DocumentID desc` on documents", "else reads all, each time"),
    "transactions": ("The list of bank transactions", "as documents"),
    "BookingEntries": ("BookingEntries in a document", "has a column for them"),
    "errors": ("The body of an error", "finds the code in any of them"),
    "foreign": ("Another's PartyID", "reports that company, and does the others"),
    "another's order": (
        "An order of another company",
        "takes an OrderID for unique; if this is 404 or given, please report",
    ),
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


def line(finding: Finding) -> str:
    """A finding as the terminal shows it."""
    question, _ = QUESTIONS.get(finding.question, (finding.question, ""))
    detail = f" ({finding.detail})" if finding.detail else ""
    return f"{question:<38} {finding.answer}{detail}"


def markdown(
    findings: Iterable[Finding],
    examination: Examination | None,
    *,
    environment: str,
    complete: bool,
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
    if not complete:
        lines += ["", "The examination ended early; the terminal says why."]
    lines += ["", "## Not asked", "", *(f"- {line}" for line in UNASKED)]
    if examination:
        lines += ["", "## Shapes", "", *_shapes(examination)]
    return "\n".join(lines) + "\n"


def _shapes(examination: Examination) -> Iterable[str]:
    yield "| what | properties seen | not in the schema | of another type | columns not seen |"
    yield "| --- | --- | --- | --- | --- |"
    for name, shape in examination.shapes.items():
        unknown = _listed({path: shape.types[path] for path in shape.unknown})
        wrong = _listed(shape.wrong)
        missing = ", ".join(shape.missing) if shape.types else "nothing was seen"
        yield f"| {name} | {len(shape.types)} | {unknown} | {wrong} | {missing} |"


def _listed(found: Mapping[str, Iterable[str]]) -> str:
    """Properties with their types; a name that is none of a property may be about somebody."""
    names = {path: path if _NAME.fullmatch(path) else "an odd name" for path in sorted(found)}
    listed = [f"{names[path]} ({'/'.join(sorted(found[path]))})" for path in names][:MOST_NAMES]
    more = len(found) - len(listed)
    return ", ".join([*listed, f"and {more} more"] if more else listed)
