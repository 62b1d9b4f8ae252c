"""API key: the credentials of one user, which never expire."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_billit.auth.base import Auth
from tap_billit.errors import LoginError

if TYPE_CHECKING:
    import requests


class ApiKeyAuth(Auth):
    """A user's own API key: it reaches all companies of that user."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key.strip()
        # The HTTP library would print the key in its own error.
        if not re.fullmatch(r"[\x21-\x7e]+", self._api_key):
            raise LoginError(
                "`api_key` holds characters that no key has; copy it from Billit again."
            )

    @override
    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers["ApiKey"] = self._api_key
        return r
