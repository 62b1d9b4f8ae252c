"""A document behind an fsspec URL. There is no lock: one tap at a time may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fsspec
from typing_extensions import override

from tap_billit.errors import LoginError, TransientError
from tap_billit.redaction import quieten, without_credentials
from tap_billit.storage.base import Storage

if TYPE_CHECKING:
    from tap_billit.errors import BillitError

LASTING = (ImportError, ValueError, PermissionError, NotImplementedError)
"""What file systems raise that another try does not mend."""


class RemoteFile(Storage):
    """A file in any file system that fsspec knows."""

    def __init__(self, url: str) -> None:
        super().__init__(without_credentials(url))
        self._url = url

    @override
    def read(self) -> bytes | None:
        raw: bytes | None = self._call("read", "cat_file")
        return raw

    @override
    def _write(self, raw: bytes) -> None:
        self._call("written", "pipe_file", raw)

    @override
    def _remove(self) -> None:
        self._call("removed", "rm_file")

    def _call(self, what: str, method: str, *args: bytes) -> Any:
        try:
            files, path = fsspec.core.url_to_fs(self._url)
        except (ImportError, ValueError) as error:
            # fsspec says which package to install, or that it does not know the scheme.
            raise LoginError(f"The token store {self.place} cannot be opened: {error}.") from None
        except Exception as error:  # noqa: BLE001  some connect at once
            raise self._failed("opened", error) from None
        quieten(type(files).__module__.partition(".")[0])
        try:
            return getattr(files, method)(path, *args)
        except FileNotFoundError:
            if not args:
                return None
            raise self._unusable(what, "there is no such folder") from None
        except Exception as error:  # noqa: BLE001  each file system has its own
            raise self._failed(what, error) from None

    def _failed(self, what: str, error: Exception) -> BillitError:
        # By its type alone: the text of some errors quotes what was written.
        unusable = self._unusable(what, type(error).__name__)
        return unusable if isinstance(error, LASTING) else TransientError(str(unusable))
