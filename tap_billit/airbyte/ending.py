"""How a signal ends the command."""

from __future__ import annotations

import ctypes
import os
import signal


def die_of(signum: int) -> None:
    """End by the signal itself, as a process does that has no handler: PyAirbyte looks for that.

    Only the main thread may take a handler away by `signal.signal`, and this is another one.
    """
    if os.name == "posix":
        ctypes.pythonapi.PyOS_setsig(signum, ctypes.c_void_p(int(signal.SIG_DFL)))
        signal.raise_signal(signum)
    os._exit(128 + signum)  # the first process of a container does not die of signals
