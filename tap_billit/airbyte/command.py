"""The command `source-billit`: spec, check, discover, read."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import ConfigValidationError

from tap_billit.airbyte import messages
from tap_billit.airbyte.catalog import choices, offered
from tap_billit.airbyte.config import Configuration
from tap_billit.airbyte.ending import die_of
from tap_billit.airbyte.errors import sentence
from tap_billit.airbyte.files import read_json, read_object
from tap_billit.airbyte.log import log_to
from tap_billit.airbyte.output import Output, standard_output
from tap_billit.airbyte.spec import specification
from tap_billit.airbyte.state import bookmarks
from tap_billit.airbyte.tap import CheckedTap, ConfiguredTap, ReadingTap
from tap_billit.airbyte.writer import AirbyteWriter
from tap_billit.errors import BillitError
from tap_billit.shutdown import process
from tap_billit.tap import let_records_die

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("tap-billit")

UNTRIED = (
    "The configuration is well-formed; it was not tried. The refresh token works once, so it is "
    "left to the first sync. `tap-billit-login --airbyte` prints tokens that can be tried."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tap-billit")
def main() -> None:
    """Billit as an Airbyte source: what it is, whether it works, what it has, and reading it."""


def _file(name: str, *, required: bool = True) -> Callable[[Any], Any]:
    return click.option(f"--{name}", required=required, help="A JSON file of Airbyte's.")


_debug = click.option("--debug", is_flag=True, help="Log more.")


@main.command("spec")
@_debug
def spec_command(*, debug: bool) -> None:
    """Print how the connector is configured."""
    _run(Output, spec, debug=debug)


@main.command("check")
@_file("config")
@_debug
def check_command(*, config: str, debug: bool) -> None:
    """Try whether the configuration works."""
    _run(Output, check, debug=debug, config=config)


@main.command("discover")
@_file("config")
@_debug
def discover_command(*, config: str, debug: bool) -> None:
    """Print the streams that there are."""
    _run(Output, discover, debug=debug, config=config)


@main.command("read")
@_file("config")
@_file("catalog")
@_file("state", required=False)
@_debug
def read_command(*, config: str, catalog: str, state: str | None, debug: bool) -> None:
    """Read what a configured catalog chooses."""
    _run(AirbyteWriter, read, debug=debug, config=config, catalog=catalog, state=state)


def spec(output: Output) -> None:
    """Send the specification."""
    output.send(messages.spec(specification()))


def check(output: Output, *, config: str) -> None:
    """Send whether the configuration works; what the user or time can mend is no error here."""
    problem = None
    try:
        _try_out(output, config)
    except (BillitError, ConfigValidationError) as error:
        problem = output.hide(sentence(error))
    output.send(messages.connection_status(problem))


def _try_out(output: Output, config: str) -> None:
    """See that the account can be reached.

    Raises:
        BillitError: it cannot.
        ConfigValidationError: nor can it ever be, with such settings.
    """
    configuration = Configuration(read_object(config, "config"))
    tap = CheckedTap(configuration, output, setup_mapper=False)
    if configuration.keeps_tokens and not configuration.tokens and tap.settings.refresh_token:
        logger.warning(UNTRIED)
        return
    try:
        tap.account.companies  # noqa: B018  they are asked for
    finally:
        tap.account.close()


def discover(output: Output, *, config: str) -> None:
    """Send the catalog."""
    configuration = Configuration(read_object(config, "config"))
    tap = ConfiguredTap(configuration, output, setup_mapper=False)
    output.send(messages.catalog([offered(stream) for stream in tap.streams.values()]))


def read(writer: AirbyteWriter, *, config: str, catalog: str, state: str | None) -> None:
    """Send what is chosen."""
    try:
        chosen = choices(read_object(catalog, "catalog"))
        writer.expect(chosen)
        configuration = Configuration(read_object(config, "config"))
        kept = bookmarks(read_json(state, "state")) if state else {}
        ReadingTap(configuration, writer, chosen, kept).sync_all()
    except Exception:
        process.give_way()
        writer.give_up()
        raise


def _run(kind: type[Any], action: Callable[..., None], *, debug: bool, **files: Any) -> None:
    """Do it with standard output for messages alone, and end as Airbyte expects."""
    let_records_die()
    process.leave = die_of
    with standard_output() as out:
        output = kind(out)
        log_to(output, debug=debug)
        sys.exit(outcome(output, action, **files))


def outcome(output: Any, action: Callable[..., None], **files: Any) -> int:
    """Do it, and say what went wrong; the exit status."""
    try:
        action(output, **files)
    except BrokenPipeError:
        process.give_way()
    except Exception as error:  # noqa: BLE001  any error is told
        process.give_way()
        with suppress(BrokenPipeError):
            output.send_error(error)
    else:
        return 0
    return 1
