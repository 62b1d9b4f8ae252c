"""What the page says, by language: `words.json`, where braces are filled in by the templates."""

from __future__ import annotations

import json
from importlib.resources import files

LANGUAGES = ("en", "nl", "fr")

WORDS: dict[str, dict[str, str]] = json.loads(
    files(__package__).joinpath("words.json").read_text(encoding="utf-8")
)
