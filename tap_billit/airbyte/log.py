"""The log, as messages."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from singer_sdk.metrics import METRICS_LOGGER_NAME
from typing_extensions import override

from tap_billit.airbyte import messages
from tap_billit.shutdown import process

if TYPE_CHECKING:
    from tap_billit.airbyte.output import Output

LEVELS = {
    logging.DEBUG: "DEBUG",
    logging.INFO: "INFO",
    logging.WARNING: "WARN",
    logging.ERROR: "ERROR",
    logging.CRITICAL: "FATAL",
}


class LogMessages(logging.Handler):
    """Sends what is logged; once a signal has come, to standard error: the reader may be stuck."""

    _formatter = logging.Formatter()

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output

    @override
    def emit(self, record: logging.LogRecord) -> None:
        text = self._output.hide(record.getMessage())
        if process.stopped:
            sys.stderr.write(f"{text}\n")
            return
        trace = None
        if record.exc_info:
            trace = self._output.hide(self._formatter.formatException(record.exc_info))
        level = LEVELS.get(record.levelno, "INFO")
        with suppress(OSError):
            self._output.send(messages.log(level, text, trace))


def log_to(output: Output, *, debug: bool) -> None:
    """Have everything that is logged sent as messages, and the SDK's metrics dropped."""
    logging.basicConfig(
        handlers=[LogMessages(output)], level=logging.DEBUG if debug else logging.INFO, force=True
    )
    logging.getLogger(METRICS_LOGGER_NAME).propagate = False
