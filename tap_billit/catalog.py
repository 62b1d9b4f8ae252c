"""What a catalog may say: which streams and properties are read, and not how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
from singer_sdk import Stream
from singer_sdk.singerlib import StreamMetadata
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_billit.errors import BillitError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_sdk.singerlib import Catalog, CatalogEntry

ALIAS = "rename it by `__alias__` in `stream_maps`"
LEAVE_OUT = "take it out of the catalog"
NEW_KEY = "give it another by `__key_properties__` in `stream_maps`"
"""What to do in place of what the catalog cannot have."""


class _Schema(msgspec.Struct):
    type: str | list[str] | None = None
    properties: dict[str, _Schema] | None = None
    items: _Schema | None = None


class _Said(msgspec.Struct, rename="kebab"):
    selected: bool | None = None
    selected_by_default: bool | None = None
    inclusion: Literal["available", "automatic", "unsupported"] | None = None
    table_key_properties: list[str] | None = None
    replication_key: str | None = None
    forced_replication_method: str | None = None


class _Metadata(msgspec.Struct):
    breadcrumb: list[str]
    metadata: _Said


class _Stream(msgspec.Struct):
    tap_stream_id: str
    stream: str | None = None
    schema: _Schema = msgspec.field(default_factory=_Schema)
    metadata: list[_Metadata] = []
    key_properties: list[str] | None = None
    replication_key: str | None = None
    replication_method: str | None = None


class _Catalog(msgspec.Struct):
    streams: list[_Stream]


def check_catalog(document: Any) -> None:
    """See that the SDK can read the catalog in `document`.

    Raises:
        ValueError: it cannot; what is wrong, and where.
    """
    try:
        msgspec.convert(document, _Catalog)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def is_selected(entry: CatalogEntry) -> bool:
    """Whether the stream of this entry is to be read."""
    return entry.metadata.resolve_selection().get((), True)


def check_entry(entry: CatalogEntry, stream: Stream) -> None:
    """See that the catalog leaves `stream` as it is read: keys and replication are Billit's.

    Raises:
        BillitError: it does not; what can be done in its place.
    """
    root = entry.metadata.get(())
    said = root if isinstance(root, StreamMetadata) else StreamMetadata()
    for name, own, instead, *values in (
        ("name", stream.name, ALIAS, entry.stream),
        ("key", stream.primary_keys, NEW_KEY, entry.key_properties, said.table_key_properties),
        (
            *("replication_key", stream.replication_key, LEAVE_OUT),
            *(entry.replication_key, said.replication_key),
        ),
    ):
        for value in values:
            if value and _names(value) != _names(own):
                raise BillitError(
                    f"In the catalog the {name} of {stream.name} is {_shown(value)}, not "
                    f"{_shown(own)}: {instead}."
                )
    _check_method(entry.replication_method or said.forced_replication_method, stream)
    _check_columns(entry.schema.properties or {}, stream)


def _check_method(method: str | None, stream: Stream) -> None:
    if method not in {None, "", REPLICATION_FULL_TABLE, stream.replication_method}:
        raise BillitError(f"In the catalog {stream.name} is read as {method}: {LEAVE_OUT}.")


def _check_columns(columns: Mapping[str, Any], stream: Stream) -> None:
    for key in stream.primary_keys:
        if key not in columns:
            raise BillitError(
                f"In the catalog the schema of {stream.name} has no {key}, which is in its key."
            )


def _names(value: str | Sequence[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else sorted(value or ())


def _shown(value: str | Sequence[str] | None) -> str:
    return ", ".join(_names(value)) or "there"


class CataloguedStream(Stream):
    """A stream of which a catalog says what is read, and not how."""

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        """Take from it all but the keys: those are Billit's, also where it leaves them out."""
        keys, replication_key = self.primary_keys, self.replication_key
        if (entry := catalog.get_stream(self.name)) and is_selected(entry):
            check_entry(entry, self)
        super().apply_catalog(catalog)
        self.primary_keys, self.replication_key = keys, replication_key
