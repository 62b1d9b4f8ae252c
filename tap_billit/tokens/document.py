"""What a token store keeps: the tokens of one client in one environment, and the note on them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated

import msgspec

from tap_billit.redaction import Hidden, fingerprint

KNOWN = 200
"""How many spent tokens a store remembers: more than a week of hourly refreshes."""

Printable = Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]+\Z")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class PendingRefresh(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refresh that began at `since`, with the token or code of that fingerprint.

    `answer` is what Billit said to it, byte for byte, once it has; `refused` is when it refused
    the token that nobody knew the fate of. For `lease` seconds nobody but `owner` sends it.
    """

    token: str
    since: Moment
    answer: str | None = None
    refused: Moment | None = None
    owner: str | None = None
    lease: float | None = None

    @property
    def raw(self) -> bytes:
        """The answer as it came; empty, if there is none."""
        return (self.answer or "").encode("latin-1", "replace")


class Tokens(Hidden, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A login: the tokens as Billit gave them, and the fingerprints of those that came before."""

    refresh_token: Printable | None = None
    access_token: Printable | None = None
    expires_at: Moment | None = None
    renew_at: Moment | None = None
    known: tuple[str, ...] = ()
    spending: PendingRefresh | None = None

    def remembering(self, *tokens: str | None) -> tuple[str, ...]:
        """`known` with the fingerprints of `tokens` as the latest."""
        latest = dict.fromkeys(fingerprint(token) for token in tokens if token)
        return (*(old for old in self.known if old not in latest), *latest)[-KNOWN:]

    @property
    def fresh(self) -> bool:
        """Whether the access token is good for a while."""
        return bool(self.access_token and self.renew_at and now() < self.renew_at)


class Document(Tokens, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens, whose they are, and where they are being moved to: nobody uses them here then."""

    environment: str
    client: str
    moving_to: str | None = None


def now() -> datetime:
    """This machine's clock, aware."""
    return datetime.now(tz=timezone.utc)
