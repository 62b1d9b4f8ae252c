"""The command `tap-billit-login`: a person logs in once, and the tap goes on from there."""

from __future__ import annotations

import json
import secrets
import webbrowser
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import click
import requests
from typing_extensions import override

from tap_billit.auth import OAuthLogin, uninterrupted
from tap_billit.callback import caught, local_port
from tap_billit.client import BillitClient
from tap_billit.environments import DEMO, ENVIRONMENTS
from tap_billit.errors import BillitError, LoginError, TransientError, refusal
from tap_billit.oauth import AnswerLostError, RefusedError, TokenEndpoint, received
from tap_billit.pacing import paced_session, retrying
from tap_billit.tokens import Tokens, fingerprint, open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap_billit.tokens import TokenStore

CODE_LIFE = 10 * 60
"""Seconds that Billit's codes last, and that the command waits for a redirect."""

TIMEOUT = 60.0


class Application(NamedTuple):
    """The OAuth application, and where it logs in."""

    api_url: str
    login_url: str
    client_id: str
    client_secret: str
    store: TokenStore
    old_token: str | None
    session: requests.Session

    @override
    def __repr__(self) -> str:
        return f"Application({self.api_url!r}, <hidden>)"

    @property
    def endpoint(self) -> TokenEndpoint:
        """Where the code becomes tokens."""
        return TokenEndpoint(
            f"{self.api_url}/OAuth2/token",
            client_id=self.client_id,
            client_secret=self.client_secret,
            session=self.session,
            timeout=TIMEOUT,
        )

    @property
    def login(self) -> OAuthLogin:
        """The login in the token store."""
        return OAuthLogin(
            token_url=f"{self.api_url}/OAuth2/token",
            client_id=self.client_id,
            client_secret=self.client_secret,
            refresh_token=None,
            store=self.store,
            session=self.session,
            timeout=TIMEOUT,
        )


class NoCodeError(LoginError):
    """What was pasted holds no code."""


class _Command(click.Command):
    @override
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BillitError as error:
            raise click.ClickException(str(error)) from None


def _config(_: click.Context, __: click.Parameter, file: Any) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        config = json.load(file)
    except ValueError:
        raise click.BadParameter("it is not JSON") from None
    if not isinstance(config, dict):
        raise click.BadParameter("it is not a JSON object")
    return config


def _option(name: str, text: str) -> Callable[[Any], Any]:
    variable = "TAP_BILLIT_" + name.removeprefix("--").replace("-", "_").upper()
    return click.option(name, envvar=variable, show_envvar=True, help=text)


@click.command(cls=_Command)
@_option("--environment", "Billit's environment: production or sandbox.")
@_option("--api-url", "API base in place of the environment's, such as a stand-in's.")
@_option("--client-id", "Client ID of your OAuth application.")
@_option("--client-secret", "Its secret; better left to the environment or the prompt.")
@_option("--redirect-uri", "Redirect URL of the application, as registered with Billit.")
@_option("--token-store", "Where the tokens are kept: a path or an fsspec URL.")
@click.option("--config", type=click.File(), callback=_config, help="The tap's config file.")
@click.option("--no-browser", is_flag=True, help="Log in with a browser on another machine.")
@click.option("--revoke", is_flag=True, help="Give the login back and forget it.")
@click.version_option(package_name="tap-billit")
def main(*, config: dict[str, Any], no_browser: bool, revoke: bool, **options: str | None) -> None:
    """Log in to Billit once; from then on the tap keeps the login alive.

    What neither an option, nor its environment variable, nor the config file says is asked.
    """
    settings = config | {name: value for name, value in options.items() if value}
    application = _application(settings)
    if revoke:
        _revoke(application)
        return
    with application.store.exclusive():
        application.store.load()
        application.store.reserve()
    redirect_uri = settings.get("redirect_uri") or click.prompt(
        "Redirect URL (as registered with Billit)"
    )
    _log_in(application, redirect_uri, no_browser=no_browser)
    _list_companies(application)
