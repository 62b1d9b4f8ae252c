"""The command `tap-billit-tokens`: makes, lists and moves what many logins keep their tokens in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from tap_billit.errors import LoginError
from tap_billit.shutdown import exit_on_signals, process
from tap_billit.storage import open_collection, open_storage
from tap_billit.tokens.codec import Codec
from tap_billit.tokens.document import now
from tap_billit.tokens.move import move as move_login
from tap_billit.tokens.store import default_folder
from tap_billit.unforeseen import SentenceCommand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_billit.tokens.document import Document, PendingRefresh

HEADINGS = ("LOGIN", "ENVIRONMENT", "CLIENT", "ACCESS UNTIL (UTC)", "HEALTH")

SURELY_OVER = timedelta(hours=1)
"""After so long, whatever the clocks, nobody is at a refresh any more."""

_KEY = click.option(
    "--token-store-key",
    "keys",
    envvar="TAP_BILLIT_TOKEN_STORE_KEY",
    show_envvar=True,
    help="The keys that the tokens are encrypted with. Safer as a variable.",
)


@click.group()
@click.version_option(package_name="tap-billit")
def main() -> None:
    """Look after the token stores of many logins."""


@main.command(cls=SentenceCommand)
@click.argument("location")
def create(location: str) -> None:
    """Make the table in a database, or see whether a bucket will do.

    LOCATION is postgresql://user@host/db, or s3://bucket/folder (gs://, az://).
    """
    collection = open_collection(location, None)
    collection.create()
    click.echo(f"{collection.place} is ready.")


@main.command("list", cls=SentenceCommand)
@click.argument("location", required=False)
@_KEY
def list_logins(location: str | None, keys: str | None) -> None:
    """List the logins in a store with their health; without LOCATION, this user's own.

    LOCATION is postgresql://user@host/db, s3://bucket/folder (gs://, az://), or a folder.
    """
    codec = Codec(keys)
    collection = open_collection(location, default_folder())
    _print(_row(login, raw, codec) for login, raw in collection.documents())


@main.command(cls=SentenceCommand)
@click.argument("source")
@click.argument("target")
@_KEY
def move(source: str, target: str, keys: str | None) -> None:
    """Move a login from the token store SOURCE to TARGET.

    If it is interrupted, run it again. Meanwhile no tap uses the login.
    """
    exit_on_signals()
    start, end = open_storage(source, None), open_storage(target, None)
    process.shield(lambda: move_login(start, end, Codec(keys)))
    click.echo(f"Moved; set `token_store` to {end.place} now.")


def _row(login: str, raw: bytes, codec: Codec) -> tuple[str, ...]:
    try:
        document = codec.decode(raw, place=login)
    except LoginError as error:
        return (login, "", "", "", str(error))
    until = f"{document.expires_at:%Y-%m-%d %H:%M}" if document.expires_at else ""
    return (login, document.environment, document.client, until, health(document))


def health(document: Document) -> str:
    """How a login does, without any secret."""
    if document.moving_to:
        return f"being moved to {document.moving_to}"
    return _told(document.spending) if document.spending else "good"


def _told(note: PendingRefresh) -> str:
    if note.refused:
        return f"lost: cut off at {note.since:%Y-%m-%d %H:%M}, refused at {note.refused:%H:%M}"
    if note.answer is not None:
        return f"renewed at {note.since:%Y-%m-%d %H:%M}; the next run reads the answer"
    if now() - note.since < SURELY_OVER:
        return f"being renewed since {note.since:%Y-%m-%d %H:%M}"
    return f"cut off at {note.since:%Y-%m-%d %H:%M}; the next run tries again"


def _print(rows: Iterable[tuple[str, ...]]) -> None:
    table = [HEADINGS, *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        click.echo("  ".join(map(str.ljust, row, widths)).rstrip())
