"""A client of the demo's HTTP interface, as somebody else's program would ask."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from tap_billit.demo import DemoServer


NOW = datetime(2026, 10, 1, 8, tzinfo=timezone.utc)

CALLBACK = "http://localhost:8888/callback"


class Client:
    """A session that has logged in."""

    def __init__(self, server: DemoServer) -> None:
        self.server, self.session = server, requests.Session()
        self.session.headers["Authorization"] = f"Bearer {server.issue_access_token()}"

    def get(self, path: str, *, party: int | str | None = None, **query: Any) -> requests.Response:
        headers = {} if party is None else {"partyID": str(party)}
        params = {key.replace("_", "$", 1): value for key, value in query.items()}
        url = path if path.startswith("http") else self.server.url + path
        return self.session.get(url, params=params, headers=headers, timeout=10)


def company_ids(server: DemoServer) -> list[int]:
    return [company["PartyID"] for company in server.account.companies]


def token(
    server: DemoServer, body: dict[str, str], *, basic: bool = False, both: bool = False
) -> requests.Response:
    client = {"client_id": server.client_id, "client_secret": server.client_secret}
    return requests.post(
        f"{server.url}/OAuth2/token",
        json={**({} if basic else client), **body},
        auth=(server.client_id, server.client_secret) if basic or both else None,
        timeout=10,
    )


def refresh(server: DemoServer, refresh_token: str, **how: bool) -> requests.Response:
    return token(server, {"grant_type": "refresh_token", "refresh_token": refresh_token}, **how)


def codes(response: requests.Response) -> tuple[int, list[str]]:
    return response.status_code, [error["Code"] for error in response.json()["errors"]]
