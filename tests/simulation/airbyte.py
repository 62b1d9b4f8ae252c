"""Runs of the tap by way of Airbyte; the target is told the same as by the tap alone."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from io import RawIOBase
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_billit import tap
from tap_billit.airbyte.catalog import Choice
from tap_billit.airbyte.config import Configuration
from tap_billit.airbyte.state import bookmarks
from tap_billit.airbyte.tap import ReadingTap
from tap_billit.airbyte.writer import AirbyteWriter
from tap_billit.streams import STREAMS
from tests.kit.airbyte import message
from tests.simulation.machine import Histories
from tests.simulation.promise import BrokenPromiseError

if TYPE_CHECKING:
    from tap_billit.tap import TapBillit
    from tests.kit.run import Json, Run
    from tests.simulation.runs import Ends
    from tests.simulation.targets import Target


KEYS = {stream.name: [*stream.primary_keys] for stream in STREAMS}


class _Pipe(RawIOBase):
    """Takes the lines of a run as a client of Airbyte's does, and tells the target."""

    def __init__(self, run: Run, target: Target, ends: Ends) -> None:
        super().__init__()
        self._run, self._target, self._ends = run, target, ends
        self._states: Json = deepcopy(target.state.get("bookmarks", {}))
        self._counts: Counter[str] = Counter()
        self._ended: set[str] = set()

    @override
    def write(self, lines: Any) -> int:
        for line in bytes(lines).splitlines():
            said = message(line)
            self._ends.check(is_record=said["type"] == "RECORD")
            told = self._singer(said)
            if told:
                self._run.messages.append(told)
                self._target.take(told)
        return len(lines)

    def _singer(self, said: Json) -> Json | None:
        """What the tap alone would have told the target."""
        if said["type"] == "RECORD":
            stream = said["record"]["stream"]
            self._counts[stream] += 1
            return {"type": "RECORD", "stream": stream, "record": said["record"]["data"]}
        if said["type"] == "STATE":
            return self._state(said["state"])
        if said.get("trace", {}).get("type") == "STREAM_STATUS":
            return self._status(said["trace"]["stream_status"])
        return None

    def _state(self, said: Json) -> Json:
        stream = said["stream"]["stream_descriptor"]["name"]
        counted = self._counts.pop(stream, 0)
        if said["sourceStats"]["recordCount"] != counted:
            raise BrokenPromiseError(f"{stream}: {said['sourceStats']} for {counted} records")
        self._states[stream] = said["stream"]["stream_state"]
        return {"type": "STATE", "value": {"bookmarks": deepcopy(self._states)}}

    def _status(self, said: Json) -> Json | None:
        stream = said["stream_descriptor"]["name"]
        if stream in self._ended:
            raise BrokenPromiseError(f"{stream}: {said['status']} after its end")
        if said["status"] in {"COMPLETE", "INCOMPLETE"}:
            self._ended.add(stream)
        if said["status"] != "STARTED":
            return None
        return {"type": "SCHEMA", "stream": stream, "key_properties": KEYS[stream]}


def airbyte(config: Json, run: Run, target: Target, ends: Ends) -> TapBillit:
    """The tap as Airbyte runs it, with all streams that there are."""
    streams = vars(tap)["STREAMS"]  # those of this run
    chosen = {each.name: Choice(each.name, frozenset(), full_refresh=False) for each in streams}
    pipe: Any = _Pipe(run, target, ends)
    writer = AirbyteWriter(pipe)
    writer.expect(chosen)
    states = [
        {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": state}}
        for name, state in target.state.get("bookmarks", {}).items()
    ]
    return ReadingTap(Configuration(config), writer, chosen, deepcopy(bookmarks(states)))


class AirbyteHistories(Histories):
    """The same histories, read by way of Airbyte."""

    tap = staticmethod(airbyte)
