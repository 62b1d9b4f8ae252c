"""The tokens of a login, and how they are read from what the token endpoint answered."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any

import msgspec

from tap_billit.api.odd_json import objects_in, text_of
from tap_billit.errors import LoginError, TransientError
from tap_billit.redaction import Hidden, fingerprint

LEEWAY = timedelta(minutes=5)
"""How long before its end an access token is renewed; at most a tenth of its life."""

KNOWN = 200
"""How many spent tokens a store remembers: more than a week of hourly refreshes."""

_PRINTABLE = re.compile(r"[\x21-\x7e]+")

Printable = Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]+\Z")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class AnswerLostError(TransientError):
    """The request may have been carried out, and no tokens arrived."""


class UnreadableError(LoginError):
    """The answer speaks of a refresh token, and none can be found in it."""


class NotLastingError(LoginError):
    """There is an access token, and nothing to renew it with."""


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


def tokens_in(raw: bytes, before: Tokens, *, since: datetime) -> Tokens:
    """The tokens in an answer that came `since`; without a refresh token, that of `before` goes on.

    Raises:
        AnswerLostError: it is something else.
        UnreadableError: tokens seem to be in it, and cannot be found.
        NotLastingError: there is no refresh token.
    """
    text = text_of(raw)
    for said in objects_in(text):
        access, refresh = _token(said.get("accesstoken")), _token(said.get("refreshtoken"))
        if access and (refresh or said.get("refreshtoken") is None):
            refresh = refresh or before.refresh_token
            if not refresh:
                raise NotLastingError("Billit gave no refresh token, so the login would not last.")
            life = _life(said.get("expiresin"))
            return Tokens(
                refresh_token=refresh,
                access_token=access,
                expires_at=since + life,
                renew_at=since + life - min(LEEWAY, life / 10),
                known=before.known,
            )
    if re.search(r"refresh[\W_]?token", text, re.IGNORECASE):
        raise UnreadableError("Billit's answer speaks of a refresh token, and none can be read.")
    raise AnswerLostError("Billit's token endpoint answered without a token.")


def _token(value: Any) -> str | None:
    token = value.strip() if isinstance(value, str) else ""
    return token if _PRINTABLE.fullmatch(token) else None


def _life(expires_in: Any) -> timedelta:
    """An hour, as documented, where Billit says nothing of use: the refresh token must be kept."""
    try:
        seconds = float(expires_in)
    except (TypeError, ValueError):
        seconds = 3600
    return timedelta(seconds=seconds if 60 <= seconds <= 86400 else 3600)  # noqa: PLR2004


def now() -> datetime:
    """This machine's clock, aware."""
    return datetime.now(tz=timezone.utc)
