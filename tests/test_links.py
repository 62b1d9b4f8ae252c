"""Links to the next page, in whole runs: elsewhere, in circles, through empty pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tap_billit.api import pagination
from tap_billit.demo import DemoServer, Reply, Request
from tests.kit.comparison import ROWS, run_without_faults
from tests.kit.demo import ALWAYS, ORDERS, PARTIES
from tests.kit.run import sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kit.demo import Waits


def links(server: DemoServer, link: Callable[[Request], str], *, times: int = ALWAYS) -> None:
    """Have each answer to the list of parties carry this NextPageLink."""
    left = [times]

    def hook(request: Request) -> Reply | None:
        if request.path != PARTIES or "$top" in request.query or not left[0]:
            return None
        left[0] -= 1
        body = server.normal(request).body
        return Reply(200, {"Items": body["Items"], "NextPageLink": link(request)})

    server.hooks.append(hook)


def skipping(request: Request) -> str:
    query = request.query | {"$skip": str(int(request.query.get("$skip", 0)) + 10)}
    return f"https://elsewhere.example{PARTIES}?{urlencode(query)}"


def test_a_link_to_another_path_is_not_followed(server: DemoServer, waits: Waits) -> None:
    links(server, lambda _: f"{server.url}/v1/account/ssoToken")
    run = sync(server, "parties")
    assert "leads from /v1/parties to /v1/account/ssoToken: it is not followed" in str(run.error)
    assert not any(request.path.endswith("ssoToken") for request in server.requests)
    assert not waits.seconds


def test_a_link_to_another_host_stays_here(server: DemoServer) -> None:
    plain = run_without_faults("parties")
    links(server, skipping, times=1)
    run = sync(server, "parties")
    assert not run.error
    assert run.table("parties", key="PartyID") == plain.table("parties", key="PartyID")


def test_a_link_that_repeats(server: DemoServer) -> None:
    links(server, lambda _: f"{server.url}{PARTIES}?$skip=10")
    run = sync(server, "parties")
    assert re.search(r"NextPageLink for /v1/parties repeats: \$skip=10", str(run.error))


@pytest.mark.parametrize("pages", [1, 2], ids=["one page", "two in turn"])
def test_the_same_pages_under_ever_new_links(pages: int, server: DemoServer) -> None:
    def hook(request: Request) -> Reply | None:
        if request.path != PARTIES or "$top" in request.query:
            return None
        number = int(request.query.get("$skip", 0)) // 10
        rows = [{"PartyID": number % pages, "LastModified": "2026-01-01T00:00:00"}]
        return Reply(200, {"Items": rows, "NextPageLink": skipping(request)})

    server.hooks.append(hook)
    run = sync(server, "parties")
    assert "the same page of /v1/parties again and again" in str(run.error)
    assert len(server.requests) < 9


@pytest.mark.parametrize(("stream", "path"), [("parties", PARTIES), (ROWS, ORDERS)])
def test_an_empty_page_that_has_a_link_is_passed(
    stream: str, path: str, server: DemoServer
) -> None:
    key = "PartyID" if stream == "parties" else "OrderID"
    plain = run_without_faults(stream)
    empty = [3]

    def hook(request: Request) -> Reply | None:
        if request.path != path or "$top" in request.query or not empty[0]:
            return None
        empty[0] -= 1
        link = f"{server.url}{path}?" + "&".join(
            f"{name}={value}" for name, value in (request.query | {"x": str(empty[0])}).items()
        )
        return Reply(200, {"Items": [], "NextPageLink": link})

    server.hooks.append(hook)
    run = sync(server, stream)
    assert not run.error
    assert not empty[0]
    assert run.table(stream, key=key) == plain.table(stream, key=key)


@pytest.mark.parametrize(("stream", "path"), [("parties", PARTIES), (ROWS, ORDERS)])
def test_empty_pages_without_end(
    stream: str, path: str, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagination, "EMPTY_PAGES", 5)

    def hook(request: Request) -> Reply | None:
        if request.path != path or "$top" in request.query:
            return None
        skip = int(request.query.get("$skip", 0)) + 10
        return Reply(200, {"Items": [], "NextPageLink": f"{server.url}{path}?$skip={skip}"})

    server.hooks.append(hook)
    run = sync(server, stream)
    assert f"links from one empty page of {path} to the next" in str(run.error)
    assert len(server.requests) < 10
