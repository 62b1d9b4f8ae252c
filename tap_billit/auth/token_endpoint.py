"""Billit's token endpoint, and the tokens that it gives.

Nothing that it answers is logged, quoted or kept in an exception, whatever the answer was.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import requests
from requests.auth import HTTPBasicAuth
from typing_extensions import override
from urllib3.exceptions import MaxRetryError, NewConnectionError

from tap_billit.api.body import TooLargeError, read_body
from tap_billit.errors import (
    NOT_JSON,
    UNSENT,
    BillitError,
    LoginError,
    TransientError,
    retry_after,
    unreachable,
)
from tap_billit.redaction import Hidden, fingerprint

SUCCESS = range(200, 300)

NOT_THIS_FORM = (
    requests.codes.not_acceptable,
    requests.codes.unsupported_media_type,
    requests.codes.unprocessable_entity,
)
REFUSALS = (requests.codes.bad_request, requests.codes.unauthorized, *NOT_THIS_FORM)
FORM_CODES = (b"unsupported_grant_type", b"invalid_request")

LARGEST = 1 << 16
"""Bytes of an answer: some twenty times what tokens need."""

logger = logging.getLogger("tap-billit")

LEEWAY = timedelta(minutes=5)
"""How long before its end an access token is renewed; at most a tenth of its life."""

KNOWN = 200
"""How many spent tokens a store remembers: more than a week of hourly refreshes."""

Printable = Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]+\Z")]


Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class PendingRefresh(msgspec.Struct, frozen=True, kw_only=True):
    """A refresh that began at `since` and whose answer is not in the store."""

    token: str
    since: Moment


class Tokens(Hidden, msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A login: the tokens as Billit gave them, and the fingerprints of those that came before."""

    refresh_token: Printable
    access_token: Printable | None = None
    expires_at: Moment | None = None
    renew_at: Moment | None = None
    known: tuple[str, ...] = ()
    spending: PendingRefresh | None = None

    def remembering(self, *tokens: str | None) -> tuple[str, ...]:
        """`known` with the fingerprints of `tokens` as the latest."""
        latest = [fingerprint(token) for token in tokens if token]
        return (*(old for old in self.known if old not in latest), *latest)[-KNOWN:]


class TokenResponse(Hidden, msgspec.Struct, frozen=True):
    """What the token endpoint answers."""

    access_token: Printable
    refresh_token: Printable | None = None
    expires_in: Any = None


class RefusedError(LoginError):
    """The code or refresh token does not do; or the client or the form, where Billit says so."""

    def __init__(self, response: requests.Response) -> None:
        status, content = response.status_code, response.content
        super().__init__(f"Billit's token endpoint answered {status}.")
        self.names_grant = b"invalid_grant" in content
        self.names_client = b"invalid_client" in content
        self.names_form = status in NOT_THIS_FORM or any(code in content for code in FORM_CODES)


class ClientAuthMethod(NamedTuple):
    """How the client goes to the token endpoint, in one place only, and what the body is."""

    client: Literal["header", "body"]
    body: Literal["json", "form"]


BASIC_AND_JSON, ALL_JSON = ClientAuthMethod("header", "json"), ClientAuthMethod("body", "json")
ALL_FORM, BASIC_AND_FORM = ClientAuthMethod("body", "form"), ClientAuthMethod("header", "form")


class AnswerLostError(TransientError):
    """The request may have been carried out, and the answer did not arrive."""


class TokenEndpoint:
    """Where codes and refresh tokens are exchanged. No answer of it is logged or quoted."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        client_secret: str,
        session: requests.Session,
        timeout: float,
    ) -> None:
        self._url = url
        self._client = {"client_id": client_id.strip(), "client_secret": client_secret.strip()}
        self._session = session
        self._timeout = timeout
        self.way: ClientAuthMethod | None = None

    @override
    def __repr__(self) -> str:
        return f"TokenEndpoint({self._url!r})"

    def refresh(self, token: str) -> TokenResponse:
        """The tokens that follow `token`.

        The client goes as HTTP Basic, and after a refusal in the body: both are said to be right.
        Forms are OAuth's standard, and the last resort.

        Raises:
            RefusedError: Billit took it in no way.
        """
        body = {"grant_type": "refresh_token", "refresh_token": token}
        return self._grant(body, BASIC_AND_JSON, ALL_JSON, ALL_FORM, BASIC_AND_FORM)

    def exchange(self, code: str, *, redirect_uri: str) -> TokenResponse:
        """The first tokens, for the code of the login page.

        Raises:
            RefusedError: Billit does not take the code, or not from this client.
        """
        body = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return self._grant(body, ALL_JSON, ALL_FORM, BASIC_AND_JSON, BASIC_AND_FORM)

    def _grant(self, body: dict[str, str], *ways: ClientAuthMethod) -> TokenResponse:
        """What the first way that is not refused gives; it is the only one from then on."""
        refusals: list[RefusedError] = []
        for way in (self.way,) if self.way else ways:
            try:
                granted = self._post(body, way)
            except RefusedError as refusal:  # noqa: PERF203  a refusal is what is waited for
                refusals.append(refusal)
                if refusal.names_grant:
                    break
            else:
                if refusals:
                    logger.warning(
                        "Billit's token endpoint takes the client in the %s and the body as %s.",
                        *way,
                    )
                self.way = way
                return granted
        raise max(refusals, key=_weight)

    def _post(self, body: dict[str, str], way: ClientAuthMethod) -> TokenResponse:
        basic = HTTPBasicAuth(*(part.encode() for part in self._client.values()))
        said = body if way.client == "header" else body | self._client
        try:
            with self._session.post(
                self._url,
                json=said if way.body == "json" else None,
                data=said if way.body == "form" else None,
                auth=basic if way.client == "header" else _no_auth,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                read_body(response, limit=LARGEST)
        except TooLargeError as error:
            raise AnswerLostError(str(error)) from None
        except UNSENT as error:
            raise self._unreached(error) from None
        return self._read(response)

    def _unreached(self, error: Exception) -> BillitError:
        problem = unreachable(error, self._url)
        if not isinstance(problem, TransientError):
            return problem
        # By its type alone: the text of some errors quotes the answer.
        lost = TransientError if _never_sent(error) else AnswerLostError
        return lost(f"Billit's token endpoint could not be reached ({type(error).__name__}).")

    def _read(self, response: requests.Response) -> TokenResponse:
        status = response.status_code
        said = f"Billit's token endpoint answered {status}"
        if status in REFUSALS:
            raise RefusedError(response)
        if status in (requests.codes.request_timeout, requests.codes.too_many_requests):
            raise TransientError(f"{said}.", retry_after=retry_after(response))
        if status >= requests.codes.server_error:
            raise AnswerLostError(f"{said}.", retry_after=retry_after(response))
        if status not in SUCCESS:
            raise LoginError(f"{said} at {self._url}; check `environment` and `api_url`.")
        try:
            return msgspec.json.decode(response.content, type=TokenResponse, strict=False)
        except NOT_JSON:
            raise AnswerLostError(f"{said}, without a token in it.") from None


def _weight(refusal: RefusedError) -> int:
    """How much a refusal says about the token, and not about the way it was sent in."""
    if refusal.names_grant:
        return 3
    if refusal.names_client:
        return 1
    return 0 if refusal.names_form else 2


def tokens_from(granted: TokenResponse, *, spent: str, known: tuple[str, ...]) -> Tokens:
    """`granted` as the store keeps it; without a refresh token in it, the one spent goes on."""
    moment = now()
    life = _life(granted.expires_in)
    return Tokens(
        refresh_token=granted.refresh_token or spent,
        access_token=granted.access_token,
        expires_at=moment + life,
        renew_at=moment + life - min(LEEWAY, life / 10),
        known=known,
    )


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


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without it, requests would look for credentials in ~/.netrc."""
    return request


def _never_sent(error: Exception) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)) or (
        isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
    )
