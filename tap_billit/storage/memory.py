"""A document that ends with this process: of the demo, and of a login whose tokens are printed."""

from __future__ import annotations

from threading import Lock
from typing import ClassVar

from typing_extensions import override

from tap_billit.storage.base import Storage


class InMemory(Storage):
    """A document that all who name it in this process share."""

    lease: ClassVar[float | None] = None

    _documents: ClassVar[dict[str, bytes]] = {}
    _mutex: ClassVar[Lock] = Lock()

    @override
    def read(self) -> bytes | None:
        return self._documents.get(self.place)

    @override
    def _swap(self, old: bytes | None, new: bytes | None) -> None:
        with self._mutex:
            if self.read() != old:
                raise self._changed()
            if new is None:
                self._documents.pop(self.place, None)
            else:
                self._documents[self.place] = new
