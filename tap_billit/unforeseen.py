"""What to tell the user about any error, foreseen or not: one sentence, never a traceback."""

from __future__ import annotations

import logging
import os
import traceback
from pathlib import Path
from typing import Any

import click
from singer_sdk.exceptions import ConfigValidationError
from typing_extensions import override

from tap_billit.errors import BillitError

logger = logging.getLogger("tap-billit")

SDK_SETTINGS = {
    "singer_sdk/mapper.py": "`stream_maps` cannot be applied (amounts are exact decimals: beside "
    "fractions they need `float(…)`)",
    "singer_sdk/helpers/_batch.py": "`batch_config` cannot be used",
    "singer_sdk/batch.py": "`batch_config` cannot be used",
    "singer_sdk/contrib/batch_encoder_parquet.py": "`batch_config` cannot be used",
}
"""Where the SDK fails on a mistake in a setting of its own, and what is wrong then."""


def sentence(error: Exception) -> str:
    """What to tell the user about any error.

    The text of one that nobody foresaw may quote a secret: only its type and place are told, but
    what comes from the system, or from the SDK, says what to do.
    """
    if isinstance(error, BillitError):
        return str(error)
    if isinstance(error, ConfigValidationError):
        return " ".join(error.errors)
    frames = traceback.extract_tb(error.__traceback__)
    for path, blamed in SDK_SETTINGS.items():
        if any(Path(frame.filename).as_posix().endswith(path) for frame in frames):
            return f"{blamed}: {_said(error)}."
    return (
        f"{what_happened(error)}. Run it again with `TAP_BILLIT_LOGLEVEL=DEBUG` to see where it "
        "comes from, and please report it."
    )


def what_happened(error: Exception) -> str:
    """Type and place of an error that was not foreseen."""
    frames = traceback.extract_tb(error.__traceback__)
    telling = isinstance(error, OSError) or type(error).__module__.startswith("singer_sdk")
    what = f"{type(error).__name__} {error if telling else ''}".strip()
    where = "".join(f"{Path(each.filename).name}, line {each.lineno}" for each in frames[-1:])
    return f"The run ended by an error that was not foreseen: {what} ({where})"


def _said(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return f"{package} is missing; install it beside tap-billit (pip install {package})"
    return f"{type(error).__name__}, {error}"


def told(error: Exception) -> str:
    """Its sentence; where it happened goes to the log, at DEBUG."""
    logger.debug("Where it happened:", exc_info=None if isinstance(error, BillitError) else error)
    return sentence(error)


def log_level() -> int:
    """What `TAP_BILLIT_LOGLEVEL` names, or `LOGLEVEL`, as for the SDK; else warnings.

    Raises:
        BillitError: there is no such level.
    """
    name = os.environ.get("TAP_BILLIT_LOGLEVEL") or os.environ.get("LOGLEVEL") or "WARNING"
    level = logging.getLevelName(name.upper())
    if not isinstance(level, int):
        raise BillitError(f"There is no log level {name!r}: give DEBUG, INFO, WARNING or ERROR.")
    return level


def show_log() -> None:
    """Show the log of a command beside the tap's own, which has the SDK's."""
    logging.basicConfig(level=log_level(), format="%(message)s")


class SentenceCommand(click.Command):
    """A command beside the tap's own: any error ends it with a sentence and exit status 1."""

    @override
    def invoke(self, ctx: click.Context) -> Any:
        try:
            show_log()
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # noqa: BLE001  whatever it is
            raise click.ClickException(told(error)) from None
