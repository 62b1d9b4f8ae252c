"""One request to Billit: URL, login, company, tries, errors."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from string import digits
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

import requests

from tap_billit.api.body import read_body
from tap_billit.api.json_text import NOT_JSON, read_leniently, read_strictly
from tap_billit.api.query_fallbacks import QueryFallbacks
from tap_billit.api.retry import Patience, retrying
from tap_billit.errors import (
    UNSENT,
    ApiError,
    RunOverError,
    TransientError,
    date_in,
    error_from,
    unreachable,
)
from tap_billit.redaction import path_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_billit.api.query_fallbacks import Features, Query
    from tap_billit.auth.base import Auth

logger = logging.getLogger("tap-billit")

LARGEST = 256 << 20
"""Bytes of an answer: far more than a page of 120 rows or a file needs."""

WHOLE = (requests.codes.ok, requests.codes.no_content)
"""Another status may mean a part of what was asked for, as 206 says, or nothing yet."""

ACCOUNT = "/v1/account/accountInformation"


Read = Callable[[bytes], Any]


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
        auth: Auth,
        session: requests.Session,
        timeout: float,
        patience: Patience | None = None,
        context_party_id: int | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.auth = auth
        self._session = session
        _freeze_proxy_settings(session, self.base_url)
        self._timeout = timeout
        self._headers = {"Accept": "application/json"}
        if context_party_id is not None:
            self._headers["ContextPartyID"] = str(context_party_id)
        self.fallbacks = QueryFallbacks()
        self._patience = patience or Patience()
        self._patience.answers = self._answers
        self._get_patiently = retrying(self._get, patience=self._patience)
        self._get_briefly = retrying(self._get, patience=self._patience, own=True)
        self._odd: set[str] = set()
        self._closed = False

    def close(self) -> None:
        """Ask no more, not even in other threads."""
        self._closed = True
        self._session.close()
        self.auth.close()

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        company: int | None = None,
        may_be_empty: bool = False,
        read: Read = read_strictly,
    ) -> Answer:
        """The answer to `GET path?query` for `company` (a PartyID), its body as `read` reads it.

        204 stands for an empty list. Another empty body is an accident, unless it `may_be_empty`.

        Raises:
            ApiError: Billit refused, with its Code and Description.
            TransientError: Billit did not recover while the tap kept trying.
            LoginError: there is no valid login any more.
        """
        get = self._get_patiently if company is None else self._get_briefly
        return get(*self._request(path, query, company), may_be_empty, read)

    def ask(
        self,
        path: str,
        query: Callable[[Features], Query],
        *,
        company: int | None,
        may_be_empty: bool = False,
        read: Read = read_strictly,
    ) -> Answer:
        """The answer to a query that goes without the features that Billit turns out to refuse."""

        def get(asked: Query) -> Answer:
            return self.get(path, asked, company=company, may_be_empty=may_be_empty, read=read)

        return self.fallbacks.ask(path, get, query)

    def decode(self, content: bytes) -> Any:
        """JSON, numbers with a fraction as decimals."""
        return read_strictly(content)

    def probe(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        company: int | None = None,
        method: str = "GET",
    ) -> requests.Response:
        """What Billit answers to one request, whatever its status."""
        return self._respond(*self._request(path, query, company), method)

    def _request(
        self, path: str, query: Mapping[str, str] | None, company: int | None
    ) -> tuple[str, dict[str, str]]:
        headers = self._headers if company is None else {**self._headers, "PartyID": str(company)}
        url = self.base_url + path
        if query:
            # `$` stays readable, a space becomes %20: Billit's own examples write both so.
            url += "?" + urlencode(query, quote_via=quote, safe="$'(),/:")
        return url, headers

    def _respond(self, url: str, headers: dict[str, str], method: str = "GET") -> requests.Response:
        response = self._send(url, headers, method)
        if response.status_code == requests.codes.unauthorized and self.auth.renew(response):
            response = self._send(url, headers, method)
        return response

    def _get(
        self,
        url: str,
        headers: dict[str, str],
        may_be_empty: bool,  # noqa: FBT001
        read: Read = read_strictly,
    ) -> Answer:
        response = self._respond(url, headers)
        if response.status_code not in WHOLE:
            raise self._refusal(response)
        if response.status_code == requests.codes.no_content or (
            may_be_empty and not response.content.strip()
        ):
            return Answer([], _asked_at(response))
        try:
            body = self._read(response, read)
        except NOT_JSON:
            raise TransientError(
                f"Billit answered {path_of(response)} with {_kind(response)} that is not JSON "
                "(if it stays so, check `environment` and `api_url`)."
            ) from None
        return Answer(body, _asked_at(response))

    def _refusal(self, response: requests.Response) -> TransientError | ApiError:
        error = error_from(response)
        if isinstance(error, ApiError):
            self._patience.succeeded()
        return error

    def _answers(self) -> bool:
        """Whether Billit answers at all: its shortest answer is asked once, for no company."""
        try:
            self._get(*self._request(ACCOUNT, None, None), may_be_empty=False)
        except TransientError:
            return False
        except ApiError:
            return True
        self._patience.succeeded()
        return True

    def _read(self, response: requests.Response, read: Read) -> Any:
        """The JSON of an answer; odd characters in it are named once for each kind of path."""
        try:
            return read(response.content)
        except NOT_JSON:
            body = read_leniently(response.content, charset=response.encoding)
        path = path_of(response)
        if (kind := path.rstrip(digits)) not in self._odd:
            self._odd.add(kind)
            logger.warning(
                "Billit's answer to %s holds odd characters: read as good as can be", path
            )
        return body

    def _send(self, url: str, headers: dict[str, str], method: str) -> requests.Response:
        if self._closed:
            raise RunOverError
        try:
            with self._session.send(
                self._prepared(method, url, headers),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                read_body(response, limit=LARGEST)
        except UNSENT as error:
            raise unreachable(error, url) from None
        return response

    def _prepared(self, method: str, url: str, headers: dict[str, str]) -> requests.PreparedRequest:
        """The request, as the session would prepare it after a look at settings we do not use."""
        request = requests.PreparedRequest()
        request.prepare(
            method,
            url,
            headers={**self._session.headers, **headers},
            cookies=self._session.cookies,
            auth=self.auth,
        )
        return request


def _freeze_proxy_settings(session: requests.Session, url: str) -> None:
    """Have proxies and certificates as the environment says now, not asked with each request."""
    with suppress(ValueError):  # an address that is none is named when it is asked
        settings = session.merge_environment_settings(url, {}, None, None, None)
        session.proxies, session.verify = settings["proxies"], settings["verify"]
        session.trust_env = False


def _asked_at(response: requests.Response) -> datetime | None:
    """Billit's clock when it was asked: what changed while it answered may not be in the answer."""
    answered_at = date_in(response.headers.get("Date", ""))
    return answered_at and answered_at - response.elapsed


def _kind(response: requests.Response) -> str:
    """Such as `text/html`, as the answer says of itself."""
    return response.headers.get("Content-Type", "").partition(";")[0].strip() or "something"
