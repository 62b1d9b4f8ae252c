"""Billit's environments: data, keys, PartyIDs and OAuth clients are separate in each."""

from __future__ import annotations

from typing import NamedTuple


class Environment(NamedTuple):
    """Where the API (with its token endpoint) and the login page of an environment are."""

    api_url: str
    login_url: str


ENVIRONMENTS = {
    "production": Environment("https://api.billit.be", "https://my.billit.be"),
    "sandbox": Environment("https://api.sandbox.billit.be", "https://my.sandbox.billit.be"),
}

DEMO = "demo"
"""The stand-in that runs inside the tap's process; it has no address of its own."""
