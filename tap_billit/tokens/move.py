"""Moves a login from one token store to another; no tap can use it in both at any moment.

| killed after | in the source | in the target | who uses the login |
| --- | --- | --- | --- |
| - | tokens | - | taps on the source |
| the mark | tokens, marked as moving | - | nobody: the same command goes on |
| the copy | tokens, marked as moving | tokens | taps on the target |
| the end | - | tokens | taps on the target |
"""

from __future__ import annotations

from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tap_billit.errors import BillitError, LoginError, TransientError
from tap_billit.redaction import fingerprint
from tap_billit.tokens.codec import plain
from tap_billit.tokens.rotation import SAVE_WAITS, Rotation
from tap_billit.tokens.store import store_in

if TYPE_CHECKING:
    from tap_billit.storage.base import Storage
    from tap_billit.tokens.codec import Codec
    from tap_billit.tokens.document import Document


def move(source: Storage, target: Storage, codec: Codec) -> None:
    """Move the login; if this was interrupted, go on with it.

    Raises:
        LoginError: there is none, or another one is in the target.
    """
    if source.place == target.place:
        raise LoginError(f"The login is in {target.place} already.")
    over, patience = Event(), sum(SAVE_WAITS)
    document = _login(source, codec)
    whose = {"environment": document.environment, "client": document.client}
    store = store_in(source, **whose, codec=codec)
    with (
        store.exclusive(over=over, patience=patience),
        target.exclusive(over=over, patience=patience),
    ):
        marked = _marked(source, target, codec, Rotation(store), over)
        try:
            _arrive(target, codec, marked)
        except TransientError:
            raise  # it may arrive yet
        except BillitError:
            _stay(source, target, codec, marked)
            raise
        source.replace(source.read(), None)


def _marked(
    source: Storage, target: Storage, codec: Codec, rotation: Rotation, over: Event
) -> Document:
    """The login, which no tap uses any more."""
    document = _login(source, codec)
    if document.moving_to == target.place:
        return document
    if document.moving_to:
        raise LoginError(f"The login is being moved to {document.moving_to}: finish that first.")
    if target.read() is not None:
        raise LoginError(f"There is a login in {target.place} already.")
    # Who renews it just now is waited for; what comes in between is noticed.
    kept = rotation.recover(over)
    raw = source.read()
    document = _login(source, codec)
    if kept is None or document.spending != kept.spending:
        raise LoginError(f"The login in {source.place} is in use: run the command again.")
    marked = replace(document, moving_to=target.place)
    source.replace(raw, _sealed(codec, marked))
    return marked


def _arrive(target: Storage, codec: Codec, marked: Document) -> None:
    there = target.read()
    if there is None:
        target.replace(None, _sealed(codec, replace(marked, moving_to=None)))
    elif not _follows(codec.decode(there, place=target.place), marked):
        raise LoginError(f"There is another login in {target.place} by now; the other stays.")


def _stay(source: Storage, target: Storage, codec: Codec, marked: Document) -> None:
    """Have the taps on the source use it again, if nothing has arrived."""
    with suppress(BillitError):
        if target.read() is None:
            source.replace(source.read(), _sealed(codec, replace(marked, moving_to=None)))


def _follows(there: Document, marked: Document) -> bool:
    """Whether one login came from the other, with or without a refresh in between."""
    token = fingerprint(marked.refresh_token or "")
    return token in (*there.known, fingerprint(there.refresh_token or ""))


def _sealed(codec: Codec, document: Document) -> bytes:
    return codec.seal(plain(document))


def _login(storage: Storage, codec: Codec) -> Document:
    raw = storage.read()
    if raw is None:
        raise LoginError(f"There is no login in {storage.place}.")
    return codec.decode(raw, place=storage.place)
