"""The messages of the Airbyte protocol, as far as a source sends them."""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]


def log(level: str, message: str, stack_trace: str | None = None) -> Json:
    """A line of the log."""
    trace = {"stack_trace": stack_trace} if stack_trace else {}
    return {"type": "LOG", "log": {"level": level, "message": message, **trace}}


def spec(specification: Json) -> Json:
    """What the connector is and how it is configured."""
    return {"type": "SPEC", "spec": specification}


def catalog(streams: list[Json]) -> Json:
    """The streams that there are."""
    return {"type": "CATALOG", "catalog": {"streams": streams}}


def connection_status(problem: str | None = None) -> Json:
    """Whether the configuration works."""
    failed = {"status": "FAILED", "message": problem}
    status = {"status": "SUCCEEDED"} if problem is None else failed
    return {"type": "CONNECTION_STATUS", "connectionStatus": status}


def config(configuration: Mapping[str, Any]) -> Json:
    """The whole configuration, to be kept in place of the one that was given."""
    change = {"type": "CONNECTOR_CONFIG", "connectorConfig": {"config": configuration}}
    return {"type": "CONTROL", "control": {**change, "emitted_at": _now()}}


def state(stream: str, stream_state: Mapping[str, Any], *, records: int) -> Json:
    """The state of one stream, and how many records there were since the one before."""
    described = {"stream_descriptor": {"name": stream}, "stream_state": stream_state}
    stats = {"recordCount": float(records)}
    return {"type": "STATE", "state": {"type": "STREAM", "stream": described, "sourceStats": stats}}


def stream_status(stream: str, status: str, *, limited_until: float | None = None) -> Json:
    """How far a stream is; `limited_until` is when Billit's limit lets it go on."""
    said: Json = {"stream_descriptor": {"name": stream}, "status": status}
    if limited_until is not None:
        reset = {"quota_reset": int(limited_until * 1000)}
        said["reasons"] = [{"type": "RATE_LIMITED", "rate_limited": reset}]
    return _trace("STREAM_STATUS", stream_status=said)


def error(
    message: str, failure_type: str, *, stack_trace: str | None = None, stream: str | None = None
) -> Json:
    """What went wrong, for the user; `stream` if it is one stream's."""
    said: Json = {"message": message, "failure_type": failure_type}
    if stack_trace:
        said["stack_trace"] = stack_trace
    if stream:
        said["stream_descriptor"] = {"name": stream}
    return _trace("ERROR", error=said)


def estimate(stream: str, rows: int) -> Json:
    """How many records of a stream this run gives in all."""
    said = {"type": "STREAM", "name": stream, "row_estimate": rows}
    return _trace("ESTIMATE", estimate=said)


def _trace(kind: str, **said: Json) -> Json:
    return {"type": "TRACE", "trace": {"type": kind, "emitted_at": _now(), **said}}


def _now() -> float:
    return float(round(time() * 1000))
