"""What is in a page, without a browser."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser

from typing_extensions import override


class Outline(HTMLParser):
    """What is in a page: its elements with their attributes, its texts, the ids."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    @override
    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def attributes(self, name: str) -> list[str | None]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def article(page: str, name: str) -> str:
    """One company in one language."""
    found = re.search(rf'<article id="{name}".*?</article>', page, re.DOTALL)
    assert found, name
    return found[0]


def figure(part: str, name: str) -> Decimal:
    """The exact value of a figure on top."""
    found = re.search(rf'data-figure="{name}">[^<]*<data value="([^"]+)"', part)
    assert found, name
    return Decimal(found[1])


def plain(part: str) -> str:
    """The text, spaces as they are read."""
    text = re.sub(r"<[^>]+>", " ", part)
    return re.sub(r"[\s\u00a0\u202f]+", " ", text)
