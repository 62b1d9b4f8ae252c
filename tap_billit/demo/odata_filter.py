"""`$filter`: parsed, checked against the filterable properties, and compiled to a predicate."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Json = dict[str, Any]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<punctuation>[(),])
    | (?P<datetime>datetime'[^']*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<number>-?\d+(?:\.\d+)?)[mMdDfFlL]?(?![\w.])
    | (?P<word>[A-Za-z_][\w/]*)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_DATETIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?)?")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_LITERALS: dict[str, tuple[str, Any]] = {
    "true": ("boolean", True),
    "false": ("boolean", False),
    "null": ("null", None),
}


class ODataError(ValueError):
    """A query that Billit answers with 400 and this Description."""

    @classmethod
    def unknown(cls, name: str, type_name: str) -> ODataError:
        """The property may not be filtered or ordered by."""
        return cls(f"Could not find a property named '{name}' on type '{type_name}'.")


@dataclass(frozen=True)
class _Term:
    """A typed expression: its kind, how to take its value from a row, and what bounds it sets.

    `least` maps a property to a value below which no row can match.
    """

    kind: str
    take: Callable[[Json], Any]
    path: str | None = None
    value: Any = None
    least: Mapping[str, Any] = field(default_factory=dict)


class Filter:
    """A predicate over rows, made from the text of a `$filter`."""

    def __init__(self, text: str, *, properties: Mapping[str, str], type_name: str) -> None:
        self._text, self._properties, self._type_name = text, properties, type_name
        self._tokens = list(self._tokenize())
        self._place = 0
        term = self._either()
        if self._place < len(self._tokens) or term.kind != "boolean":
            raise self._syntax_error()
        self._take, self.least = term.take, term.least

    def __call__(self, row: Json) -> bool:
        """Whether the row passes."""
        return self._take(row) is True

    def _tokenize(self) -> Iterator[tuple[str, str]]:
        place, text = 0, self._text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None or match.lastgroup is None:
                raise ODataError(f"Syntax error at position {place} in '{self._text}'.")
            yield match.lastgroup, match[match.lastgroup]
            place = match.end()

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "")

    def _accept(self, *words: str) -> str | None:
        kind, text = self._peek()
        if kind in {"word", "punctuation"} and text in words:
            self._place += 1
            return text
        return None

    def _either(self) -> _Term:
        left = self._both()
        while self._accept("or"):
            left = _either(self._boolean(left), self._boolean(self._both()))
        return left

    def _both(self) -> _Term:
        left = self._comparison()
        while self._accept("and"):
            left = _both(self._boolean(left), self._boolean(self._comparison()))
        return left

    def _comparison(self) -> _Term:
        left = self._unary()
        word = self._accept(*_COMPARE)
        return self._compare(word, left, self._unary()) if word else left

    def _unary(self) -> _Term:
        if self._accept("not"):
            take = self._boolean(self._unary()).take
            return _Term("boolean", lambda row: take(row) is not True)
        if self._accept("("):
            inside = self._either()
            if not self._accept(")"):
                raise self._syntax_error()
            return inside
        return self._primary()

    def _primary(self) -> _Term:
        kind, text = self._peek()
        self._place += 1
        if kind == "number":
            return _literal("number", Decimal(text) if "." in text else int(text))
        if kind == "string":
            return _literal("string", text[1:-1].replace("''", "'"))
        if kind == "datetime":
            return _literal("datetime", self._moment(text[9:-1]))
        if kind != "word":
            raise self._syntax_error()
        if text in _LITERALS:
            return _literal(*_LITERALS[text])
        if self._peek() == ("punctuation", "("):
            raise ODataError(f"An unknown function with name '{text}' was found.")
        if text not in self._properties:
            raise ODataError.unknown(text, self._type_name)
        return _Term(self._properties[text], _taker(text), path=text)

    def _moment(self, text: str) -> str:
        """A literal as Billit writes date-times, so that strings compare like times."""
        match = _DATETIME.fullmatch(text)
        whole = match and f"{match[1]}T{match[2] or '00:00'}:{match[3] or '00'}"
        try:
            datetime.fromisoformat(whole or "")
        except ValueError:
            raise ODataError(f"Unrecognized 'Edm.DateTime' literal '{text}'.") from None
        fraction = ((match and match[4]) or "").rstrip("0")
        return f"{whole}.{fraction}" if fraction else f"{whole}"

    def _compare(self, word: str, left: _Term, right: _Term) -> _Term:
        if left.kind != right.kind and "null" not in {left.kind, right.kind}:
            raise ODataError(
                "A binary operator with incompatible types was detected. "
                f"Found operand types '{left.kind}' and '{right.kind}' for operator '{word}'."
            )
        compare, take, take_other = _COMPARE[word], left.take, right.take
        if "null" in {left.kind, right.kind}:
            known = word in {"eq", "ne"}
            return _Term("boolean", lambda row: known and compare(take(row), take_other(row)))
        if right.path is None:
            value = right.value
            least = {left.path: value} if left.path and word in {"eq", "ge", "gt"} else {}
            return _Term(
                "boolean",
                lambda row: (found := take(row)) is not None and compare(found, value),
                least=least,
            )
        return _Term(
            "boolean",
            lambda row: None not in (pair := (take(row), take_other(row))) and compare(*pair),
        )

    def _boolean(self, term: _Term) -> _Term:
        if term.kind != "boolean":
            raise self._syntax_error()
        return term

    def _syntax_error(self) -> ODataError:
        return ODataError(f"Syntax error at token {self._place} in '{self._text}'.")


def _both(left: _Term, right: _Term) -> _Term:
    least = dict(left.least)
    for path, value in right.least.items():
        least[path] = max(value, least.get(path, value))
    take, take_other = left.take, right.take
    return _Term("boolean", lambda row: take(row) is True and take_other(row) is True, least=least)


def _either(left: _Term, right: _Term) -> _Term:
    take, take_other = left.take, right.take
    return _Term("boolean", lambda row: take(row) is True or take_other(row) is True)


def _literal(kind: str, value: Any) -> _Term:
    return _Term(kind, lambda _: value, value=value)


def _taker(path: str) -> Callable[[Json], Any]:
    first, *rest = path.split("/")
    if not rest:
        return lambda row: row.get(first)

    def take(row: Json) -> Any:
        value: Any = row.get(first)
        for step in rest:
            value = value.get(step) if value is not None else None
        return value

    return take
