"""The streams, a class each; `base` has what they share. A class with a name is a stream.

`STREAMS` has them in the order in which they are read, so that what is cheap lands first: module
by module, and in each as the classes stand in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_billit.streams import (
    companies,
    full_table,
    invoice_files,
    newest_first,
    order_details,
    order_index,
    orders,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from tap_billit.streams.base import BillitStream


def _declared_in(module: ModuleType) -> Iterator[type[BillitStream]]:
    for each in vars(module).values():
        if getattr(each, "__module__", None) == module.__name__ and "name" in vars(each):
            yield each


STREAMS = tuple(
    stream
    for module in (
        companies,
        orders,
        order_index,
        full_table,
        newest_first,
        order_details,
        invoice_files,
    )
    for stream in _declared_in(module)
)
