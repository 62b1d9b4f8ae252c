"""A login that is given back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tap_billit.demo.messages import Reply
from tests.kit.person import Person, failed

if TYPE_CHECKING:
    from tap_billit.demo.server import DemoServer


def test_a_login_is_given_back(demo: DemoServer, person: Person) -> None:
    person.runs()
    demo.expire_access_tokens()
    result = person.runs("--revoke")
    assert result.exit_code == 0, result.output
    assert person.store.load() is None
    assert demo._revoked
    assert "no login" in failed(person.runs("--revoke"))


@pytest.mark.parametrize("status", [302, 403])
def test_a_login_that_billit_does_not_take_back_is_kept(status: int, person: Person) -> None:
    person.runs()
    person.demo.fail(Reply(status, b"secret words"), path="/OAuth2/revoke")
    said = failed(person.runs("--revoke"))
    assert str(status) in said
    assert "secret words" not in said
    assert person.store.load() is not None


@pytest.mark.parametrize("reply", [Reply(503, b""), Reply(cut="close")], ids=["503", "close"])
def test_giving_back_is_tried_again(
    reply: Reply, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backoff._sync.time", SimpleNamespace(sleep=lambda _: None))
    person.runs()
    person.demo.fail(reply, path="/OAuth2/revoke")
    assert person.runs("--revoke").exit_code == 0
