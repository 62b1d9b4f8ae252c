"""One request to Billit: URL, login, company, tries, errors."""

from __future__ import annotations

from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

import msgspec
import requests

from tap_billit.errors import TransientError, path_of, refusal
from tap_billit.pacing import retry_after, retrying

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_billit.auth import Login

_decode = msgspec.json.Decoder(float_hook=Decimal).decode

TIMED_OUT = 408
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500


class Answer(NamedTuple):
    """The decoded JSON of an answer, numbers with a fraction as decimals, and Billit's clock."""

    body: Any
    date: datetime | None


class BillitClient:
    """Billit's JSON API at `base_url`, as seen by one login.

    The session does not follow redirects and the URL is always ours, so that the login's token
    never reaches another host.
    """

    def __init__(
        self,
        *,
        base_url: str,
        login: Login,
        session: requests.Session,
        timeout: float,
        context_party_id: int | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.login = login
        self._session = session
        self._timeout = timeout
        self._headers = {"Accept": "application/json"}
        if context_party_id is not None:
            self._headers["ContextPartyID"] = str(context_party_id)

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        company: int | None = None,
    ) -> Answer:
        """The answer to `GET path?query` for `company` (a PartyID).

        Raises:
            ApiError: Billit refused, with its Code and Description.
            TransientError: Billit did not recover while the tap kept trying.
            LoginError: there is no valid login any more.
        """
        headers = self._headers if company is None else {**self._headers, "PartyID": str(company)}
        url = self.base_url + path
        if query:
            # `$` stays readable, a space becomes %20: Billit's own examples write both so.
            url += "?" + urlencode(query, quote_via=quote, safe="$'(),/:")
        return self._get(url, headers)

    @retrying
    def _get(self, url: str, headers: dict[str, str]) -> Answer:
        response = self._send(url, headers)
        if response.status_code == requests.codes.unauthorized and self.login.renew(response):
            response = self._send(url, headers)
        if not response.ok or response.is_redirect:
            raise _failure(response)
        try:
            body = _decode(response.content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TransientError(
                f"Billit answered {path_of(response)} with something that is not JSON."
            ) from error
        return Answer(body, _clock(response))

    def _send(self, url: str, headers: dict[str, str]) -> requests.Response:
        try:
            return self._session.get(
                url,
                headers=headers,
                auth=self.login,
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise TransientError(
                f"Billit could not be reached ({type(error).__name__} at {url.partition('?')[0]})."
            ) from error


def _failure(response: requests.Response) -> Exception:
    status = response.status_code
    if status in (TIMED_OUT, TOO_MANY_REQUESTS) or status >= SERVER_ERROR:
        return TransientError(
            f"Billit answered {status} to {path_of(response)}.", retry_after=retry_after(response)
        )
    return refusal(response)


def _clock(response: requests.Response) -> datetime | None:
    """Billit's own clock, an aware date-time to the second, from the `Date` header."""
    try:
        return parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
