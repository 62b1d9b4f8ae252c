"""The command `tap-billit`."""

from __future__ import annotations

import gc


def main() -> None:
    """Run it; the garbage collector would find nothing in what is imported, at a tenth of it."""
    gc.disable()
    from tap_billit.tap import TapBillit  # noqa: PLC0415

    TapBillit.cli()
