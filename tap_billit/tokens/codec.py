"""How a document stands in a token store: as JSON, encrypted where a key is given."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from tap_billit.errors import LoginError
from tap_billit.redaction import Hidden
from tap_billit.tokens.document import Document

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

ENCRYPTED = b"gAAAA"
"""How a text by Fernet begins: its version, and a time before the year 2242."""


class DamagedError(LoginError):
    """There is something else than a document."""


class LockedError(LoginError):
    """It is encrypted, and not with the key that is given."""


class Codec(Hidden):
    """Reads documents, and encrypts them by the first of `keys`, if there are any.

    Without a key it cannot read what is encrypted. With one it reads what is not, and the next
    document will be.
    """

    def __init__(self, keys: str | None = None) -> None:
        named = re.findall(r"[^,\s]+", keys or "")
        self._fernet = _fernet(named) if named else None

    def seal(self, raw: bytes) -> bytes:
        """What a store keeps of a document."""
        return self._fernet.encrypt(raw) if self._fernet else raw

    def decode(self, raw: bytes, *, place: str) -> Document:
        """The document in the store at `place`.

        Raises:
            LockedError: it is encrypted, and not with one of the keys.
            DamagedError: it is none.
        """
        try:
            return msgspec.json.decode(self._decrypted(raw, place), type=Document)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise DamagedError(f"The token store {place} is damaged.") from None

    def _decrypted(self, raw: bytes, place: str) -> bytes:
        if not raw.startswith(ENCRYPTED):
            return raw
        if self._fernet is None:
            raise LockedError(
                f"The tokens in {place} are encrypted: give the key in `token_store_key`."
            )
        from cryptography.fernet import InvalidToken  # noqa: PLC0415  only with a key

        try:
            return self._fernet.decrypt(raw)
        except InvalidToken:
            raise LockedError(
                f"The tokens in {place} are encrypted with another key than `token_store_key`: "
                "give that one as well, behind the new one."
            ) from None


def plain(content: object) -> bytes:
    """A document as text."""
    return msgspec.json.format(msgspec.json.encode(content)) + b"\n"


def _fernet(keys: list[str]) -> MultiFernet:
    try:
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415  only with a key
    except ImportError:
        raise LoginError(
            "`token_store_key` needs the package cryptography: `pip install cryptography`."
        ) from None
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise LoginError(
            "`token_store_key` is no key of Fernet (32 bytes in URL-safe Base64). To make one: "
            "`from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())`."
        ) from None
