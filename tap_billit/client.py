"""One request to Billit: URL, login, company, tries, errors."""

from __future__ import annotations

from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

import msgspec
import requests

from tap_billit.errors import BillitError, TransientError, failure, path_of, unreachable
from tap_billit.pacing import PATIENCE, retrying

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_billit.auth import Login

_decode = msgspec.json.Decoder(float_hook=Decimal).decode

SUCCESS = range(200, 300)

LARGEST = 256 << 20
"""Bytes of an answer: far more than a page of 120 rows or a file needs."""

CHUNK = 1 << 16


class Answer(NamedTuple):
    """The decoded JSON of an answer, numbers with a fraction as decimals, and Billit's clock."""

    body: Any
    date: datetime | None


class BillitClient:
    """Billit's JSON API at `base_url`, as seen by one login.

    The session does not follow redirects and the URL is always ours, so that the login's token
    never reaches another host.
    """

    def __init__(  # noqa: PLR0913  a setting each
        self,
        *,
        base_url: str,
        login: Login,
        session: requests.Session,
        timeout: float,
        patience: float = PATIENCE,
        context_party_id: int | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.login = login
        self._session = session
        self._timeout = timeout
        self._headers = {"Accept": "application/json"}
        if context_party_id is not None:
            self._headers["ContextPartyID"] = str(context_party_id)
        self._get_patiently = retrying(self._get, patience=patience)
        self._closed = False

    def close(self) -> None:
        """Ask no more, not even in other threads."""
        self._closed = True
        self._session.close()

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
        return self._get_patiently(url, headers)

    def _get(self, url: str, headers: dict[str, str]) -> Answer:
        response = self._send(url, headers)
        if response.status_code == requests.codes.unauthorized and self.login.renew(response):
            response = self._send(url, headers)
        if response.status_code not in SUCCESS:
            raise failure(response)
        try:
            body = _decode(response.content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise TransientError(
                f"Billit answered {path_of(response)} with something that is not JSON."
            ) from None
        return Answer(body, _clock(response))

    def _send(self, url: str, headers: dict[str, str]) -> requests.Response:
        if self._closed:
            raise BillitError("The run is over: nothing is asked any more.")
        try:
            with self._session.get(
                url,
                headers=headers,
                auth=self.login,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                # `requests` itself would read a body of any size.
                response._content = _read(response)  # noqa: SLF001
        except requests.RequestException as error:
            raise unreachable(error, url) from None
        return response


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    for part in response.iter_content(CHUNK):
        body += part
        if len(body) > LARGEST:
            raise BillitError(
                f"Billit's answer to {path_of(response)} is larger than {LARGEST >> 20} MiB: "
                "that is no page of a list."
            )
    return bytes(body)


def _clock(response: requests.Response) -> datetime | None:
    """Billit's own clock, an aware date-time to the second, from the `Date` header."""
    try:
        return parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
