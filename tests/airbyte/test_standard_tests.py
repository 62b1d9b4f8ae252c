"""The standard tests of airbyte-cdk, in an environment of their own: `make airbyte`."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.kit.airbyte import COMMAND
from tests.kit.pyairbyte import ENVIRONMENTS, ROOT

HERE = ROOT / "tests/airbyte/clients"


@pytest.mark.airbyte
@pytest.mark.timeout(1200)
def test_airbyte_takes_it_for_a_connector() -> None:
    done = subprocess.run(  # noqa: S603
        [
            *(str(ENVIRONMENTS / "standard_tests/bin/python"), "-m", "pytest", "-c", os.devnull),
            *("--rootdir", str(HERE), "--confcutdir", str(HERE), "--import-mode", "importlib"),
            *("-p", "no:cacheprovider", "-m", "not image_tests"),
            str(HERE / "standard_tests.py"),
        ],
        env={**os.environ, "SOURCE_BILLIT": str(COMMAND)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (passed,) = re.findall(r"(\d+) passed", done.stdout)
    assert int(passed) >= 8
