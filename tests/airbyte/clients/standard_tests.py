"""The standard tests of airbyte-cdk, on the installed connector.

They run in an environment of their own, that has airbyte-cdk and not this package: `make airbyte`.
`acceptance-test-config.yml` says with which configurations.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from airbyte_cdk.models import (
    AirbyteMessageSerializer,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalogSerializer,
)
from airbyte_cdk.sources.source import Source
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]

EXECUTABLE = os.environ["SOURCE_BILLIT"]


def messages(command: str, **files: Any) -> Iterator[Any]:
    """What the connector says, as airbyte-cdk reads it.

    Raises:
        AirbyteTracedException: it ended with an error.
    """
    with TemporaryDirectory() as folder:
        arguments = [EXECUTABLE, command]
        for name, content in files.items():
            file = Path(folder) / name
            file.write_text(json.dumps(content), encoding="utf-8")
            arguments.append(f"--{name}={file}")
        done = subprocess.run(arguments, stdout=subprocess.PIPE, check=False)  # noqa: S603
    for line in done.stdout.splitlines():
        yield AirbyteMessageSerializer.load(json.loads(line))
    if done.returncode:
        raise AirbyteTracedException(f"exit status {done.returncode}")


def only(command: str, payload: str, **files: Any) -> Any:
    """The one payload of a kind that it says."""
    (found,) = (
        getattr(each, payload)
        for each in messages(command, **files)
        if getattr(each, payload, None) is not None
    )
    return found


class SourceBillit(Source):  # type: ignore[misc]
    """The connector, where the tests of airbyte-cdk want an object."""

    def spec(self, logger: Any) -> Any:  # noqa: ARG002
        return only("spec", "spec")

    def check(self, logger: Any, config: Any) -> Any:  # noqa: ARG002
        return only("check", "connectionStatus", config=config)

    def discover(self, logger: Any, config: Any) -> Any:  # noqa: ARG002
        return only("discover", "catalog", config=config)

    def read(self, logger: Any, config: Any, catalog: Any, state: Any = None) -> Iterator[Any]:  # noqa: ARG002
        yield from messages(
            "read",
            config=config,
            catalog=ConfiguredAirbyteCatalogSerializer.dump(catalog),
            state=[AirbyteStateMessageSerializer.dump(each) for each in state or ()],
        )


class TestBillit(SourceTestSuiteBase):  # type: ignore[misc]
    connector = SourceBillit

    @classmethod
    def get_connector_root_dir(cls) -> Path:
        return Path(__file__).parent
