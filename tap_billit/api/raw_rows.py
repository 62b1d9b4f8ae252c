"""Rows that go out as the very bytes that came in: checked, but never made into values.

A row whose names are all known, and whose values all fit the schema, needs nothing done. msgspec
sees that it is so, by types made from the schema. What these refuse is read as usual, row by row:
they may refuse too much, and must never accept what the usual way would print otherwise.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Raw
from typing_extensions import override

from tap_billit.api.json_text import read_strictly
from tap_billit.value_types import LARGEST, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

READ = frozenset(
    {"OrderID", "OrderDirection", "OrderType", "LastModified", "Paid"}
    | {"CreationDate", "DocumentDate", "ValueDate"}
)
"""What streams read of every row, besides its keys: for any other property all of it is parsed."""

_SCALARS: dict[str, Any] = {
    "string": str,
    "boolean": bool,
    "integer": Annotated[int, Meta(ge=-LARGEST, le=LARGEST)],
    "number": Annotated[float, Meta(ge=-9e18, le=9e18)],
}
_ANY = bool | int | float | str | list[Any] | dict[str, Any]
_DATE_TIME = Annotated[str, Meta(min_length=19, max_length=29)]
"""To the second, or at most nine digits more; whether it is one is seen for a page at once."""
_NAIVE = Annotated[datetime, Meta(tz=False)]

_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
_EXPONENT = re.compile(rb"0e(?<!\\u00e)00* *[,\]}]")
"""It may make 0 of a number, or more than any amount; `\\u00e9` is a letter."""


class RawRow(MutableMapping[str, Any]):
    """A row as it came, which is of the company and kind that were asked for, and has its key.

    What has something set in it is a row like any other from then on.
    """

    __slots__ = ("_read", "_values", "raw")

    def __init__(self, raw: Raw, read: Any) -> None:
        self.raw: Raw | None = raw
        """Its bytes; None once they are not what it says."""
        self._read = read
        self._values: dict[str, Any] | None = None

    @override
    def get(self, name: str, default: Any = None) -> Any:
        value = getattr(self._read, name, None)
        if value is not None:
            return value
        is_read = name in READ and self._read is not None
        return default if is_read else self._parsed().get(name, default)

    @override
    def __getitem__(self, name: str) -> Any:
        value = getattr(self._read, name, None)
        return self._parsed()[name] if value is None else value

    @override
    def __setitem__(self, name: str, value: Any) -> None:
        if self.get(name) != value:
            self._parsed()[name] = value
            self.raw = self._read = None

    @override
    def __delitem__(self, name: str) -> None:
        del self._parsed()[name]
        self.raw = self._read = None

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._parsed())

    @override
    def __len__(self) -> int:
        return len(self._parsed())

    @override
    def __repr__(self) -> str:
        return repr(self._parsed() if self.raw is None else bytes(self.raw))

    def _parsed(self) -> dict[str, Any]:
        if self._values is None:
            self._values = read_strictly(self.raw or b"")
        return self._values


def is_as_it_came(row: Any) -> bool:
    """Whether a row's bytes still say what it is."""
    return isinstance(row, RawRow) and row.raw is not None


class _Step(NamedTuple):
    """From an object to a property of it, or to the items of that array."""

    get: Callable[[Any], Any]
    is_array: bool


class _Page(msgspec.Struct):
    Items: list[Raw]
    NextPageLink: str | None = None
    Count: Any = None


class RawReader:
    """Reads pages of rows with these properties of a schema.

    Those left as they came have all their `keys`, and say what is `expected`.
    """

    def __init__(
        self, properties: Mapping[str, Any], *, keys: Iterable[str], expected: Mapping[str, str]
    ) -> None:
        types = {name: _or_null(of) for name, of in properties.items()}
        self._dates = [*_paths_of_dates({"properties": properties})]
        required = dict.fromkeys(keys, _SCALARS["integer"])
        required |= {name: Literal[value] for name, value in expected.items()}
        # The company may be absent, but not null.
        types |= required | {"CompanyID": _SCALARS["integer"]}
        required.pop("CompanyID", None)
        # In the schema's order, which is Billit's: msgspec looks for the next name first.
        row = _struct(
            [(name, of) if name in required else (name, of, None) for name, of in types.items()]
        )
        self._read_row: Callable[[Raw], Any] = msgspec.json.Decoder(row).decode
        self._read_page = msgspec.json.Decoder(_Page).decode
        read = ("CompanyID", *(READ.intersection(types) | required.keys()))
        self._read: Callable[..., Any] = msgspec.defstruct("Read", read, gc=False)
        self._values = attrgetter(*read)

    def page(self, company: int, content: bytes) -> Any:
        """The JSON of a page of a company: as `read_strictly`, but for the rows that are clean."""
        try:
            page = self._read_page(content)
        except msgspec.ValidationError:
            return read_strictly(content)
        odd = _is_odd(content)
        rows = [None if odd and _is_odd(bytes(raw)) else self._checked(raw) for raw in page.Items]
        if not self._have_dates(filter(None, rows)):
            rows = [row if row and self._have_dates([row]) else None for row in rows]
        read = [self._raw_row(raw, row, company) for raw, row in zip(page.Items, rows, strict=True)]
        return {"Items": read, "NextPageLink": page.NextPageLink, "Count": page.Count}

    def _checked(self, raw: Raw) -> Any:
        """The values of a row; None: its types are not those of the schema."""
        try:
            return self._read_row(raw)
        except msgspec.ValidationError:
            return None

    def _have_dates(self, rows: Iterable[Any]) -> bool:
        """Whether the texts of these rows that should be date-times are, as we write them."""
        rows = [*rows]
        texts = [*chain.from_iterable(_values_at(path, rows) for path in self._dates)]
        try:
            msgspec.convert(texts, list[_NAIVE])
        except msgspec.ValidationError:
            return False
        all_of_them = "".join(texts)
        return " " not in all_of_them and "t" not in all_of_them

    def _raw_row(self, raw: Raw, row: Any, company: int) -> Any:
        if row is None or row.CompanyID not in (None, company):
            return read_strictly(raw)
        if row.CompanyID is None:
            raw = Raw(b'%b,"CompanyID":%d}' % (bytes(raw)[:-1], company))
            row.CompanyID = company
        return RawRow(raw, self._read(*self._values(row)))


def _is_odd(content: bytes) -> bool:
    """Whether something may be in it that the types of msgspec accept, and ours do not.

    A text that looks like it counts as well: its row is read as usual.
    """
    return (
        b"\n" in content
        or b"\r" in content
        or _EXPONENT.search(content.translate(_ALIKE, b"+-")) is not None
    )


def _paths_of_dates(definition: Mapping[str, Any], *above: _Step) -> Iterator[tuple[_Step, ...]]:
    if definition.get("format"):
        yield above
    for name, of in definition.get("properties", {}).items():
        is_array = type_name(of) == "array"
        part = of.get("items", {}) if is_array else of
        yield from _paths_of_dates(part, *above, _Step(attrgetter(name), is_array))


def _values_at(path: tuple[_Step, ...], rows: Iterable[Any]) -> Iterable[Any]:
    """What stands there in these rows, without nulls."""
    for step in path:
        values = filter(None, map(step.get, rows))
        rows = chain.from_iterable(values) if step.is_array else values
    return rows


def _or_null(definition: Mapping[str, Any]) -> Any:
    return _type_of(definition) | None


def _type_of(definition: Mapping[str, Any]) -> Any:
    """The type of values that fit, without null."""
    if definition.get("format"):
        return _DATE_TIME
    name = type_name(definition)
    if name == "array":
        return list[_type_of(definition.get("items", {}))]  # type: ignore[misc]
    if name == "object":
        return _object(definition)
    return _SCALARS.get(name or "", _ANY)


def _object(definition: Mapping[str, Any]) -> Any:
    if "properties" not in definition:
        return dict[str, Any]
    return _struct([(name, _or_null(of), None) for name, of in definition["properties"].items()])


def _struct(fields: list[Any]) -> type[msgspec.Struct]:
    return msgspec.defstruct("Row", fields, forbid_unknown_fields=True, kw_only=True, gc=False)
