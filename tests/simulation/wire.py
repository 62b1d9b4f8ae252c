"""From the tap's session to the demo, without a socket between."""

from __future__ import annotations

from datetime import timedelta, timezone
from email.utils import format_datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3 import HTTPResponse

from tap_billit.demo.messages import Request

if TYPE_CHECKING:
    import requests

    from tap_billit.demo.messages import Reply
    from tap_billit.demo.server import DemoServer

JSON = "application/json; charset=utf-8"


class Wire(HTTPAdapter):
    """Hands requests to the demo; what comes back is read as from a socket, headers and all."""

    def __init__(self, server: DemoServer) -> None:
        super().__init__()
        self._server = server

    @override
    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        reply = self._server.answer(
            Request(
                method=str(request.method),
                path=parts.path,
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in request.headers.items()},
            )
        )
        response = self.build_response(request, self._response(reply))
        response.elapsed = timedelta(0)
        return response

    def _response(self, reply: Reply) -> HTTPResponse:
        now = self._server.account.clock().astimezone(timezone.utc)
        own = {"Date": format_datetime(now, usegmt=True), "Content-Type": JSON}
        headers = {name: value for name, value in (own | reply.headers).items() if value}
        return HTTPResponse(
            BytesIO(reply.content()), headers, status=reply.status, preload_content=False
        )
