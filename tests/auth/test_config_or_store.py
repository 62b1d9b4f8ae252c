"""A refresh token in the config against the one in the store: which of them is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_billit.demo.messages import Reply
from tap_billit.errors import LoginError
from tests.kit.demo import rotate_then
from tests.kit.login import count_companies, login_to

if TYPE_CHECKING:
    from tap_billit.demo.server import DemoServer
    from tap_billit.tokens.store import TokenStore
    from tests.kit.demo import Waits


def test_a_new_token_in_the_config_wins(demo: DemoServer, store: TokenStore) -> None:
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    second = demo.issue_refresh_token()
    count_companies(demo, login_to(demo, store, second))
    assert second in demo._spent
    assert demo.refreshes == 2


def test_an_old_token_in_the_config_is_never_sent_again(
    demo: DemoServer, store: TokenStore
) -> None:
    first, second = demo.issue_refresh_token(), demo.issue_refresh_token()
    for token in (first, second, first, second, first):
        demo.expire_access_tokens()
        assert count_companies(demo, login_to(demo, store, token)) == 2
    rotated = next(iter(set(demo._spent) - {first, second}))
    demo.expire_access_tokens()
    assert count_companies(demo, login_to(demo, store, rotated)) == 2
    assert demo.spent_token_attempts == 0


def test_a_token_in_the_config_that_is_refused_gives_way_to_the_store(
    demo: DemoServer, store: TokenStore, caplog: pytest.LogCaptureFixture
) -> None:
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    for _ in range(2):
        assert count_companies(demo, login_to(demo, store, "of-another-machine")) == 2
    assert caplog.text.count("refused the configured `refresh_token`") == 1


def test_a_lost_login_from_the_config_is_explained_not_replaced(
    demo: DemoServer, store: TokenStore, waits: Waits
) -> None:
    count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    rotate_then(demo, Reply(cut="close"))
    with pytest.raises(LoginError, match="cut off"):
        count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert waits.seconds
