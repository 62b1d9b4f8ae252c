"""The command `tap-billit-demo`: one account, or a fleet of logins, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import json
import signal
from datetime import datetime, timedelta, timezone
from threading import Event
from typing import TYPE_CHECKING

from tap_billit.demo.account import Account, utc_now
from tap_billit.demo.fleet import LIMIT_PER, MOST_LOGINS, Faults, Fleet, FleetClock
from tap_billit.demo.server import DemoServer

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        server: DemoServer | Fleet = _fleet(options) if options.logins else _single(options)
    except OSError as error:
        parser.error(f"port {options.port}: {error.strerror}; --port 0 picks a free one")
    stop = stop_signal()
    with server:
        print(welcome(server), flush=True)  # noqa: T201
        while not stop.wait(1):
            pass


def stop_signal() -> Event:
    """An event that Ctrl-C or SIGTERM sets."""
    stop = Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: stop.set())
    return stop


def welcome(server: DemoServer | Fleet) -> str:
    """What there is on the server."""
    return _fleet_welcome(server) if isinstance(server, Fleet) else _single_welcome(server)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tap-billit-demo", description="A Billit account that runs on this machine."
    )
    add = parser.add_argument
    add("--port", type=int, default=8765, help="Port to listen on; 0 picks a free one.")
    add("--seed", type=int, default=1, help="Another number makes other data.")
    add("--companies", type=int, default=3, help="How many companies, of each login.")
    add("--orders", type=int, default=900, help="How many orders a login has on 2026-10-01.")
    add("--requests-per-minute", type=int, help="Answer more requests than these with 429.")
    add("--latency", type=float, default=0.0, help="Seconds to wait before each answer.")
    add("--days-ahead", type=float, default=0.0, help="Move the clock this many days forward.")
    fleet = parser.add_argument_group("many logins", "GET /_logins, /_stats and /_clock tell more.")
    add = fleet.add_argument
    add("--logins", type=_login_count, help="How many logins, an account each, on one client.")
    add("--limit-per", choices=LIMIT_PER, default="token", help="Who shares the requests a minute.")
    add("--faults", type=_share, default=0.0, help="Share of requests that fail, such as 0.04.")
    add(
        "--lost-refreshes",
        type=_share,
        default=0.0,
        help="Share of token refreshes that are done, but whose answer is lost.",
    )
    add("--clock", type=_moment, help="Stand still at this time until POST /_clock?hours=1.")
    return parser


def _single(options: argparse.Namespace) -> DemoServer:
    ahead = timedelta(days=options.days_ahead)
    account = Account(
        seed=options.seed,
        companies=options.companies,
        orders=options.orders,
        clock=lambda: utc_now() + ahead,
    )
    return DemoServer(
        account,
        port=options.port,
        requests_per_minute=options.requests_per_minute,
        latency=options.latency,
    )


def _fleet(options: argparse.Namespace) -> Fleet:
    return Fleet(
        options.logins,
        seed=options.seed,
        companies=options.companies,
        orders=options.orders,
        clock=FleetClock(options.clock, ahead=timedelta(days=options.days_ahead)),
        port=options.port,
        requests_per_minute=options.requests_per_minute,
        limit_per=options.limit_per,
        faults=Faults(requests=options.faults, lost_refreshes=options.lost_refreshes),
        latency=options.latency,
    )


def _login_count(text: str) -> int:
    if not 1 <= (number := int(text)) <= MOST_LOGINS:
        raise argparse.ArgumentTypeError(f"1 to {MOST_LOGINS}")
    return number


def _share(text: str) -> float:
    if not 0 <= (share := float(text)) <= 1:
        raise argparse.ArgumentTypeError("a share from 0 to 1, such as 0.04")
    return share


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        raise argparse.ArgumentTypeError("a time such as 2026-10-01T12:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _single_welcome(server: DemoServer) -> str:
    account = server.account
    config = {
        "api_url": server.url,
        "client_id": server.client_id,
        "client_secret": server.client_secret,
        "refresh_token": server.issue_refresh_token(),
    }
    companies = "\n".join(
        f"  PartyID {each['PartyID']}  {each['Name']}: "
        f"{len(account.listing(each['PartyID']))} orders"
        for each in account.companies
    )
    return (
        f"A Billit account for trying out, on {server.url} (Ctrl-C stops it)\n"
        f"Its clock shows {account.clock():%Y-%m-%d %H:%M} UTC. Companies:\n{companies}\n\n"
        f"A config for the tap:\n{json.dumps(config, indent=2)}"
    )


def _fleet_welcome(fleet: Fleet) -> str:
    return (
        f"{len(fleet.logins)} Billit logins for trying out, on {fleet.url} (Ctrl-C stops them)\n"
        f"Their clock shows {fleet.clock():%Y-%m-%d %H:%M} UTC.\n"
        f"Companies and a config for each: {fleet.url}/_logins\n\n"
        f"Login 1:\n{json.dumps(fleet.described(fleet.logins[1]), indent=2)}"
    )
