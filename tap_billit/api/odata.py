"""OData query text, in the dialect that Billit documents (literals as in OData 3)."""

from __future__ import annotations

from datetime import datetime

Value = str | bool | int | datetime


def literal(value: Value) -> str:
    """`value` as Billit reads it in a `$filter`; date-times to the second, rounded down."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"DateTime'{value.isoformat(timespec='seconds')}'"
    return "'" + value.replace("'", "''") + "'"


def eq(name: str, value: Value) -> str:
    """`name` equals `value`."""
    return f"{name} eq {literal(value)}"


def ge(name: str, value: Value) -> str:
    """`name` is `value` or more."""
    return f"{name} ge {literal(value)}"


def any_of(*conditions: str) -> str:
    """At least one of `conditions` holds; safe to join by `all_of`."""
    return conditions[0] if len(conditions) == 1 else f"({' or '.join(conditions)})"


def all_of(*conditions: str) -> str:
    """All of `conditions` hold."""
    return " and ".join(conditions)
