"""Billit's link to the next page says that there is more, and no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo import DemoServer, Reply, Request
from tests.kit.comparison import ROWS, run_without_faults
from tests.kit.demo import ALWAYS, ORDERS, PARTIES
from tests.kit.run import sync

if TYPE_CHECKING:
    from collections.abc import Callable

LISTS = [("parties", PARTIES), (ROWS, ORDERS)]


def answering(
    server: DemoServer, path: str, answer: Callable[[Request], Any], *, times: int = ALWAYS
) -> None:
    """Have so many pages of a list be these."""
    left = [times]

    def hook(request: Request) -> Reply | None:
        if request.path != path or "$top" in request.query or not left[0]:
            return None
        left[0] -= 1
        return Reply(200, answer(request))

    server.hooks.append(hook)


@pytest.mark.parametrize(
    "link",
    ["https://elsewhere.example/v1/parties?$skip=10", "/v1/account/ssoToken", "?$skip=0", "true"],
)
@pytest.mark.parametrize(("stream", "path"), LISTS)
def test_a_link_is_not_followed(link: str, stream: str, path: str, server: DemoServer) -> None:
    key = "PartyID" if stream == "parties" else "OrderID"
    plain = run_without_faults(stream)

    def linked(request: Request) -> Any:
        page: Any = server.normal(request).body
        return {**page, "NextPageLink": link} if "NextPageLink" in page else page

    answering(server, path, linked)
    run = sync(server, stream)
    assert not run.error
    assert run.table(stream, key=key) == plain.table(stream, key=key)
    assert not any(request.path.endswith("ssoToken") for request in server.requests)


@pytest.mark.parametrize("pages", [1, 2], ids=["one page", "two in turn"])
def test_a_page_that_always_has_more(pages: int, server: DemoServer) -> None:
    def turning(request: Request) -> Any:
        number = len(server.requests) % pages
        rows = [{"PartyID": 2 * number + at, "LastModified": "2026-01-01"} for at in (0, 1)]
        return {"Items": rows, "NextPageLink": request.path}

    answering(server, PARTIES, turning)
    run = sync(server, "parties")
    assert "/v1/parties has more, and lists nothing new, again and again" in str(run.error)
    assert len(server.requests) < 30


@pytest.mark.parametrize(("stream", "path"), LISTS)
def test_an_empty_page_that_has_a_link_is_asked_again(
    stream: str, path: str, server: DemoServer
) -> None:
    key = "PartyID" if stream == "parties" else "OrderID"
    plain = run_without_faults(stream)
    answering(server, path, lambda _: {"Items": [], "NextPageLink": path}, times=3)
    run = sync(server, stream)
    assert not run.error
    assert run.table(stream, key=key) == plain.table(stream, key=key)


@pytest.mark.parametrize(("stream", "path"), LISTS)
def test_empty_pages_without_end(stream: str, path: str, server: DemoServer) -> None:
    answering(server, path, lambda _: {"Items": [], "NextPageLink": path})
    run = sync(server, stream)
    assert f"{path} has more, and lists nothing new, again and again" in str(run.error)
    assert len(server.requests) < 20
