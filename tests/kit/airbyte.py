"""`source-billit` as a client of Airbyte's kind sees it; each message is held to the protocol."""

from __future__ import annotations

import io
import json
import subprocess
import sysconfig
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from airbyte_protocol.models import AirbyteMessage

from tap_billit.airbyte.command import check, discover, outcome, read, spec
from tap_billit.airbyte.log import LogMessages
from tap_billit.airbyte.output import Output
from tap_billit.airbyte.writer import AirbyteWriter
from tests.kit.process import SOON
from tests.kit.run import UNHURRIED, as_json, exactly, logged_to

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from tap_billit.demo import DemoServer

Json = dict[str, Any]

PAYLOADS = {
    "RECORD": "record",
    "STATE": "state",
    "LOG": "log",
    "SPEC": "spec",
    "CONNECTION_STATUS": "connectionStatus",
    "CATALOG": "catalog",
    "TRACE": "trace",
    "CONTROL": "control",
}


def message(line: bytes) -> Json:
    """A line as a message, with its amounts digit for digit.

    The protocol's own models know what each message must have; that it has nothing else, they do
    not.
    """
    AirbyteMessage.model_validate_json(line)
    said: Json = exactly(line)
    assert said.keys() == {"type", PAYLOADS[said["type"]]}
    return said


class Said:
    """What the connector said, and its exit status."""

    def __init__(self, lines: Iterable[bytes], status: int) -> None:
        self.messages = [message(line) for line in lines]
        self.status = status

    def _all(self, kind: str) -> list[Json]:
        return [each[PAYLOADS[kind]] for each in self.messages if each["type"] == kind]

    def only(self, kind: str) -> Json:
        (payload,) = self._all(kind)
        return payload

    def records(self, stream: str) -> list[Json]:
        return [each["data"] for each in self._all("RECORD") if each["stream"] == stream]

    @property
    def streams(self) -> list[str]:
        """The streams that have records, in their order."""
        return [*dict.fromkeys(each["stream"] for each in self._all("RECORD"))]

    @property
    def states(self) -> list[Json]:
        """The last state of each stream, as Airbyte keeps them."""
        kept = {each["stream"]["stream_descriptor"]["name"]: each for each in self._all("STATE")}
        return [*kept.values()]

    def state(self, stream: str) -> Json:
        found: Json = next(
            each["stream"]["stream_state"]
            for each in self.states
            if each["stream"]["stream_descriptor"]["name"] == stream
        )
        return found

    def traces(self, kind: str) -> list[Json]:
        return [each[kind.lower()] for each in self._all("TRACE") if each["type"] == kind]

    def statuses(self, stream: str) -> list[str]:
        return [
            each["status"]
            for each in self.traces("STREAM_STATUS")
            if each["stream_descriptor"]["name"] == stream
        ]

    @property
    def errors(self) -> list[Json]:
        return self.traces("ERROR")

    @property
    def configs(self) -> list[Json]:
        """The configurations that are to be kept."""
        return [each["connectorConfig"]["config"] for each in self._all("CONTROL")]

    @property
    def log(self) -> str:
        return "\n".join(each["message"] for each in self._all("LOG"))


class Source:
    """The connector in this process, with the files that Airbyte gives it."""

    def __init__(self, folder: Path, config: Json) -> None:
        self.folder, self.config = folder, config

    def spec(self) -> Said:
        return self._do(Output, spec)

    def check(self) -> Said:
        return self._do(Output, check, config=self.config)

    def discover(self) -> Said:
        return self._do(Output, discover, config=self.config)

    def streams(self) -> list[Json]:
        streams: list[Json] = self.discover().only("CATALOG")["streams"]
        return streams

    def read(self, *streams: str, state: Any = None, catalog: Json | None = None) -> Said:
        """Read these streams (none: all) or a catalog, from a state."""
        files = {"config": self.config, "catalog": catalog or self.catalog(*streams)}
        return self._do(AirbyteWriter, read, **files, state=state)

    def catalog(self, *streams: str, mode: str = "incremental") -> Json:
        return configured(self.streams(), *streams, mode=mode)

    def _do(self, kind: type[Any], action: Callable[..., None], **files: Any) -> Said:
        out = io.BytesIO()
        output = kind(out)
        with logged_to(LogMessages(output)), mock.patch("singer_sdk.plugin_base.signal.signal"):
            status = outcome(output, action, **saved(self.folder, **files))
        return Said(out.getvalue().splitlines(), status)


def configured(offered: Iterable[Json], *streams: str, mode: str = "incremental") -> Json:
    """A configured catalog of these streams, or of all: each read as asked, where it can be."""
    return {
        "streams": [
            {
                "stream": stream,
                "sync_mode": mode if mode in stream["supported_sync_modes"] else "full_refresh",
                "destination_sync_mode": "append",
            }
            for stream in offered
            if not streams or stream["name"] in streams
        ]
    }


def saved(folder: Path, **files: Any) -> dict[str, str | None]:
    """Paths of files with these contents; a text is written as it is."""
    paths: dict[str, str | None] = {}
    for name, content in files.items():
        paths[name] = None if content is None else str(folder / f"{name}.json")
        if content is not None:
            text = (
                content if isinstance(content, str) else json.dumps(as_json(content), default=str)
            )
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return paths


def source_of(demo: DemoServer, folder: Path, **config: Any) -> Source:
    """The connector for a demo, with its API key."""
    key = {"credentials": {"auth_type": "api_key", "api_key": demo.api_key}}
    return Source(folder, {"api_url": demo.url} | key | UNHURRIED | config)


COMMAND = Path(sysconfig.get_path("scripts")) / "source-billit"


class Process:
    """`source-billit read` as a process of its own, whose output the test reads or does not."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        assert process.stderr
        self.process, self.out, self._errors = process, process.stdout, process.stderr

    def until(self, text: bytes) -> list[bytes]:
        """The lines up to one that has `text`."""
        lines: list[bytes] = []
        while not lines or text not in lines[-1]:
            lines.append(self.out.readline())
            assert lines[-1], b"".join(lines)
        return lines

    def rest(self, *before: bytes) -> Said:
        """All that it said, once it has ended."""
        lines = [*before, *self.out.read().splitlines()]
        return Said(lines, self.process.wait(SOON))

    @property
    def errors(self) -> str:
        return self._errors.read().decode()


@contextmanager
def process(source: Source, *streams: str, **state: Any) -> Generator[Process, None, None]:
    """Read these streams by the installed command."""
    catalog = source.catalog(*streams)
    files = saved(source.folder, config=source.config, catalog=catalog, **state)
    options = [part for name, path in files.items() if path for part in (f"--{name}", path)]
    with subprocess.Popen(  # noqa: S603
        [str(COMMAND), "read", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        try:
            yield Process(running)
        finally:
            running.kill()
