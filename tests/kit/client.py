"""A client of the API, for one request at a time.

To have Billit fail: `demo.fail(Reply.error(503, "Maintenance"), skip=2)` for the third request.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tap_billit.api.client import BillitClient
from tap_billit.api.session import rate_limited_session, rate_limiter
from tap_billit.auth.api_key import ApiKeyAuth

if TYPE_CHECKING:
    from collections.abc import Generator

    from tap_billit.auth.base import Auth
    from tap_billit.demo.server import DemoServer


@contextmanager
def client_of(
    demo: DemoServer | str, login: Auth | None = None, **options: Any
) -> Generator[BillitClient, None, None]:
    url = demo if isinstance(demo, str) else demo.url
    key = "no-key" if isinstance(demo, str) else demo.api_key
    client = BillitClient(
        base_url=url,
        auth=login or ApiKeyAuth(key),
        session=rate_limited_session(rate_limiter(100_000), user_agent="tests"),
        **{"timeout": 5, **options},
    )
    try:
        yield client
    finally:
        client.close()
