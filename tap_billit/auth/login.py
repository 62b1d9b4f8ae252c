"""The command `tap-billit-login`: a person logs in once, and the tap goes on from there."""

from __future__ import annotations

import json
import secrets
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click
import msgspec
import requests
from typing_extensions import override

from tap_billit.api.body import read_body
from tap_billit.api.client import BillitClient
from tap_billit.api.rate_limit import rate_limited_session
from tap_billit.api.retry import retrying
from tap_billit.auth.callback import Catcher, NoCodeError, code_in, is_local
from tap_billit.auth.oauth import OAuth, uninterrupted
from tap_billit.auth.token_endpoint import (
    LARGEST,
    AnswerLostError,
    RefusedError,
    TokenEndpoint,
    tokens_from,
)
from tap_billit.auth.token_store import open_store
from tap_billit.environments import ENVIRONMENTS
from tap_billit.errors import UNSENT, BillitError, LoginError, TransientError, unreachable
from tap_billit.redaction import Hidden

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_billit.auth.token_store import TokenStore

CODE_LIFE = 10 * 60
"""Seconds that Billit's codes last, and that the command waits for a redirect."""

TIMEOUT = 60.0


@dataclass(frozen=True, repr=False)
class Application(Hidden):
    """The OAuth application, and where it logs in."""

    api_url: str
    login_url: str
    client_id: str
    client_secret: str
    store: TokenStore
    old_token: str | None
    session: requests.Session

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
    def login(self) -> OAuth:
        """The login in the token store."""
        return OAuth(
            token_url=f"{self.api_url}/OAuth2/token",
            client_id=self.client_id,
            client_secret=self.client_secret,
            refresh_token=None,
            store=self.store,
            session=self.session,
            timeout=TIMEOUT,
        )


class _Command(click.Command):
    @override
    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BillitError as error:
            raise click.ClickException(str(error)) from None


def _config(_: click.Context, __: click.Parameter, file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise click.BadParameter(f"{file} cannot be read ({error.strerror})") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise click.BadParameter(f"{file} is not a JSON object") from None


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
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    callback=_config,
    help="The tap's config file.",
)
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


def _application(settings: dict[str, Any]) -> Application:
    api_url = settings.get("api_url")
    environment = settings.get("environment")
    if not api_url and environment not in ENVIRONMENTS:
        if environment:
            raise LoginError(
                f"Nobody logs in to the environment {environment!r}: use production or sandbox, or "
                "give the --api-url of a `tap-billit-demo` that is running."
            )
        choice = click.Choice(list(ENVIRONMENTS))
        environment = click.prompt("Environment", type=choice, default="production")
    api, page = (api_url, api_url) if api_url else ENVIRONMENTS[str(environment)]
    client_id = settings.get("client_id") or click.prompt("Client ID")
    secret = settings.get("client_secret") or click.prompt("Client secret", hide_input=True)
    return Application(
        api_url=api.rstrip("/"),
        login_url=page.rstrip("/"),
        client_id=client_id.strip(),
        client_secret=secret.strip(),
        store=open_store(
            settings.get("token_store"),
            environment=str(environment),
            client_id=client_id,
            api_url=api_url,
        ),
        old_token=settings.get("refresh_token"),
        session=rate_limited_session(requests_per_minute=60, user_agent="tap-billit-login"),
    )


def _log_in(application: Application, redirect_uri: str, *, no_browser: bool) -> None:
    state = secrets.token_urlsafe(16)
    query = {"client_id": application.client_id, "redirect_uri": redirect_uri, "state": state}
    page = f"{application.login_url}/Account/Logon?{urlencode(query)}"
    click.echo(f"Log in to Billit on this page:\n\n  {page}\n")
    opened = monotonic()
    kept = application.store.load()
    known = kept.known if kept else ()
    code = None
    if not no_browser and is_local(redirect_uri):
        address = _caught(redirect_uri, page, state)
        code = code_in(address, state=state, known=known) if address else None
    elif not no_browser:
        _open(page)
    while code is None:
        address = click.prompt("Paste the address that the browser ends up at")
        try:
            code = code_in(address, state=state, known=known)
        except NoCodeError as error:
            click.echo(error)
    _exchange(application, code, redirect_uri=redirect_uri, opened=opened)
    click.echo(f"Logged in; the tokens are kept in {application.store.place}.")


def _open(page: str) -> None:
    try:
        webbrowser.open(page)
    except webbrowser.Error:
        click.echo("There is no browser here: open the page on another machine.")


def _caught(redirect_uri: str, page: str, state: str) -> str | None:
    """The address that the browser is sent to on this machine; None: it has to be pasted."""
    try:
        catcher = Catcher(redirect_uri, state=state)
    except OSError as error:
        click.echo(f"This machine cannot listen at {redirect_uri} ({error.strerror}).")
        _open(page)
        return None
    with catcher:
        click.echo(f"Waiting for the browser at {redirect_uri} (--no-browser: paste it instead).")
        _open(page)
        address = catcher.wait(CODE_LIFE)
    if address is None:
        raise LoginError("The browser did not come back within ten minutes; run the command again.")
    return address


def _exchange(application: Application, code: str, *, redirect_uri: str, opened: float) -> None:
    lost = False

    def attempt() -> None:
        store = application.store
        with store.exclusive():
            kept = store.load()
            store.reserve()
            granted = application.endpoint.exchange(code, redirect_uri=redirect_uri)
            if granted.refresh_token is None:
                raise LoginError("Billit gave no refresh token, so the login would not last.")
            old = (kept.refresh_token if kept else None, application.old_token, code)
            tokens = tokens_from(granted, spent=code, known=kept.known if kept else ())
            store.save(msgspec.structs.replace(tokens, known=tokens.remembering(*old)))

    @retrying
    def exchange() -> None:
        nonlocal lost
        try:
            uninterrupted(attempt)
        except AnswerLostError:
            lost = True
            raise

    try:
        exchange()
    except RefusedError as refusal:
        raise LoginError(_why(refusal, lost=lost, seconds=monotonic() - opened)) from None


def _why(refusal: RefusedError, *, lost: bool, seconds: float) -> str:
    """What a refused code means: `state` says that it is of this run, so its age is known."""
    if refusal.names_client:
        return "Billit does not know this client ID with this client secret; check both."
    if lost:
        return "The code was used up by a try whose answer did not arrive; run the command again."
    if seconds > CODE_LIFE:
        return (
            f"The code has expired: codes last ten minutes, and the page was opened "
            f"{seconds / 60:.0f} minutes ago; run the command again."
        )
    return (
        "Billit does not know this code: it was mistyped or cut off, or the client secret or the "
        "redirect URL is not the registered one; run the command again."
    )


def _list_companies(application: Application) -> None:
    client = BillitClient(
        base_url=application.api_url,
        auth=application.login,
        session=application.session,
        timeout=TIMEOUT,
    )
    companies = client.get("/v1/account/accountInformation").body.get("Companies") or []
    if not companies:
        raise LoginError("The login reaches no company; check its role in Billit.")
    rows = [("PartyID", "Name", "VAT number", "API")]
    rows += [
        (
            str(company.get("PartyID")),
            str(company.get("Name") or ""),
            str(company.get("VATNumber") or ""),
            "allowed" if company.get("APIAllowed") else "not allowed",
        )
        for company in companies
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    click.echo("It reaches:\n")
    for row in rows:
        click.echo("  " + "  ".join(map(str.ljust, row, widths)).rstrip())
    allowed = [company["PartyID"] for company in companies if company.get("APIAllowed")]
    click.echo(f'\nFor the tap\'s config:\n\n  "company_ids": {json.dumps(allowed)}')


def _revoke(application: Application) -> None:
    store = application.store
    if store.load() is None:
        raise LoginError(f"There is no login in {store.place}.")
    _take_back(application)
    with store.exclusive():
        store.discard()
    click.echo(f"Billit revoked the login; {store.place} is removed.")


@retrying
def _take_back(application: Application) -> None:
    login = application.login

    def post() -> requests.Response:
        try:
            with application.session.post(
                f"{application.api_url}/OAuth2/revoke",
                auth=login,
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as response:
                read_body(response, limit=LARGEST)
                return response
        except UNSENT as error:
            raise unreachable(error, application.api_url) from None

    response = post()
    if response.status_code == requests.codes.unauthorized and login.renew(response):
        response = post()
    if response.status_code >= requests.codes.server_error:
        raise TransientError(f"Billit answered {response.status_code}.")
    if response.status_code not in (requests.codes.ok, requests.codes.no_content):
        raise LoginError(
            f"Billit answered {response.status_code} and did not take the login back; it is still "
            f"in {application.store.place}."
        )
