"""The command `tap-billit-login`: a person logs in once, and the tap goes on from there."""

from __future__ import annotations

import json
import secrets
import sys
import webbrowser
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click
import msgspec
import requests

from tap_billit.api.retry import retrying
from tap_billit.auth.callback import Catcher, NoCodeError, code_in, is_local
from tap_billit.auth.oauth import DeadLoginError, OAuth
from tap_billit.auth.token_endpoint import RefusedError
from tap_billit.cli_files import TEXT, read_config
from tap_billit.environments import ENVIRONMENTS
from tap_billit.errors import LoginError, TransientError
from tap_billit.redaction import printable
from tap_billit.settings import SETTINGS
from tap_billit.settings.values import plain_values
from tap_billit.shutdown import exit_on_signals, process
from tap_billit.tap import TapBillit
from tap_billit.tokens.answer import AnswerLostError
from tap_billit.tokens.document import Tokens
from tap_billit.tokens.rotation import SAVE_WAITS, Rotation
from tap_billit.unforeseen import SentenceCommand

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_billit.account import BillitAccount
    from tap_billit.tokens.store import TokenStore

CODE_LIFE = 10 * 60
"""Seconds that Billit's codes last, and that the command waits for a redirect."""

NOWHERE = "memory://tap-billit-login-"
"""A token store that ends with this process."""

NOT_OF_A_NEW_LOGIN = {"api_key", "refresh_token", "redirect_uri"}


class _NewLogin(Rotation):
    overrules = True


def _option(name: str, text: str) -> Callable[[Any], Any]:
    variable = "TAP_BILLIT_" + name.removeprefix("--").replace("-", "_").upper()
    return click.option(name, envvar=variable, show_envvar=True, help=text)


@click.command(cls=SentenceCommand)
@_option("--environment", "Billit's environment: production or sandbox.")
@_option("--api-url", "Base URL of another API server, such as `tap-billit-demo`.")
@_option("--client-id", "Client ID of your OAuth application.")
@_option("--client-secret", "Client secret. Safer as a variable or at the prompt.")
@_option("--redirect-uri", "Redirect URL of the application, as registered with Billit.")
@_option("--token-store", "Where the tokens are kept: a path or a URL.")
@_option("--token-store-key", "Key to encrypt them with. Safer as a variable.")
@click.option("--config", "file", help="The tap's config file.")
@click.option("--no-browser", is_flag=True, help="Log in with a browser on another machine.")
@click.option("--airbyte", is_flag=True, help="Print the tokens for an Airbyte source, keep none.")
@click.option("--revoke", is_flag=True, help="Revoke the login at Billit and delete it here.")
@click.version_option(package_name="tap-billit")
def main(
    *, file: str | None, no_browser: bool, airbyte: bool, revoke: bool, **options: str | None
) -> None:
    """Log in to Billit once; from then on the tap keeps the login alive.

    The command asks for everything that no option, variable or config file gives.
    """
    config = read_config(file) if file else {}
    settings = _settings(config | {name: value for name, value in options.items() if value})
    if airbyte:
        settings["token_store"] = NOWHERE + secrets.token_hex(8)
    account = _account(settings)
    exit_on_signals()
    try:
        if revoke:
            _revoke(account)
        else:
            _log_in(account, settings, no_browser=no_browser)
            (_show_tokens if airbyte else _say_where)(_oauth(account).store)
            _list_companies(account)
    finally:
        account.close()


def _settings(config: dict[str, Any]) -> dict[str, Any]:
    """Those of a login; None where nothing is said.

    Raises:
        LoginError: one of them cannot be read.
    """
    known = {**SETTINGS.to_dict()["properties"], "redirect_uri": TEXT}
    schema = {name: {**definition, "default": None} for name, definition in known.items()}
    settings, problems = plain_values(config, {"properties": schema})
    if problems:
        raise LoginError(" ".join(problems))
    return settings


def _account(settings: dict[str, Any]) -> BillitAccount:
    if not settings.get("api_url") and settings.get("environment") not in ENVIRONMENTS:
        if environment := settings.get("environment"):
            raise LoginError(
                f"The environment {environment!r} has no login: use production or sandbox, or "
                "give the --api-url of a `tap-billit-demo` that is running."
            )
        choice = click.Choice(list(ENVIRONMENTS))
        settings["environment"] = click.prompt("Environment", type=choice, default="production")
    for name, text, hide in (("client_id", "Client ID", 0), ("client_secret", "Client secret", 1)):
        settings[name] = settings.get(name) or click.prompt(text, hide_input=bool(hide))
    config = {name: settings[name] for name in settings.keys() - NOT_OF_A_NEW_LOGIN}
    return TapBillit(config=config, setup_mapper=False).account


def _oauth(account: BillitAccount) -> OAuth:
    auth = account.client.auth
    assert isinstance(auth, OAuth)  # noqa: S101  `_account` gave it a client and no key
    return auth


def _log_in(account: BillitAccount, settings: dict[str, Any], *, no_browser: bool) -> None:
    auth = _oauth(account)
    with auth.store.exclusive(over=auth.over, patience=sum(SAVE_WAITS)):
        auth.store.load()
        auth.store.reserve()
    redirect_uri = settings["redirect_uri"] = settings.get("redirect_uri") or click.prompt(
        "Redirect URL (as registered with Billit)"
    )
    state = secrets.token_urlsafe(16)
    query = {"client_id": auth.endpoint.client_id, "redirect_uri": redirect_uri, "state": state}
    host = settings.get("api_url") or ENVIRONMENTS[settings["environment"]].login_url
    page = f"{host.rstrip('/')}/Account/Logon?{urlencode(query)}"
    click.echo(f"Log in to Billit on this page:\n\n  {page}\n")
    opened = monotonic()
    kept = auth.store.load()
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
    _exchange(auth, code, settings, opened=opened)


def _say_where(store: TokenStore) -> None:
    click.echo(f"Logged in; the tokens are kept in {store.place}.")


def _show_tokens(store: TokenStore) -> None:
    """Print what the configuration of an Airbyte source wants, and nobody else may have."""
    tokens = store.load()
    assert tokens  # noqa: S101  they were just put there
    click.echo(
        "Logged in; the tokens are kept nowhere but here. For the field `tokens` of the source in "
        f"Airbyte; save it and sync it a first time before {tokens.renew_at:%H:%M} UTC:\n"
    )
    click.echo(msgspec.json.format(store.document(tokens), indent=-1))


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


def _exchange(auth: OAuth, code: str, settings: dict[str, Any], *, opened: float) -> None:
    store, endpoint, rotation = auth.store, auth.endpoint, _NewLogin(auth.store)
    lost = False

    def attempt() -> None:
        endpoint.take_turn()
        with store.exclusive(over=auth.over, patience=sum(SAVE_WAITS)):
            kept = store.load()
            old = (kept.refresh_token if kept else None, settings.get("refresh_token"), code)
            rotation.spend(
                code,
                partial(endpoint.exchange, code, redirect_uri=settings["redirect_uri"]),
                kept=kept,
                renewed=Tokens(known=(kept or Tokens()).remembering(*old)),
                seconds=endpoint.patience,
            )
            rotation.finish()

    @retrying
    def exchange() -> None:
        nonlocal lost
        try:
            process.shield(attempt)
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


def _list_companies(account: BillitAccount) -> None:
    body = account.client.get("/v1/account/accountInformation").body
    listed = body.get("Companies") if isinstance(body, dict) else None
    entries = listed if isinstance(listed, list) else []
    companies = [each for each in entries if isinstance(each, dict) and each.get("PartyID")]
    if not companies:
        raise LoginError("The login reaches no company; check its role in Billit.")
    click.echo("It reaches:\n")
    for company in companies:
        may = "allowed" if company.get("APIAllowed") else "not allowed"
        party, name = str(company.get("PartyID")), str(company.get("Name") or "")
        row = f"{party:<10} {name:<40} {company.get('VATNumber') or '':<16} API {may}"
        click.echo(f"  {printable(row, sys.stdout.encoding)}")
    allowed = [company["PartyID"] for company in companies if company.get("APIAllowed")]
    click.echo(f'\nFor the tap\'s config:\n\n  "company_ids": {json.dumps(allowed)}')


def _revoke(account: BillitAccount) -> None:
    auth = _oauth(account)
    kept = auth.store.load()
    if kept is None:
        raise LoginError(f"There is no login in {auth.store.place}.")
    try:
        _take_back(account, auth)
        done = "Billit revoked the login (if not, disconnect the application in Billit, too)"
    except DeadLoginError:
        done = "Billit knew the login no longer"
    with auth.store.exclusive(over=auth.over, patience=sum(SAVE_WAITS)):
        auth.store.replace(None)
    click.echo(f"{done}; {auth.store.place} is removed.")


@retrying
def _take_back(account: BillitAccount, auth: OAuth) -> None:
    response = account.client.probe("/OAuth2/revoke", method="POST")
    if response.status_code >= requests.codes.server_error:
        raise TransientError(f"Billit answered {response.status_code}.")
    if response.status_code not in (requests.codes.ok, requests.codes.no_content):
        raise LoginError(
            f"Billit answered {response.status_code} and did not take the login back; it is still "
            f"in {auth.store.place}."
        )
