"""What a test does more where `HYPOTHESIS_PROFILE=thorough` is set."""

from __future__ import annotations

from hypothesis import settings

IS_LONG = settings().max_examples >= 1000

PARTS = range(20 if IS_LONG else 1)
"""Each draws its own examples; a part that passed is done, whatever becomes of the others."""
