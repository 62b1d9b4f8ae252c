"""The tokens in what the token endpoint answered."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from tap_billit.api.odd_json import objects_in, text_of
from tap_billit.errors import LoginError, TransientError
from tap_billit.tokens.document import Tokens

LEEWAY = timedelta(minutes=5)
"""How long before its end an access token is renewed; at most a tenth of its life."""

_PRINTABLE = re.compile(r"[\x21-\x7e]+")


class AnswerLostError(TransientError):
    """The request may have been carried out, and no tokens arrived."""


class UnreadableError(LoginError):
    """The answer speaks of a refresh token, and none can be found in it."""


class NotLastingError(LoginError):
    """There is an access token, and nothing to renew it with."""


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
