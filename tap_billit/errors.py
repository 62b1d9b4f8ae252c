"""What can go wrong, each as one sentence for the person who runs the tap.

No message carries a token, a key, a secret or the body of an answer from the token endpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import requests


class BillitError(Exception):
    """The run cannot go on; the message says what happened and what to do."""


class TransientError(BillitError):
    """Billit stumbled; the same request may succeed later.

    `retry_after` is how many seconds Billit asked us to wait, if it did.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ApiError(BillitError):
    """Billit refused a request: HTTP `status` and Billit's own `code`, such as `GenericError`."""

    def __init__(self, message: str, *, status: int, code: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class LoginError(BillitError):
    """There is no way in: the login is missing, refused or spent."""


class StateError(BillitError):
    """The state that the tap was given cannot be continued from."""


_ADVICE = {
    400: "Billit did not accept the query; please report this with the message above",
    401: "check that the login is for this environment and may use the API for this company",
    403: "check that the company's Billit licence includes the API",
    404: "check `api_url` and `environment`",
}


def refusal(response: requests.Response) -> ApiError:
    """The error for a 4xx answer that no retry can mend."""
    code, description = billit_code(response)
    said = " - ".join(part for part in (code, description) if part) or response.reason
    advice = _ADVICE.get(response.status_code, "check the settings and Billit's status page")
    return ApiError(
        f"Billit answered {response.status_code} to {path_of(response)}: {said} ({advice}).",
        status=response.status_code,
        code=code,
    )


def billit_code(response: requests.Response) -> tuple[str | None, str | None]:
    """Billit's Code and Description, wherever the body has them.

    Billit documents `{"errors": [{"Code", "Description"}]}`; a bare `{"Code", "Description"}` is
    documented for a bad filter, and `{"Message"}` is what its web framework writes by itself.
    """
    try:
        body: Any = msgspec.json.decode(response.content)
    except msgspec.DecodeError:
        return None, None
    if not isinstance(body, dict):
        return None, None
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else body
    if not isinstance(first, dict):
        return None, None
    code = first.get("Code")
    description = first.get("Description") or first.get("Message")
    return (str(code) if code else None), (str(description) if description else None)


def path_of(response: requests.Response) -> str:
    """The path that was asked, without host and query."""
    return (response.request.path_url or "").partition("?")[0]
