"""Rows that go out as the very bytes that came in: checked, but never made into values.

A row whose names are all known, and whose values all fit the schema, needs nothing done. msgspec
sees that it is so, by types made from the schema. What these refuse is read as usual, row by row:
they may refuse too much, and must never accept what the usual way would print otherwise.
"""

from __future__ import annotations

import re
from collections import defaultdict
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

    _Check = Callable[[list[Any]], bool]
    _Path = tuple["_Step", ...]

READ = frozenset(
    {"OrderID", "OrderDirection", "OrderType", "LastModified", "Paid"}
    | {"CreationDate", "DocumentDate", "ValueDate"}
)
"""What streams read of every row, besides its keys: for any other property all of it is parsed."""

_DATE_TIME = Annotated[str, Meta(min_length=19, max_length=29)]
"""To the second, or at most nine digits more."""
_NAIVE = Annotated[datetime, Meta(tz=False)]
_TYPES: dict[str | None, Any] = {
    "string": str,
    "boolean": bool,
    "integer": Annotated[int, Meta(ge=-LARGEST, le=LARGEST)],
    "number": Raw,
    "object": Raw,
    None: None,
}

_DIGITS = bytes.maketrans(b"123456789E", b"000000000e")
_TOO_LONG = b"0" * 19
"""As many digits as a bigint may have."""
_EXPONENT = re.compile(rb"0e(?<!\\u00e)[+-]?0+[ \t]*[,\]}]")
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
    is_array: bool = False


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
        self._paths: defaultdict[_Check, list[_Path]] = defaultdict(list)
        for check, path in _paths({"properties": properties}):
            self._paths[check].append(path)
        required = dict.fromkeys(keys, _TYPES["integer"])
        required |= {name: Literal[value] for name, value in expected.items()}
        # The company may be absent, but not null.
        types |= required | {"CompanyID": _TYPES["integer"]}
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
        many_lines = _has_many_lines(content)
        rows = [
            None if many_lines and _has_many_lines(bytes(raw)) else self._checked(raw)
            for raw in page.Items
        ]
        if not self._fit([*filter(None, rows)]):
            rows = [row if row and self._fit([row]) else None for row in rows]
        read = [self._raw_row(raw, row, company) for raw, row in zip(page.Items, rows, strict=True)]
        return {"Items": read, "NextPageLink": page.NextPageLink, "Count": page.Count}

    def _checked(self, raw: Raw) -> Any:
        """The values of a row; None: its types are not those of the schema."""
        try:
            return self._read_row(raw)
        except msgspec.ValidationError:
            return None

    def _fit(self, rows: list[Any]) -> bool:
        """Whether the values of these rows are what the types of msgspec do not tell."""
        return all(
            check([*chain.from_iterable(_values_at(path, rows) for path in paths)])
            for check, paths in self._paths.items()
        )

    def _raw_row(self, raw: Raw, row: Any, company: int) -> Any:
        if row is None or row.CompanyID not in (None, company):
            return read_strictly(raw)
        if row.CompanyID is None:
            raw = Raw(b'%b,"CompanyID":%d}' % (bytes(raw)[:-1], company))
            row.CompanyID = company
        return RawRow(raw, self._read(*self._values(row)))


def _has_many_lines(content: bytes) -> bool:
    return b"\n" in content or b"\r" in content


def _are_dates(texts: list[str]) -> bool:
    """Whether these texts are naive date-times as the schema has them."""
    try:
        msgspec.convert(texts, list[_NAIVE])
    except msgspec.ValidationError:
        return False
    written = "".join(texts)
    return " " not in written and "t" not in written


def _are_numbers(values: list[Raw]) -> bool:
    """Whether all of this JSON is numbers without an exponent, or null."""
    written = b",".join(values).translate(_DIGITS)
    return _TOO_LONG not in written and not written.translate(None, b"0-.,").replace(b"null", b"")


def _are_objects(values: list[Raw]) -> bool:
    """Whether all of this JSON is objects, or null; nothing in them is a number to be looked at."""
    written = [*map(bytes, values)]
    alike = b",".join(written).translate(_DIGITS)
    return (
        all(value.startswith(b"{") or value == b"null" for value in written)
        and _TOO_LONG not in alike
        and not _EXPONENT.search(alike)
    )


_CHECKS: dict[str | None, _Check] = {"number": _are_numbers, "object": _are_objects}


def _paths(definition: Mapping[str, Any], *above: _Step) -> Iterator[tuple[_Check, _Path]]:
    """Where there are values that are looked at, and how."""
    name = type_name(definition)
    if definition.get("format"):
        yield _are_dates, above
    elif name == "array":
        *before, last = above
        yield from _paths(definition.get("items", {}), *before, last._replace(is_array=True))
    elif "properties" not in definition and name in _CHECKS:
        yield _CHECKS[name], above
    for name, of in definition.get("properties", {}).items():
        yield from _paths(of, *above, _Step(attrgetter(name)))


def _values_at(path: tuple[_Step, ...], rows: Iterable[Any]) -> Iterable[Any]:
    """What stands there in these rows, without nulls."""
    for step in path:
        values = filter(None, map(step.get, rows))
        rows = chain.from_iterable(values) if step.is_array else values
    return rows


def _or_null(definition: Mapping[str, Any]) -> Any:
    of = _type_of(definition)
    return of if of in (Raw, None) else of | None


def _type_of(definition: Mapping[str, Any]) -> Any:
    """The type of values that fit, without null."""
    name = type_name(definition)
    if definition.get("format"):
        return _DATE_TIME
    if name == "array":
        return list[_type_of(definition.get("items", {}))]  # type: ignore[misc]
    if "properties" in definition:
        parts = definition["properties"].items()
        return _struct([(name, _or_null(of), None) for name, of in parts])
    return _TYPES[name]


def _struct(fields: list[Any]) -> type[msgspec.Struct]:
    return msgspec.defstruct("Row", fields, forbid_unknown_fields=True, kw_only=True, gc=False)
