"""Billit's token endpoint. Nothing that it answers is logged, quoted or kept in an exception."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Literal, NamedTuple

import requests
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import MaxRetryError, NewConnectionError

from tap_billit.api.body import SUCCESS
from tap_billit.api.odd_json import LARGEST
from tap_billit.api.session import take_turn
from tap_billit.errors import (
    UNSENT,
    BillitError,
    LoginError,
    TransientError,
    retry_after,
    unreachable,
)
from tap_billit.redaction import Hidden
from tap_billit.tokens.answer import AnswerLostError

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSALS = (400, 401, 406, 415, 422)
FORM_CODES = (b"unsupported_grant_type", b"invalid_request")


class RefusedError(LoginError):
    """The code or refresh token does not do; or the client or the form, where Billit says so."""

    def __init__(self, response: requests.Response, content: bytes) -> None:
        status = response.status_code
        super().__init__(f"Billit's token endpoint answered {status}.")
        self.names_grant = b"invalid_grant" in content
        self.names_client = b"invalid_client" in content
        self.names_form = status == requests.codes.unsupported_media_type or any(
            code in content for code in FORM_CODES
        )


class ClientAuthMethod(NamedTuple):
    """How the client goes to the token endpoint, in one place only, and what the body is."""

    client: Literal["header", "body"]
    body: Literal["json", "form"]


@dataclass(repr=False)
class TokenEndpoint(Hidden):
    """Where codes and refresh tokens are exchanged; `way` is how, once that is known."""

    url: str
    client_id: str
    client_secret: str
    session: requests.Session
    timeout: float
    way: ClientAuthMethod | None = None

    @property
    def patience(self) -> float:
        """Seconds that one request takes at most, once it has its turn."""
        return 3 * self.timeout

    def take_turn(self) -> None:
        """Wait for the next turn of the rate limit, which the next request then has."""
        take_turn(self.session, self.url)

    def refresh(self, token: str, check: Callable[[], object] = lambda: None) -> bytes:
        """What Billit answers to a refresh token; `check` may raise before it is sent.

        The client goes as HTTP Basic, and after a refusal in the body: both are said to be right.

        Raises:
            RefusedError: Billit took it in no way.
        """
        body = {"grant_type": "refresh_token", "refresh_token": token}
        return self._grant(body, "header", "body", check=check)

    def exchange(self, code: str, check: Callable[[], object], *, redirect_uri: str) -> bytes:
        """What Billit answers to the code of the login page; refusals are as above."""
        body = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return self._grant(body, "body", "header", check=check)

    def _grant(
        self,
        body: dict[str, str],
        *places: Literal["header", "body"],
        check: Callable[[], object],
    ) -> bytes:
        """What the first way that is not refused gives; it is the only one from then on.

        All are JSON. A form, which is OAuth's standard, is sent where a refusal asks for one.
        """
        ways = [self.way] if self.way else [ClientAuthMethod(place, "json") for place in places]
        refusals: list[RefusedError] = []
        for way in ways:
            try:
                self.take_turn()
                check()
                answer = self._post(body, way)
            except RefusedError as refusal:  # noqa: PERF203  it is what is waited for
                refusals.append(refusal)
                if refusal.names_grant:
                    break
                if refusal.names_form and not self.way and way.body == "json":
                    ways.append(way._replace(body="form"))
            else:
                self.way = way
                return answer
        raise max(refusals, key=_weight)

    def _post(self, body: dict[str, str], way: ClientAuthMethod) -> bytes:
        client = {"client_id": self.client_id.strip(), "client_secret": self.client_secret.strip()}
        basic = HTTPBasicAuth(*(part.encode() for part in client.values()))
        said = body if way.client == "header" else body | client
        try:
            with self.session.post(
                self.url,
                json=said if way.body == "json" else None,
                data=said if way.body == "form" else None,
                auth=basic if way.client == "header" else _no_auth,
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                timeout=self.timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                return self._judge(response, self._read(response))
        except UNSENT as error:
            raise self._unreached(error) from None

    def _read(self, response: requests.Response) -> bytes:
        """The body as it was sent, or what came of it in time: that may be all that there is."""
        body = bytearray()
        end = monotonic() + self.timeout
        with suppress(*UNSENT):
            # By the byte: a larger part would be waited for, however slowly it trickles in.
            for part in response.raw.stream(1, decode_content=False):
                body += part
                if len(body) == LARGEST or monotonic() > end:
                    break
        return bytes(body)

    def _unreached(self, error: Exception) -> BillitError:
        problem = unreachable(error, self.url)
        if not isinstance(problem, TransientError):
            return problem
        # By its type alone: the text of some errors quotes the answer.
        lost = TransientError if _never_sent(error) else AnswerLostError
        return lost(f"Billit's token endpoint could not be reached ({type(error).__name__}).")

    def _judge(self, response: requests.Response, body: bytes) -> bytes:
        status = response.status_code
        said = f"Billit's token endpoint answered {status}"
        if status in SUCCESS:
            return body
        if status in REFUSALS:
            raise RefusedError(response, body)
        if status in (requests.codes.request_timeout, requests.codes.too_many_requests):
            raise TransientError(f"{said}.", retry_after=retry_after(response), status=status)
        if status >= requests.codes.server_error:
            raise AnswerLostError(f"{said}.", retry_after=retry_after(response))
        raise LoginError(f"{said} at {self.url}; check `environment` and `api_url`.")


def _weight(refusal: RefusedError) -> int:
    """How much a refusal says about the token, and not about the way it was sent in."""
    if refusal.names_grant:
        return 3
    if refusal.names_client:
        return 1
    return 0 if refusal.names_form else 2


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without it, requests would look for credentials in ~/.netrc."""
    return request


def _never_sent(error: Exception) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(error, (requests.ConnectTimeout, requests.exceptions.ProxyError)) or (
        isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
    )
