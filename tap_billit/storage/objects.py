"""Documents in an object store: `s3://`, `gs://` and `az://`, by obstore.

What was read is replaced only if its ETag (Google: its generation) is still the same. Not every
server keeps that condition, so each process tries it once before it writes. A condition on
deleting is not to be had: an empty object stands for no document.

Credentials, region and endpoint come from the environment, by the names that each store has.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import obstore
from obstore import exceptions
from obstore.store import from_url
from typing_extensions import override

from tap_billit.errors import LoginError, TransientError
from tap_billit.redaction import without_credentials
from tap_billit.storage.base import Storage

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from obstore.store import ObjectStore

PROBE = ".tap-billit-probe"
"""The object, in the folder of the documents, on which the conditions are tried."""

NOBODYS: Any = {"e_tag": '"tap-billit"', "version": "1"}
"""The version of no object."""

LASTING = (
    exceptions.InvalidPathError,
    exceptions.NotSupportedError,
    exceptions.PermissionDeniedError,
    exceptions.UnauthenticatedError,
    exceptions.UnknownConfigurationKeyError,
    FileNotFoundError,
    NotImplementedError,
    ValueError,
)
"""What another try does not mend."""

REFUSED = (exceptions.AlreadyExistsError, exceptions.PreconditionError)
"""How a store keeps a condition."""

CLIENT = {"connect_timeout": "10s", "timeout": "30s"}
RETRIES: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=30)}


class Bucket:
    """What lies below `url`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.place = without_credentials(url)
        self._keeps_conditions = False

    @property
    def objects(self) -> ObjectStore:
        """Where they are; nothing is asked yet."""
        http = any(
            os.environ.get(f"{cloud}_ALLOW_HTTP", "").lower() in {"1", "true"}
            for cloud in ("AWS", "AZURE", "GOOGLE")
        )
        client: Any = {**CLIENT, "allow_http": http}
        return from_url(self._url, client_options=client, retry_config=RETRIES)

    def create(self) -> None:
        """There is nothing to make; see whether it will do."""
        with self.failing_as("written"):
            self.try_conditions()

    def try_conditions(self) -> None:
        """See once that nothing is written where the condition does not hold.

        Raises:
            LoginError: it is.
        """
        if self._keeps_conditions:
            return
        objects = self.objects
        created = [_refuses(objects, "create"), _refuses(objects, "create")]
        self._keeps_conditions = created[1] and _refuses(objects, NOBODYS)
        if not self._keeps_conditions:
            raise LoginError(
                f"The token store {self.place} is on a server that writes whatever the condition, "
                "so two processes could spend one token: keep the tokens in PostgreSQL, or in a "
                "store that knows conditional writes (If-Match and If-None-Match)."
            )

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Each document by its key."""
        with self.failing_as("read"):
            objects = self.objects
            for page in obstore.list(objects):
                for meta in page:
                    key = meta["path"]
                    if meta["size"] and not key.endswith(PROBE):
                        yield key, bytes(obstore.get(objects, key).bytes())

    @contextmanager
    def failing_as(self, what: str) -> Generator[None, None, None]:
        """Tell by its type what fails: its text may quote what was sent."""
        try:
            yield
        except (exceptions.BaseError, FileNotFoundError, NotImplementedError, ValueError) as error:
            lasting = isinstance(error, LASTING)
            why = "there is no such bucket" if isinstance(error, FileNotFoundError) else None
            said = f"{self.place} cannot be {what} ({why or type(error).__name__})"
            raise (LoginError if lasting else TransientError)(
                f"The token store {said}; the credentials, the region and the endpoint of the "
                "store come from the environment, see docs/token-stores.md."
            ) from None


class StoredObject(Storage):
    """One object; the version of what was read last is kept with it."""

    def __init__(self, url: str) -> None:
        folder, _, self._key = url.partition("?")[0].rpartition("/")
        super().__init__(without_credentials(url))
        if not self._key or folder.endswith(("/", ":")):
            raise LoginError(f"The token store {self.place} is a bucket: name an object in it.")
        self._bucket = Bucket(folder)
        self._seen: tuple[bytes | None, Any] = (None, "create")

    @override
    def read(self) -> bytes | None:
        with self._bucket.failing_as("read"):
            try:
                found = obstore.get(self._bucket.objects, self._key)
                raw = bytes(found.bytes())
            except FileNotFoundError:
                self._seen = (None, "create")
            else:
                self._seen = (raw or None, _version(found.meta))
        return self._seen[0]

    @override
    def _swap(self, old: bytes | None, new: bytes | None) -> None:
        seen, version = self._seen
        if seen != old:
            raise self._changed()
        if new is None and version == "create":
            return
        with self._bucket.failing_as("written"):
            objects = self._bucket.objects
            self._bucket.try_conditions()
            try:
                put = obstore.put(objects, self._key, new or b"", mode=version)
            except REFUSED:
                raise self._changed() from None
        self._seen = (new, _version(put))


def _refuses(objects: ObjectStore, mode: Any) -> bool:
    try:
        obstore.put(objects, PROBE, b"", mode=mode)
    except REFUSED:
        return True
    return False


def _version(meta: Any) -> Any:
    """What a condition names, without what the store does not have."""
    return {name: meta[name] for name in ("e_tag", "version") if meta.get(name)}
