"""`python -m scripts.report_picture`: makes docs/report.png of the page that `make demo` has made.

On the left on a screen, on the right on a phone at night, in Dutch. It needs Chromium with its
driver, and Pillow, which leaves few colours so that the file is small:

    .tools/bin/uv run --with pillow python -m scripts.report_picture
"""

from __future__ import annotations

import base64
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.report.screen import Screen, chromium

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "output" / "report.html"
PICTURE = ROOT / "docs" / "report.png"
HEIGHT = 1290

_BESIDE = '<!doctype html><body style="margin:0;display:flex">{}</body>'
_IMAGE = '<img src="data:image/png;base64,{}">'


def _shot(screen: Screen, name: str, *, width: int, scheme: str) -> str:
    """A picture of a part of the page, in base64."""
    screen.show(name, width=width, scheme=scheme)
    area = {"x": 0, "y": 0, "width": width, "height": HEIGHT, "scale": 1}
    return _captured(screen, area)


def _captured(screen: Screen, area: dict[str, int]) -> str:
    options = {"clip": area, "captureBeyondViewport": True}
    return str(screen.driver.execute_cdp_cmd("Page.captureScreenshot", options)["data"])


def _company(screen: Screen) -> str:
    """The last company; the first article is that of all."""
    screen.show("")
    return str(screen.ask("return [...document.querySelectorAll('article[id^=en-]')].at(-1).id"))


def main() -> None:
    """The command."""
    with tempfile.TemporaryDirectory() as folder, chromium(Path(folder, "profile")) as driver:
        screen = Screen(driver, PAGE)
        english = _company(screen)
        shots = (
            _shot(screen, english, width=1200, scheme="light"),
            _shot(screen, english.replace("en", "nl", 1), width=400, scheme="dark"),
        )
        beside = Path(folder, "beside.html")
        beside.write_text(_BESIDE.format("".join(map(_IMAGE.format, shots))), encoding="utf-8")
        both = Screen(driver, beside)
        both.show("", width=1600)
        area = {"x": 0, "y": 0, "width": 1600, "height": HEIGHT, "scale": 1}
        picture = Image.open(BytesIO(base64.b64decode(_captured(both, area))))
    picture.convert("RGB").quantize(96, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
