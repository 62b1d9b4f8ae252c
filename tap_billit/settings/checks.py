"""What is wrong with values of the right types: a sentence each, which says what to do."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tap_billit.clock import BillitClock
from tap_billit.environments import DEMO
from tap_billit.redaction import without_credentials
from tap_billit.settings.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OAUTH = ("client_id", "client_secret", "refresh_token")
_HEADER_TEXT = re.compile(r"[\x20-\x7e\xa0-\xff]+")
_KEY_TEXT = re.compile(r"[\x21-\x7e]+")


def problems(values: Mapping[str, Any]) -> list[str]:
    """A sentence for each setting that will not do, or not beside the others."""
    return [
        *_way_in(values),
        *_address(values["api_url"]),
        *_headers(values),
        *_dates(values),
        *_rate_limit_store(values["rate_limit_store"]),
    ]


def _rate_limit_store(place: str | None) -> Iterator[str]:
    if place and "://" in place and not place.startswith(("postgresql://", "postgres://")):
        yield (
            "`rate_limit_store` is an address that turns cannot be booked at: give the path of a "
            "file on this machine, or `postgresql://user@host/db`."
        )


def _way_in(values: Mapping[str, Any]) -> Iterator[str]:
    oauth = [name for name in _OAUTH if values[name]]
    if values["api_key"] and oauth:
        yield (
            f"There are two kinds of credentials: `api_key` and OAuth's {', '.join(oauth)}. "
            "Give one of them."
        )
    is_demo = values["environment"] == DEMO
    if is_demo and not values["api_url"]:
        return
    if not values["api_key"] and not {"client_id", "client_secret"} <= set(oauth):
        yield (
            "There are no credentials: give `client_id` and `client_secret` and run "
            "`tap-billit-login`, or give `api_key`, or "
            + (
                "remove `api_url`: the account inside the tap has no address."
                if is_demo
                else "try it out with `environment` set to `demo`."
            )
        )


def _address(url: str | None) -> Iterator[str]:
    if url is None:
        return
    try:
        _check_address(url)
    except ValueError as error:
        yield f"`api_url` is {shown(without_credentials(url))}: {error}."


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or re.search(r"[\s\\]", url):
        raise ValueError("that is no address that can be asked; give https://<host>/<path>")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address with credentials in it would be logged; leave them out")
    if parts.query or parts.fragment:
        raise ValueError("paths are put behind it, so nothing may follow a ? or #")
    if parts.scheme == "http" and not _is_loopback(host):
        raise ValueError(
            "credentials would cross the network in clear text; use https:// to other machines"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _headers(values: Mapping[str, Any]) -> Iterator[str]:
    if not _HEADER_TEXT.fullmatch(values["user_agent"] or "-"):
        yield (
            f"`user_agent` is {shown(values['user_agent'])}: it holds characters that no HTTP "
            "header can carry; use plain letters."
        )
    if not _KEY_TEXT.fullmatch(values["api_key"] or "-"):
        yield "`api_key` holds characters that no key has; copy it from Billit again."


def _dates(values: Mapping[str, Any]) -> Iterator[str]:
    try:
        clock = BillitClock(ZoneInfo(values["timezone"]))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield (
            f"`timezone` is unknown: {shown(values['timezone'])}; give a name of the IANA "
            "database; Billit's is Europe/Brussels."
        )
        return
    try:
        clock.read(values["start_date"] or "2000-01-01")
    except ValueError as error:
        yield f"`start_date` cannot be read: {error}."
