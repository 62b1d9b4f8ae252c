"""What went wrong, as Airbyte wants it: a sentence, and who can mend it."""

from __future__ import annotations

import traceback

from requests import codes
from singer_sdk.exceptions import ConfigValidationError

from tap_billit.errors import AnswerError, ApiError, BillitError, StateError, TransientError
from tap_billit.incomplete import IncompleteError
from tap_billit.set_aside import OutageError
from tap_billit.unforeseen import what_happened

CONFIG, TRANSIENT, SYSTEM = "config_error", "transient_error", "system_error"

MEND = "To read the stream anew: clear its data in the connection's settings, or refresh it."


def sentence(error: Exception) -> str:
    """What to tell the user."""
    if isinstance(error, ConfigValidationError):
        return " ".join(error.errors)
    if isinstance(error, StateError):
        return f"{error.what} {MEND}"
    if isinstance(error, BillitError):
        return str(error)
    return f"{what_happened(error)}. Please report it, with the stack trace."


def stack_trace(error: Exception) -> str | None:
    """Where it happened, if nobody foresaw it."""
    if isinstance(error, (BillitError, ConfigValidationError)):
        return None
    return "".join(traceback.format_tb(error.__traceback__))


def failure_type(error: Exception) -> str:
    """Who can mend it: the user, time, or we. The first of these where several went wrong."""
    if isinstance(error, IncompleteError):
        kinds = {failure_type(cause) for cause in error.causes}
        return next((kind for kind in (CONFIG, TRANSIENT, SYSTEM) if kind in kinds), TRANSIENT)
    if isinstance(error, (TransientError, OutageError)):
        return TRANSIENT
    if isinstance(error, ApiError):
        mendable = error.status in (codes.unauthorized, codes.forbidden)
        return CONFIG if mendable else SYSTEM
    if isinstance(error, AnswerError):
        return SYSTEM
    return CONFIG if isinstance(error, (BillitError, ConfigValidationError)) else SYSTEM
