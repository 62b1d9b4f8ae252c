"""Nothing is lost: thousands of made-up histories of an account that changes under the tap.

The fast suite tries a few dozen. All of them, some minutes:

    HYPOTHESIS_PROFILE=thorough pytest tests/test_nothing_lost.py

`tests.simulation` holds the parts: `world` what changes, `runs` one run of the tap, `targets` what
loaders keep, `promise` what is checked, `machine` the rules.
"""

from __future__ import annotations

from tests.simulation.machine import Histories

TestHistories = Histories.TestCase
