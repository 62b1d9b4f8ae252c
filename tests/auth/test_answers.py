"""What the token endpoint may answer: whatever carries good tokens is understood, or kept."""

from __future__ import annotations

import gzip
import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.demo.messages import Reply
from tap_billit.errors import LoginError
from tap_billit.tokens import rotation
from tap_billit.tokens.answer import UnreadableError, tokens_in
from tap_billit.tokens.document import Tokens, now
from tests.kit.demo import TOKEN
from tests.kit.login import count_companies, kept, login_to, token_requests

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_billit.demo.messages import Request
    from tap_billit.demo.server import DemoServer
    from tap_billit.tokens.store import TokenStore

    Disguise = Callable[[dict[str, Any]], bytes]


def written(answer: dict[str, Any], **more: Any) -> bytes:
    return json.dumps(answer | more).encode()


def named(name: Callable[[str], str]) -> Disguise:
    return lambda answer: written({name(key): value for key, value in answer.items()})


def pascal(name: str) -> str:
    return name.title().replace("_", "")


GOOD: dict[str, Disguise] = {
    "a byte order mark": lambda answer: b"\xef\xbb\xbf" + written(answer),
    "UTF-16": lambda answer: json.dumps(answer).encode("utf-16"),
    "UTF-16 without a mark": lambda answer: json.dumps(answer).encode("utf-16-le"),
    "Latin 1": lambda answer: json.dumps(answer | {"user": "André"}, ensure_ascii=False).encode(
        "latin-1"
    ),
    "line ends in the tokens": lambda answer: written(
        {key: f"{value}\r\n" for key, value in answer.items()}
    ),
    "Pascal case": named(pascal),
    "camel case": named(lambda key: pascal(key)[:1].lower() + pascal(key)[1:]),
    "upper case": named(str.upper),
    "in an object": lambda answer: written({"data": answer}),
    "in a list": lambda answer: written({"Items": [{"a": 1}, answer]}),
    "JSON in JSON": lambda answer: json.dumps(json.dumps(answer)).encode(),
    "packed, and nobody says so": lambda answer: gzip.compress(written(answer)),
    "10^400": lambda answer: written(answer, expires_in=10**400),
    "10^5000": lambda answer: written(answer).replace(b"3600", b"1" + b"0" * 5000),
    "1e400": lambda answer: written(answer).replace(b"3600", b"1e400"),
    "NaN": lambda answer: written(answer, expires_in=float("nan")),
    "true": lambda answer: written(answer, expires_in=True),
}


def disguised(demo: DemoServer, disguise: Disguise, **reply: Any) -> None:
    def hook(request: Request) -> Reply | None:
        if request.path != TOKEN:
            return None
        return Reply(200, disguise(demo.normal(request).body), **reply)

    demo.hooks.append(hook)


@pytest.mark.parametrize("disguise", GOOD.values(), ids=GOOD)
def test_an_odd_answer_with_good_tokens_is_understood(
    disguise: Disguise, demo: DemoServer, store: TokenStore
) -> None:
    disguised(demo, disguise)
    assert count_companies(demo, login_to(demo, store, demo.issue_refresh_token())) == 2
    assert demo.refreshes == len(token_requests(demo)) == 1
    assert kept(store).refresh_token in demo._refresh


def test_packed_although_it_says_otherwise(demo: DemoServer, store: TokenStore) -> None:
    disguised(demo, written, headers={"Content-Encoding": "gzip"})
    assert count_companies(demo, login_to(demo, store, demo.issue_refresh_token())) == 2


def test_a_length_that_is_too_large_hides_no_tokens(demo: DemoServer, store: TokenStore) -> None:
    def pad(answer: dict[str, Any]) -> bytes:
        raw = written(answer)
        return raw + b" " * len(raw)

    disguised(demo, pad, cut="short")
    assert count_companies(demo, login_to(demo, store, demo.issue_refresh_token())) == 2
    assert demo.refreshes == 1


ODD: dict[str, Disguise] = {
    "a word in place of JSON": lambda answer: str(answer).encode(),
    "spaces in a token": lambda answer: written(
        answer, refresh_token=f"{answer['refresh_token']} of {answer['access_token']}"
    ),
    "cut off": lambda answer: written(answer)[:-20],
}


@pytest.mark.parametrize("disguise", ODD.values(), ids=ODD)
def test_an_answer_that_cannot_be_read_is_kept_and_not_asked_for_again(
    disguise: Disguise, demo: DemoServer, store: TokenStore
) -> None:
    disguised(demo, disguise)
    for token in (demo.issue_refresh_token(), None):
        with pytest.raises(UnreadableError, match=r"answer is kept in .*tap-billit-login"):
            count_companies(demo, login_to(demo, store, token))
    assert len(token_requests(demo)) == 1


def test_a_person_finds_the_tokens_in_the_store(
    demo: DemoServer, store: TokenStore, tmp_path: Path
) -> None:
    disguised(demo, ODD["a word in place of JSON"])
    with pytest.raises(UnreadableError):
        count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    file = tmp_path / "state" / "tokens.json"
    (token,) = demo._refresh
    assert token in json.loads(file.read_text())["spending"]["answer"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_later_version_takes_the_tokens_out(
    demo: DemoServer, store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    disguised(demo, written)

    def cannot(raw: bytes, *_: object, **__: object) -> Tokens:
        raise UnreadableError("not yet") if raw else LoginError

    with monkeypatch.context() as earlier:
        earlier.setattr(rotation, "tokens_in", cannot)
        with pytest.raises(UnreadableError):
            count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert kept(store).spending
    assert count_companies(demo, login_to(demo, store)) == 2
    assert demo.refreshes == len(token_requests(demo)) == 1
    assert kept(store).spending is None


def test_a_new_login_gets_past_it(demo: DemoServer, store: TokenStore) -> None:
    disguised(demo, ODD["cut off"])
    with pytest.raises(UnreadableError):
        count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    demo.hooks.clear()
    assert count_companies(demo, login_to(demo, store, demo.issue_refresh_token())) == 2


def test_the_answer_is_kept_before_it_is_read(
    demo: DemoServer, store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class DiedError(BaseException):
        """As a kill -9 between two lines."""

    def die(raw: bytes, *_: object, **__: object) -> Tokens:
        raise DiedError if raw else LoginError

    with monkeypatch.context() as dying:
        dying.setattr(rotation, "tokens_in", die)
        with pytest.raises(DiedError):
            count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
    assert count_companies(demo, login_to(demo, store)) == 2
    assert demo.refreshes == 1


def test_a_page_of_a_proxy_is_no_answer(demo: DemoServer, store: TokenStore, waits: Any) -> None:
    demo.fail(Reply(200, b"<html>We will be back soon"), path=TOKEN)
    assert count_companies(demo, login_to(demo, store, demo.issue_refresh_token())) == 2
    assert len(waits.seconds) == 1


def test_without_a_refresh_token_in_it_a_login_does_not_begin() -> None:
    with pytest.raises(LoginError, match="would not last"):
        tokens_in(b'{"access_token": "a"}', Tokens(), since=now())
