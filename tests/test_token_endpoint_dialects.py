"""Every open question about the token endpoint, answered each way: a way in is found and kept."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import requests

from tap_billit.auth.token_endpoint import RefusedError, TokenEndpoint
from tap_billit.demo import Account, DemoServer
from tap_billit.demo.dialect import QUESTIONS, Dialect
from tap_billit.tokens.answer import tokens_in
from tap_billit.tokens.document import Tokens, now


def endpoint(demo: DemoServer) -> TokenEndpoint:
    return TokenEndpoint(
        f"{demo.url}/OAuth2/token",
        client_id=demo.client_id,
        client_secret=demo.client_secret,
        session=requests.Session(),
        timeout=5,
    )


PLACES = list(
    itertools.product(QUESTIONS["client"], QUESTIONS["grant_body"], QUESTIONS["grant_errors"])
)


@pytest.mark.parametrize(("client", "grant_body", "grant_errors"), PLACES)
def test_a_way_into_the_token_endpoint_is_found_and_kept(
    client: Any, grant_body: Any, grant_errors: Any
) -> None:
    dialect = Dialect(client=client, grant_body=grant_body, grant_errors=grant_errors)
    with DemoServer(Account(orders=0), dialect=dialect) as demo:
        asked = endpoint(demo)
        answer = asked.refresh(demo.issue_refresh_token())
        token = tokens_in(answer, Tokens(), since=now()).refresh_token
        assert len(demo.requests) <= 4
        tries = len(demo.requests)
        assert token
        asked.refresh(token)
        assert len(demo.requests) == tries + 1
        assert demo.spent_token_attempts == 0


@pytest.mark.parametrize("spent", ["400", "401"])
@pytest.mark.parametrize("grant_errors", QUESTIONS["grant_errors"])
def test_a_spent_token_is_refused_in_few_tries(spent: Any, grant_errors: Any) -> None:
    dialect = Dialect(spent=spent, grant_errors=grant_errors)
    with DemoServer(Account(orders=0), dialect=dialect) as demo:
        token = demo.issue_refresh_token()
        endpoint(demo).refresh(token)
        with pytest.raises(RefusedError) as caught:
            endpoint(demo).refresh(token)
        assert not caught.value.names_client
        says_so = grant_errors in {"oauth", "list", "top"}
        assert demo.spent_token_attempts == (1 if says_so else 2)


def test_a_wrong_secret_is_told_from_a_spent_token() -> None:
    with DemoServer(Account(orders=0)) as demo:
        demo.client_secret, right = "other", demo.client_secret
        asked = endpoint(demo)
        demo.client_secret = right
        with pytest.raises(RefusedError) as caught:
            asked.refresh(demo.issue_refresh_token())
        assert caught.value.names_client
