"""Catalogs: what Airbyte is offered, and what it has chosen of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import Catalog

from tap_billit.errors import BillitError
from tap_billit.streams.base import IncrementalStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.streams import Stream

    from tap_billit.streams.base import BillitStream

Json = dict[str, Any]

COMPANY = "CompanyID"
"""Goes with each record of a stream that is read company by company, chosen or not."""

FULL_REFRESH, INCREMENTAL = "full_refresh", "incremental"


def offered(stream: Stream) -> Json:
    """A stream as Airbyte's catalog describes it."""
    described: Json = {
        "name": stream.name,
        "json_schema": {
            **_schema(stream.schema),
            "$schema": "http://json-schema.org/draft-07/schema#",
            "additionalProperties": True,
        },
        "supported_sync_modes": [FULL_REFRESH],
        "source_defined_primary_key": [[key] for key in stream.primary_keys],
        "is_resumable": is_resumable(stream),
    }
    if cursor := stream.replication_key:
        described["supported_sync_modes"].append(INCREMENTAL)
        described |= {"source_defined_cursor": True, "default_cursor_field": [cursor]}
    return described


def is_resumable(stream: Stream) -> bool:
    """Whether a full refresh that was cut short goes on with what is left, and repeats nothing."""
    return isinstance(stream, IncrementalStream) and stream.resumable and not stream.rereads


def _schema(schema: Any) -> Any:
    """A schema with Airbyte's word for date-times that have no offset."""
    if isinstance(schema, list):
        return [_schema(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    mapped = {name: _schema(value) for name, value in schema.items()}
    if mapped.get("format") == "date-time":
        mapped["airbyte_type"] = "timestamp_without_timezone"
    return mapped


@dataclass(frozen=True)
class Choice:
    """A stream that is to be read, the columns of it (none: all), and how."""

    stream: str
    columns: frozenset[str]
    full_refresh: bool

    def entry(self, stream: type[BillitStream]) -> Json:
        """The tap's catalog entry: the stream with these columns; its keys are added by the tap."""
        declared: Any = stream
        cursor = declared.replication_key
        cursor = cursor if isinstance(cursor, str) else None
        columns = declared.schema["properties"]
        if self.columns:
            wanted = {*self.columns, COMPANY}
            columns = {name: columns[name] for name in columns if name in wanted}
        return {
            "tap_stream_id": self.stream,
            "stream": self.stream,
            "key_properties": [*declared.primary_keys],
            "replication_key": cursor,
            "schema": {**declared.schema, "properties": columns},
            "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
        }


def choices(configured: Any) -> dict[str, Choice]:
    """What a configured catalog chooses, by stream.

    Raises:
        BillitError: it is none.
    """
    try:
        found = [_choice(each) for each in configured["streams"]]
    except (AttributeError, KeyError, TypeError):
        raise BillitError("The catalog is no configured catalog of Airbyte's.") from None
    return {choice.stream: choice for choice in found}


def _choice(configured: Json) -> Choice:
    described = configured["stream"]
    schema = described.get("json_schema") or {}
    name = described["name"]
    if not isinstance(name, str):
        raise TypeError(f"{name!r} is no name")
    return Choice(
        stream=name,
        columns=frozenset(schema.get("properties") or ()),
        full_refresh=configured.get("sync_mode") == FULL_REFRESH,
    )


def singer_catalog(chosen: dict[str, Choice], streams: Iterable[type[BillitStream]]) -> Catalog:
    """The tap's catalog of what is chosen of `streams`."""
    entries = [chosen[each.name].entry(each) for each in streams if each.name in chosen]
    return Catalog.from_dict({"streams": entries})
