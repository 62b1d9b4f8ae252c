"""Every error: whether to retry, what is left out because of it, and its message.

`STATUS_RULES` has the HTTP statuses. `Costs` says what is left out: a record, a stream, a company,
or the rest of the run.

No message carries a token, a key, a secret or the body of an answer from the token endpoint.
"""

from __future__ import annotations

import zlib
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from enum import IntEnum
from http.client import IncompleteRead
from typing import Any, NamedTuple
from urllib.request import getproxies

import requests
import urllib3
from requests.utils import select_proxy
from typing_extensions import override
from urllib3.exceptions import HTTPError, LocationValueError

from tap_billit.api.json_text import NOT_JSON, read_leniently
from tap_billit.redaction import path_of, quoted, without_credentials


class Costs(IntEnum):
    """What is missing because of an error: the smallest thing that failed."""

    RECORD = 1
    STREAM = 2
    COMPANY = 3
    RUN = 4


class BillitError(Exception):
    """The message says what happened and what to do; `costs` what cannot be had because of it.

    A request for one record that costs less than the run costs that record alone. `maybe_gone`:
    what was asked may be there no more, if a list says so too.
    """

    costs: Costs = Costs.RUN
    maybe_gone = False

    @property
    def brief(self) -> str:
        """A few words, to be kept in a state."""
        return str(self)[:80]


class RunOverError(BillitError):
    """The run ends: whoever waits for something stops waiting."""

    def __init__(self) -> None:
        super().__init__("The run is over: nothing is asked any more.")


class AnswerError(BillitError):
    """Billit answered something else than what was asked."""

    costs = Costs.STREAM


class MovedError(AnswerError):
    """An order is of another kind than the one that is read."""

    maybe_gone = True


class MissingFileError(AnswerError):
    """Billit has no such file: an order that is deleted takes its files with it."""

    maybe_gone = True


class StatusError(BillitError):
    """An answer that is no success: HTTP `status`, and Billit's own `code`, if there are any."""

    status: int | None = None
    code: str | None = None

    @property
    @override
    def brief(self) -> str:
        """Such as `500 GenericError`."""
        return f"{self.status} {self.code or ''}".strip() if self.status else super().brief


class TransientError(StatusError):
    """Billit stumbled; the same request may succeed later.

    `retry_after` is how many seconds Billit asked us to wait, if it did.
    """

    costs = Costs.STREAM

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        status: int | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status
        self.code = code

    @property
    def busy(self) -> bool:
        """Whether Billit asks for fewer requests, or says how long it needs."""
        return self.retry_after is not None or self.status == requests.codes.too_many_requests


class ApiError(StatusError):
    """Billit refused a request: HTTP `status` and Billit's own `code`, such as `GenericError`."""

    def __init__(self, message: str, *, status: int, code: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.costs = status_rule(status).costs
        self.maybe_gone = status in GONE


class LoginError(BillitError):
    """There is no way in: the login is missing, refused or spent."""


class StateError(BillitError):
    """The state that the tap was given cannot be continued from.

    The second part of the message, if there is one, says how to mend it where the tap runs alone.
    """

    @override
    def __str__(self) -> str:
        return " ".join(self.args)

    @property
    def what(self) -> str:
        """What is wrong with it."""
        return str(self.args[0])


UNSENT = (requests.RequestException, HTTPError, ValueError)
"""What sending and reading raise: `requests` lets some errors of what is below it pass, such as
that a chunk has a negative size, or that a header cannot be encoded."""

BAD_HEADER = (requests.exceptions.InvalidHeader, UnicodeError)
BAD_ADDRESS = (
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    LocationValueError,
)


class StatusRule(NamedTuple):
    """What a status means: whether it may pass by itself, what it costs, and what to look at."""

    retry: bool
    costs: Costs
    hint: str


GONE = (requests.codes.not_found, requests.codes.gone)

STATUS_RULES = {
    400: StatusRule(
        retry=False,
        costs=Costs.STREAM,
        hint="Billit does not accept the query; please report this",
    ),
    401: StatusRule(
        retry=False,
        costs=Costs.COMPANY,
        hint="check that the login belongs to this environment and may use the API here",
    ),
    403: StatusRule(
        retry=False,
        costs=Costs.COMPANY,
        hint="check that the company's Billit licence includes the API",
    ),
    404: StatusRule(retry=False, costs=Costs.STREAM, hint="check `environment` and `api_url`"),
    408: StatusRule(retry=True, costs=Costs.STREAM, hint="Billit waited too long for the request"),
    410: StatusRule(retry=False, costs=Costs.STREAM, hint="check `environment` and `api_url`"),
    429: StatusRule(
        retry=True,
        costs=Costs.STREAM,
        hint="something else uses up the limit; see `requests_per_minute`",
    ),
}

SERVER_ERROR = StatusRule(retry=True, costs=Costs.STREAM, hint="Billit has a problem of its own")
REDIRECT = StatusRule(
    retry=False, costs=Costs.STREAM, hint="redirects are not followed; check `api_url`"
)
OTHER = StatusRule(retry=False, costs=Costs.STREAM, hint="check the settings")


PARTIAL = StatusRule(
    retry=True,
    costs=Costs.STREAM,
    hint="only 200 is a whole answer; check what is between here and Billit",
)


def status_rule(status: int) -> StatusRule:
    """What a status other than 200 and 204 means."""
    if status in STATUS_RULES:
        return STATUS_RULES[status]
    if status < requests.codes.multiple_choices:
        return PARTIAL
    if status >= requests.codes.server_error:
        return SERVER_ERROR
    return OTHER if status >= requests.codes.bad_request else REDIRECT


def error_from(response: requests.Response) -> TransientError | ApiError:
    """The error that an answer with another status than 200 and 204 stands for."""
    status = response.status_code
    rule = status_rule(status)
    code, description = billit_code(response)
    said = " - ".join(part for part in (code, description) if part) or response.reason or "nothing"
    code = code and quoted(code, response)
    message = (
        f"Billit answered {status} to {path_of(response)}: {quoted(said, response)} ({rule.hint})."
    )
    if rule.retry:
        return TransientError(message, retry_after=retry_after(response), status=status, code=code)
    return ApiError(message, status=status, code=code)


def unreachable(error: Exception, url: str) -> BillitError:
    """The error that a request without a whole answer stands for."""
    address = without_credentials(url)
    if isinstance(error, (*BAD_ADDRESS, UnicodeError)) and not _is_of_answer(error):
        return BillitError(_unsendable(url, header=isinstance(error, BAD_HEADER)))
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE" in str(error):
        return BillitError(
            f"The certificate of {address} cannot be trusted: {_root(error)}. Check this machine's "
            "clock, and `REQUESTS_CA_BUNDLE` if a proxy opens TLS."
        )
    return TransientError(f"Billit could not be reached at {address}: {_root(error)}.")


def _is_of_answer(error: Exception) -> bool:
    """Whether a header is bad that came back, such as two lengths; ours is refused before."""
    return isinstance(error, requests.exceptions.InvalidHeader) and error.request is not None


def _unsendable(url: str, *, header: bool) -> str:
    """What to check of a request that cannot be sent: the address, a header or the proxy.

    The error is not quoted: it may quote a key, or the password in a proxy's address.
    """
    if not _is_address(url):
        return f"{without_credentials(url)} is no address that can be asked; check `api_url`."
    if header:
        return "A header of the request is not one line of Latin text; check `user_agent`."
    if select_proxy(url, getproxies()):
        return (
            "The proxy in this machine's settings cannot be used; check `HTTPS_PROXY`, "
            "`HTTP_PROXY` and `ALL_PROXY` (socks5:// needs the package PySocks)."
        )
    return f"{without_credentials(url)} is no address that can be asked; check `api_url`."


def _is_address(url: str) -> bool:
    try:
        requests.Request("GET", url).prepare()
    except (requests.RequestException, UnicodeError):
        return False
    return url.lower().startswith(("http://", "https://"))


SPEAKS_OF_ITSELF = (OSError, IncompleteRead, urllib3.exceptions.TimeoutError, zlib.error)
"""Errors whose text is about the connection; that of others may quote what came, an invoice too."""


def _root(error: BaseException) -> str:
    """What was first to go wrong, such as a refused connection."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    return f"{type(error).__name__} {error if isinstance(error, SPEAKS_OF_ITSELF) else ''}".strip()


def billit_code(response: requests.Response) -> tuple[str | None, str | None]:
    """Billit's Code and Description, wherever the body has them.

    Billit documents `{"errors": [{"Code", "Description"}]}`; a bare `{"Code", "Description"}` is
    documented for a bad filter, `{"Message"}` is what its web framework writes by itself, and
    `{"error", "error_description"}` is OAuth's way (RFC 6749). Letter case does not matter.
    """
    try:
        body: Any = read_leniently(response.content, charset=response.encoding)
    except NOT_JSON:
        return None, None
    errors = _lower(body).get("errors")
    said = _lower(errors[0] if isinstance(errors, list) and errors else body)
    code = said.get("code") or said.get("error")
    description = said.get("description") or said.get("message") or said.get("error_description")
    return (str(code) if code else None), (str(description) if description else None)


def _lower(body: Any) -> dict[str, Any]:
    """An object's properties by their names in lower case; anything else has none."""
    return {name.lower(): body[name] for name in body} if isinstance(body, dict) else {}


def retry_after(response: requests.Response) -> float | None:
    """Seconds that the `Retry-After` header asks for: it is a number of them, or a date.

    A date counts from the answer's own `Date`: this machine's clock may be wrong.
    """
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    until = date_in(value)
    if until is None:
        return None
    answered = date_in(response.headers.get("Date", "")) or datetime.now(tz=timezone.utc)
    return max(0.0, (until - answered).total_seconds())


def date_in(header: str) -> datetime | None:
    """The aware date-time that an HTTP header says, or None."""
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
