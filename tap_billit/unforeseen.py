"""What to tell the user about any error, foreseen or not: one sentence, never a traceback."""

from __future__ import annotations

import traceback
from pathlib import Path

from tap_billit.errors import BillitError

SDK_SETTINGS = {
    "singer_sdk/mapper.py": "`stream_maps` cannot be applied (amounts are exact decimals: beside "
    "fractions they need `float(…)`)",
    "singer_sdk/helpers/_batch.py": "`batch_config` cannot be used",
    "singer_sdk/batch.py": "`batch_config` cannot be used",
}
"""Where the SDK fails on a mistake in a setting of its own, and what is wrong then."""


def sentence(error: Exception) -> str:
    """What to tell the user about any error.

    The text of one that nobody foresaw may quote a secret: only its type and place are told, but
    what comes from the system, or from the SDK, says what to do.
    """
    if isinstance(error, BillitError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    for path, blamed in SDK_SETTINGS.items():
        if any(Path(frame.filename).as_posix().endswith(path) for frame in frames):
            return f"{blamed}: {type(error).__name__}, {error}."
    telling = isinstance(error, OSError) or type(error).__module__.startswith("singer_sdk")
    what = f"{type(error).__name__} {error if telling else ''}".strip()
    where = "".join(f"{Path(each.filename).name}, line {each.lineno}" for each in frames[-1:])
    return (
        f"The run ended by an error that was not foreseen: {what} ({where}). Run it again with "
        "`TAP_BILLIT_LOGLEVEL=DEBUG` to see where it comes from, and please report it."
    )
