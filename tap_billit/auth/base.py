"""What the API client asks of any credentials: a header for each request, and help after a 401."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from requests.auth import AuthBase
from typing_extensions import override

from tap_billit.redaction import Hidden

if TYPE_CHECKING:
    import requests


class Auth(Hidden, AuthBase):
    """Puts the credentials on each request."""

    @override
    @abstractmethod
    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest: ...

    def renew(self, response: requests.Response) -> bool:  # noqa: ARG002
        """Whether the request that was answered 401 is worth sending once more."""
        return False

    def close(self) -> None:
        """Give no more credentials."""
