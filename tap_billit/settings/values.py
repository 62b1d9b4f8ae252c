"""Raw values of the config, from files, variables or Python, made values of the schema's types."""

from __future__ import annotations

import json
import math
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Definition = dict[str, Any]

LONGEST_SHOWN = 60
"""Characters of a value in a message."""

_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True}
_BOOLEANS |= {"false": False, "no": False, "off": False, "0": False}


def plain_values(
    config: Mapping[str, Any], schema: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """A value for each setting of `schema`, and a sentence for each that cannot be read.

    What is absent, null or blank, or cannot be read, has its default.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, definition in schema["properties"].items():
        values[name] = definition.get("default")
        raw = config.get(name)
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            continue
        try:
            values[name] = read(raw, definition)
        except (ValueError, RecursionError) as error:
            said = "cannot be read" if definition.get("secret") else f"is {shown(raw)}"
            problems.append(f"`{name}` {said}: {error}.")
    return values, problems


def read(raw: Any, definition: Definition) -> Any:
    """The value of the type that `definition` names.

    Raises:
        ValueError: there is no one way to read `raw`; what would do instead.
    """
    (kind,) = {*definition["type"]} - {"null"}
    return _READERS[kind](raw, definition)


def _text(raw: Any, definition: Definition) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise ValueError("give a text")  # noqa: TRY004  what users see does not depend on it
    text = str(raw).strip()
    if not text.isprintable():
        raise ValueError("it holds characters that cannot be printed; copy it again")
    options = definition.get("enum", [text])
    if text not in options:
        raise ValueError(f"give one of {', '.join(options)}")
    return text


def _boolean(raw: Any, _: Definition) -> bool:
    try:
        return _BOOLEANS[str(raw).strip().lower()]
    except KeyError:
        raise ValueError("give true or false") from None


def _number(raw: Any, definition: Definition) -> float:
    number = _decimal(raw)
    # As a float it may be 0, where it was more, or infinite.
    if number is not None and _is_in_range(float(number), definition):
        return int(number) if number == number.to_integral_value() else float(number)
    raise ValueError(f"give {_wanted(definition, 'a number')}")


def _integer(raw: Any, definition: Definition) -> int:
    number = _decimal(raw)
    is_whole = number is not None and number == number.to_integral_value()
    if number is not None and is_whole and _is_in_range(number, definition):
        return int(number)
    raise ValueError(f"give {_wanted(definition, 'a whole number')}")


def _is_in_range(number: Decimal | float, definition: Definition) -> bool:
    above = definition.get("exclusiveMinimum", -math.inf) < number
    least, most = definition.get("minimum", -math.inf), definition.get("maximum", math.inf)
    return bool(above and least <= number <= most)


def _decimal(raw: Any) -> Decimal | None:
    """The finite number that `raw` is, or says as text: exact, and never of many digits at once."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | float | Decimal):
        return None
    try:
        number = Decimal(str(raw).strip() if isinstance(raw, str | float) else raw)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _wanted(definition: Definition, kind: str) -> str:
    if "exclusiveMinimum" in definition:
        return f"{kind} above {definition['exclusiveMinimum']}, {definition['maximum']} at most"
    return f"{kind} from {definition['minimum']} to {definition['maximum']}"


def _array(raw: Any, definition: Definition) -> list[Any]:
    items = raw
    if isinstance(raw, str):
        text = raw.strip()
        items = json.loads(text) if text.startswith("[") else text.split(",")
    if not isinstance(items, list | tuple):
        items = [raw]
    return [read(item, definition["items"]) for item in items]


_READERS: dict[str, Callable[[Any, Definition], Any]] = {
    "string": _text,
    "boolean": _boolean,
    "number": _number,
    "integer": _integer,
    "array": _array,
}


def shown(raw: Any) -> str:
    """`raw` as a message may show it: in one line, and not too long."""
    text = ascii(raw) if isinstance(raw, str | list | dict) else str(raw)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
