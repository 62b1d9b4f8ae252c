"""A Chromium that shows the page, and what can be asked of it."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)

VISIBLE = "[...document.querySelectorAll(arguments[0])].filter(each => each.offsetParent)"

_AMOUNTS = """
    const table = document.querySelector(`#${arguments[0]} [data-table="${arguments[1]}"]`);
    return [...table.tBodies[0].rows].map(row => [...row.cells].map(
        cell => cell.querySelector("data")?.getAttribute("value") ?? ""));
"""


class Screen:
    """A browser that shows the page."""

    def __init__(self, driver: Any, page: Path) -> None:
        self.driver = driver
        self._page = page

    def show(self, name: str, *, width: int = 1200, scheme: str = "light") -> None:
        """Open the page anew at one of its parts."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        self.driver.get("about:blank")
        self.driver.get(f"{self._page.as_uri()}#{name}" if name else self._page.as_uri())
        # The browser goes to a fragment some time after the page is there.
        there = "return (document.querySelector(':target')?.id ?? '') === arguments[0]"
        WebDriverWait(self.driver, 10, 0.02).until(lambda _: self.ask(there, name))

    def ask(self, script: str, *arguments: Any) -> Any:
        """What a script answers; the page itself has none."""
        return self.driver.execute_script(script, *arguments)

    def figure(self, name: str, part: str = "en-7") -> Decimal:
        """One of the figures on top."""
        selector = f'#{part} [data-figure="{name}"] data'
        found = self.ask("return document.querySelector(arguments[0]).value", selector)
        return Decimal(found)

    def amounts(self, table: str, part: str = "en-7") -> list[list[Decimal]]:
        """The amounts in a table, row by row; nothing is nought."""
        rows = self.ask(_AMOUNTS, part, table)
        return [[Decimal(cell or 0) for cell in row[1:]] for row in rows]

    def requests(self) -> list[str]:
        """The addresses that were asked since the last time."""
        events = [json.loads(entry["message"]) for entry in self.driver.get_log("performance")]
        return [
            event["message"]["params"]["request"]["url"]
            for event in events
            if event["message"]["method"] == "Network.requestWillBeSent"
        ]


@contextmanager
def chromium(folder: Path) -> Generator[webdriver.Chrome, None, None]:
    """The distribution's Chromium, or a skip that says what is missing."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not browser or not driver:
        missing = "no chromium and chromedriver here (Debian: chromium, chromium-driver)"
        if "CI" in os.environ:
            pytest.fail(missing)
        pytest.skip(f"THE REPORT WAS NOT TRIED IN A BROWSER: {missing}")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for option in (*_OPTIONS, f"--user-data-dir={folder}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chromium = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield chromium
    finally:
        chromium.quit()
