"""Billit's OAuth: codes, access tokens of an hour, refresh tokens that work once."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from tap_billit.demo.dialect import GRACE, Dialect
from tap_billit.demo.messages import Reply
from tap_billit.demo.seeded_random import seeded_random
from tap_billit.demo.timestamps import MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_billit.demo.messages import Request

Json = dict[str, Any]

TOKEN_LIFE = 3600
CODE_LIFE = 10 * MINUTE
REDIRECT_URIS = ("http://localhost:8888/callback", "https://example.com/billit")


@dataclass
class _Code:
    redirect_uri: str
    expires: int


class TokenRefusedError(Exception):
    """The credentials of a request do not do; `str()` is Billit's Code."""


class OAuth:
    """The authorization server of one demo; `now` tells the account's time in milliseconds."""

    def __init__(self, *, seed: int, now: Callable[[], int]) -> None:
        rng = seeded_random(seed, 40)
        self.client_id, self.client_secret, self.api_key = (
            str(UUID(int=rng.getrandbits(128), version=4)) for _ in range(3)
        )
        self.redirect_uris = set(REDIRECT_URIS)
        self.dialect = Dialect()
        self.refreshes = 0
        self.spent_token_attempts = 0
        self._now = now
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, int] = {}
        self._revoked: set[str] = set()
        self._refresh: set[str] = set()
        self._spent: dict[str, int] = {}

    @property
    def live_refresh_tokens(self) -> int:
        """How many refresh tokens still work."""
        return len(self._refresh)

    def new_token(self) -> str:
        """A text that nobody guesses."""
        return str(uuid4())

    def issue_refresh_token(self) -> str:
        """A new refresh token, as if somebody had just logged in."""
        token = self.new_token()
        self._refresh.add(token)
        return token

    def issue_access_token(self) -> str:
        """A new access token, good for an hour of the account's clock."""
        token = self.new_token()
        self._access[token] = self._now() + TOKEN_LIFE * SECOND
        return token

    def expire_access_tokens(self) -> None:
        """All access tokens are too old from now on."""
        self._access = dict.fromkeys(self._access, 0)

    def revoke(self) -> None:
        """The user disconnects the application: no token works any more."""
        self._revoked |= self._access.keys()
        self._spent |= dict.fromkeys(self._refresh, 0)
        self._refresh.clear()

    def check(self, request: Request) -> None:
        """Raise unless the request carries a good access token or API key."""
        scheme, _, token = request.header("Authorization").partition(" ")
        api_key = request.header("ApiKey")
        if not scheme and api_key:
            if api_key.lower() != self.api_key:
                raise TokenRefusedError("ApiKeyNotValid")
            return
        if scheme != "Bearer" or token not in self._access:
            raise TokenRefusedError("InvalidAccessToken")
        if token in self._revoked:
            raise TokenRefusedError("AccessTokenRevoked")
        if self._access[token] <= self._now():
            raise TokenRefusedError("AccessTokenExpired")

    def answer_login(self, request: Request) -> Reply | None:
        """The reply to what belongs to logging in; None for the rest of the API."""
        match request.method, request.path.lower():
            case "POST", "/oauth2/token":
                return self.answer_token(request)
            case "POST", "/oauth2/revoke":
                return self.answer_revoke(request)
            case _, "/account/logon":
                return self.answer_logon(request)
        return None

    def answer_token(self, request: Request) -> Reply:
        """`POST /OAuth2/token`."""
        body = self._token_body(request)
        if body is None:
            return self._other_body()
        basic = _basic(request.header("Authorization"))
        in_body = (body.get("client_id"), body.get("client_secret"))
        if basic and any(in_body):
            return _refused("invalid_request", "The client is given twice: header and body.")
        misplaced = self.dialect.client == ("body" if basic else "header")
        if misplaced or (basic or in_body) != (self.client_id, self.client_secret):
            return _refused("invalid_client", "Unknown client or wrong secret.", status=401)
        match body.get("grant_type"):
            case "authorization_code" if not basic or self.dialect.client == "header":
                return self._exchange(body)
            case "refresh_token":
                return self._rotate(body)
        return _refused("unsupported_grant_type", "This grant is not served.")

    def _token_body(self, request: Request) -> Json | None:
        is_form = request.header("Content-Type").startswith("application/x-www-form-urlencoded")
        if self.dialect.grant_body == "json":
            return request.json()
        return dict(request.form()) if is_form else None

    def _other_body(self) -> Reply:
        if self.dialect.grant_body == "form":
            return _refused("invalid_request", "Only forms are taken.", status=415)
        return _refused("invalid_request", "The body is not a JSON object.")

    def answer_revoke(self, request: Request) -> Reply:
        """`POST /OAuth2/revoke`: the access token presented."""
        try:
            self.check(request)
        except TokenRefusedError as refusal:
            return Reply.error(401, str(refusal))
        self._revoked.add(request.header("Authorization").partition(" ")[2])
        return Reply(body=True)

    def answer_logon(self, request: Request) -> Reply:
        """`/Account/Logon`: the page on which a user lets the application in, or not."""
        query = request.query
        redirect_uri = query.get("redirect_uri", "")
        known = redirect_uri in self.redirect_uris and query.get("client_id") == self.client_id
        if not known or "response_type" in query:
            return Reply(400, b"Ongeldig OAuth2 request", {"Content-Type": "text/plain"})
        decision = request.form().get("decision") or query.get("approve")
        state = {"state": query["state"]} if "state" in query else {}
        if decision in {"1", "approve"}:
            code = str(uuid4())
            self._codes[code] = _Code(redirect_uri, self._now() + CODE_LIFE)
            return _redirect(redirect_uri, {"code": code, **state})
        if decision in {"0", "deny"}:
            return _redirect(redirect_uri, {"error": "access_denied", **state})
        page = _PAGE.format(action=escape(f"/Account/Logon?{urlencode(query)}"))
        return Reply(body=page.encode(), headers={"Content-Type": "text/html; charset=utf-8"})

    def _exchange(self, body: Json) -> Reply:
        code = self._codes.pop(body.get("code") or "", None)
        if code is None or code.expires <= self._now():
            return _refused("invalid_grant", "The code is unknown, used or too old.")
        if body.get("redirect_uri") != code.redirect_uri:
            return _refused("invalid_grant", "The redirect_uri is not that of the login.")
        return self._tokens()

    def _rotate(self, body: Json) -> Reply:
        token = body.get("refresh_token") or ""
        graced = self.dialect.spent == "grace" and self._now() < self._spent.get(token, 0)
        if token not in self._refresh and not graced:
            self.spent_token_attempts += token in self._spent
            status = 401 if self.dialect.spent == "401" else 400
            description = "The refresh token is unknown or used."
            return _refused("invalid_grant", description, status=status)
        self._refresh.discard(token)
        self._spent.setdefault(token, self._now() + GRACE)
        self.refreshes += 1
        return self._tokens()

    def _tokens(self) -> Reply:
        return Reply(
            body={
                "token_type": "Bearer",
                "expires_in": TOKEN_LIFE,
                "access_token": self.issue_access_token(),
                "refresh_token": self.issue_refresh_token(),
            }
        )


_PAGE = """<!doctype html>
<title>Billit demo</title>
<form method="post" action="{action}">
<p>Let this application read the demo account?</p>
<button name="decision" value="approve">Yes</button>
<button name="decision" value="deny">No</button>
</form>
"""


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError):
        return ("", "")
    return (user, password)


def _refused(error: str, description: str, *, status: int = 400) -> Reply:
    return Reply(status, {"error": error, "error_description": description})


def _redirect(uri: str, query: dict[str, str]) -> Reply:
    return Reply(302, b"", {"Location": f"{uri}?{urlencode(query)}"})
