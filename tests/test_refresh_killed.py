"""Signals at random moments of a refresh: one live token stays in the store, or the note why not.

`TAP_BILLIT_TEST_KILLS=300` has 300 of each signal, in some minutes; the default keeps the suite
quick. What was left after each is printed.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tap_billit.errors import LoginError
from tap_billit.tokens.store import open_store
from tests.kit import refreshes
from tests.kit.demo import empty_demo, oauth
from tests.kit.login import count_companies, kept, login_to
from tests.kit.process import wait_for
from tests.kit.refreshes import finished, syncing

if TYPE_CHECKING:
    from pathlib import Path

    from tap_billit.demo.server import DemoServer
    from tap_billit.tokens.store import TokenStore

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are forked, and killed")

KILLS = int(os.environ.get("TAP_BILLIT_TEST_KILLS", "8"))
SIGNALS = ("SIGTERM", "SIGHUP", "SIGINT", "SIGKILL")


class Target:
    """A demo, a store, and processes that renew the login in it."""

    def __init__(self, demo: DemoServer, folder: Path) -> None:
        self.demo, self.config = demo, {"api_url": demo.url, **oauth(demo, folder)}
        self.store = open_store(
            self.config["token_store"],
            environment="production",
            client_id=demo.client_id,
            api_url=demo.url,
        )
        count_companies(demo, login_to(demo, self.store, self.config.pop("refresh_token")))
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload([refreshes.__name__])
        self.seconds = 0.0
        self.seconds = self.refresh(None)

    def refresh(self, signum: int | None) -> float:
        """Have a process renew the login, and send it a signal meanwhile; how long it lived."""
        self.demo.expire_access_tokens()
        ours = set(self.demo._http._open)
        ready = self._processes.Event()
        process = self._processes.Process(target=syncing, args=(self.config, ready))
        process.start()
        assert ready.wait(30)
        began = time.monotonic()
        if signum:
            time.sleep(random.uniform(0, self.seconds))  # noqa: S311
            with suppress(ProcessLookupError):  # it was quicker
                os.kill(process.pid or 0, signum)
        assert finished(process) in {0, signum and -signum, signum and 128 + signum}
        lived = time.monotonic() - began
        # The demo does what a process that is gone had asked for.
        time.sleep(0.05)
        wait_for(lambda: self.demo._http._open <= ours)
        return lived


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_at_any_moment(name: str, tmp_path: Path, capfd: Any) -> None:
    seen: Counter[str] = Counter()
    with empty_demo() as demo:
        demo.latency = 0.02
        target = Target(demo, tmp_path)
        for _ in range(KILLS):
            before = demo.refreshes
            target.refresh(signal.Signals[name])
            seen[_left(demo, target.store, rotated=demo.refreshes > before)] += 1
    with capfd.disabled():
        print(f"\n{name}: {dict(seen)}")  # noqa: T201
    if name != "SIGKILL":
        assert set(seen) <= {"spent and kept", "not spent"}


def _left(demo: DemoServer, store: TokenStore, *, rotated: bool) -> str:
    """What the store holds, and what the next run makes of it."""
    assert demo.spent_token_attempts == 0
    tokens = kept(store)
    if tokens.refresh_token in demo._refresh:
        assert demo.live_refresh_tokens == 1
        return "spent and kept" if rotated else "not spent"
    assert tokens.spending
    try:
        count_companies(demo, login_to(demo, store))
    except LoginError as error:
        assert "cut off before Billit's answer was kept" in str(error)  # noqa: PT017
        demo.spent_token_attempts = 0
        demo._refresh.clear()
        count_companies(demo, login_to(demo, store, demo.issue_refresh_token()))
        return "spent and noted"
    assert kept(store).refresh_token in demo._refresh
    assert demo.live_refresh_tokens == 1
    return "spent, and its answer found"
