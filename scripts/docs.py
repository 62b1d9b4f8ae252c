"""Write what the tap says of itself into README.md and Meltano's files; `--check` only compares.

It also looks whether the figures in docs/performance.md are as the benchmarks wrote them.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

from benchmarks import figures
from tap_billit.api.body import TooLargeError
from tap_billit.api.client import LARGEST
from tap_billit.api.paginator import FRUITLESS
from tap_billit.errors import (
    GONE,
    OTHER,
    PARTIAL,
    REDIRECT,
    SERVER_ERROR,
    STATUS_RULES,
    AnswerError,
    BillitError,
    Costs,
    TransientError,
)
from tap_billit.settings import SETTINGS
from tap_billit.tap import TapBillit

ROOT = Path(__file__).parents[1]
TAP = TapBillit(config={"environment": "demo", "files_url": "memory://files"})
OWN = SETTINGS.to_dict()["properties"]
NEEDS_AN_EXTRA = "faker_config"

AGAIN = "tried again"
COSTS = {
    Costs.RECORD: "the record alone",
    Costs.STREAM: "this stream of this company",
    Costs.COMPANY: "this company",
    Costs.RUN: "the run",
}
SPECIAL = {
    401: "a token that expired or is unknown is renewed once",
    429: "tried again after `Retry-After` (seconds or a date), else as the other errors",
    **dict.fromkeys(
        GONE, "details: a list is asked whether the order was deleted, and it is skipped then"
    ),
}
BEYOND_STATUS: tuple[tuple[str, str, Costs, str], ...] = (
    (
        "refused, reset, timed out, cut off, DNS, TLS cut off",
        AGAIN,
        TransientError.costs,
        "network, `api_url`",
    ),
    (
        "a certificate that cannot be trusted",
        "",
        BillitError.costs,
        "the clock, `REQUESTS_CA_BUNDLE`",
    ),
    (
        "truncated or broken gzip, HTML, no JSON",
        AGAIN,
        TransientError.costs,
        "`environment`, `api_url`",
    ),
    (
        "JSON of another shape, or not what was asked for",
        "",
        AnswerError.costs,
        "please report this",
    ),
    ("a row without its key", "read again by the next run", Costs.RECORD, "please report this"),
    (
        "a page that says that there is more, and lists nothing new",
        f"asked again, up to {FRUITLESS} times in a row",
        AnswerError.costs,
        "please report this",
    ),
    (f"an answer of more than {LARGEST >> 20} MiB", "", TooLargeError.costs, "`api_url`"),
    ("the token endpoint: an error that lasts", AGAIN, Costs.RUN, "the message says"),
)


def settings_table() -> str:
    """The tap's own settings as a Markdown table."""
    lines = ["| Setting | Default | Meaning |", "| --- | --- | --- |"]
    for name, schema in OWN.items():
        default = f"`{str(schema['default']).lower()}`" if schema.get("default") is True else ""
        default = default or (f"`{schema['default']}`" if "default" in schema else "")
        secret = " (secret)" if schema.get("secret") else ""
        lines.append(f"| `{name}`{secret} | {default} | {schema['description']} |")
    return "\n".join(lines)


def streams_table() -> str:
    """The catalog as a Markdown table."""
    lines = ["| Stream | What | Key | Replication | Requests |", "| --- | --- | --- | --- | --- |"]
    for name, stream in TAP.streams.items():
        entry = TAP.catalog.get_stream(name)
        what = inspect.getdoc(type(stream)).partition("\n")[0].removesuffix(".")
        keys = ", ".join(f"`{key}`" for key in entry.key_properties)
        bookmark = f"incremental by `{entry.replication_key}`" if entry.replication_key else "full"
        bookmark += "" if entry.metadata.root.selected_by_default else "; only if selected"
        lines.append(f"| `{name}` | {what} | {keys} | {bookmark} | {stream.cost} |")
    return "\n".join(lines)


def errors_table() -> str:
    """What the tap does when Billit stumbles, and what it costs if it lasts."""
    statuses = {str(status): rule for status, rule in STATUS_RULES.items()}
    statuses |= {"other 2xx": PARTIAL, "other 4xx": OTHER, "3xx": REDIRECT, "5xx": SERVER_ERROR}
    special = {str(status): does for status, does in SPECIAL.items()}
    rows = [
        (name, special.get(name, AGAIN if rule.retry else ""), rule.costs, rule.hint)
        for name, rule in statuses.items()
    ]
    lines = [
        "| Billit answers | The tap | If it stays so, it costs | What to check |",
        "| --- | --- | --- | --- |",
    ]
    return "\n".join(
        lines
        + [
            f"| {answer} | {does} | {COSTS[costs]} | {check} |"
            for answer, does, costs, check in (*rows, *BEYOND_STATUS)
        ]
    )


def meltano_settings() -> str:
    """All settings as Meltano defines them: the tap's own and the SDK's that work here."""
    schemas = OWN | TAP.config_jsonschema["properties"]
    settings = [meltano_setting(n, s) for n, s in schemas.items() if n != NEEDS_AN_EXTRA]
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, width=10_000)
    return indent(f"settings:\n{text}", " " * 4).rstrip()


def meltano_setting(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """One setting as Meltano defines it, in the order in which Meltano writes it back."""
    setting: dict[str, Any] = {"name": name, "kind": kind(schema)}
    if "default" in schema:
        setting["value"] = schema["default"]
    setting |= {"label": schema["title"], "description": schema["description"]}
    if "enum" in schema:
        setting["options"] = [{"label": o.capitalize(), "value": o} for o in schema["enum"]]
    if schema.get("secret"):
        setting["sensitive"] = True
    return setting


def kind(schema: dict[str, Any]) -> str:
    """Meltano's word for a JSON schema's type."""
    if "enum" in schema:
        return "options"
    if schema.get("format") == "date-time":
        return "date_iso8601"
    (type_,) = {*schema["type"]} - {"null"}
    # Meltano 4.4 breaks on a `decimal` that comes from a variable: it cannot write it as JSON.
    return "integer" if type_ == "number" else str(type_)


def definition(meltano: str) -> str:
    """The extractor of meltano.yml for `meltano add --from-ref`, and as Meltano's hub wants it."""
    extractor = yaml.safe_load(meltano)["plugins"]["extractors"][0]
    package = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extractor |= {
        "variant": "billit",
        "pip_url": "tap-billit",
        "domain_url": "https://www.billit.be",
        "keywords": ["meltano_sdk", "invoices", "accounting"],
        "maintenance_status": "beta",
        "quality": "unknown",
        "supported_python_versions": re.findall(r"Python :: (3\.\d+)", package),
    }
    text = yaml.safe_dump(extractor, sort_keys=False, allow_unicode=True, width=10_000)
    return f"# For `meltano add --from-ref`. Written by `make docs` from meltano.yml.\n{text}"


def fill(text: str, block: str, content: str) -> str:
    """`text` with `content` between the lines that mark `block`."""
    pattern = rf"(?s)(^[^\n]*\b{block}: written by `make docs`[^\n]*\n).*?(^[^\n]*\b{block}: end)"
    filled, found = re.subn(pattern, lambda m: f"{m[1]}{content}\n{m[2]}", text, flags=re.MULTILINE)
    if not found:
        raise LookupError(f"nothing marks where {block} goes")
    return filled


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, fail if out of date")
    check = parser.parse_args().check
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    meltano = (ROOT / "meltano.yml").read_text(encoding="utf-8")
    meltano = fill(meltano, "settings", meltano_settings())
    readme = fill(readme, "settings", settings_table())
    readme = fill(readme, "streams", streams_table())
    readme = fill(readme, "errors", errors_table())
    stale = []
    for name, new in {
        "README.md": readme,
        "meltano.yml": meltano,
        "tap-billit.yml": definition(meltano),
    }.items():
        path = ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != new:
            stale.append(name)
            if not check:
                path.write_text(new, encoding="utf-8")
    if stale:
        print(f"{', '.join(stale)}: {'out of date, run `make docs`' if check else 'updated'}")
    wrong = [*figures.complaints(figures.PAGE.read_text(encoding="utf-8"))]
    print(*(f"{figures.PAGE.name}: {each}" for each in wrong), sep="\n", end="\n" if wrong else "")
    return int(check and bool(stale or wrong))


if __name__ == "__main__":
    sys.exit(main())
