"""The demo as a fleet: many logins on one client, limits, faults, and figures to check with."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_billit.demo.command import main, welcome
from tap_billit.demo.fleet import Faults, Fleet, FleetClock
from tap_billit.tap import TapBillit
from tests.kit.run import UNHURRIED, Collector, catalog_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

NOON = datetime(2026, 10, 1, 12, tzinfo=timezone.utc)


@pytest.fixture
def fleet() -> Generator[Fleet, None, None]:
    with Fleet(3, companies=2, orders=20, clock=FleetClock(NOON)) as fleet:
        yield fleet


def get(fleet: Fleet, path: str, **headers: str) -> Any:
    answer = requests.get(fleet.url + path, headers=headers, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def config(fleet: Fleet, login: int) -> dict[str, str]:
    described = get(fleet, "/_logins")[login - 1]
    assert described["login"] == login
    return dict(described["config"])


def refreshed(fleet: Fleet, login: int, token: str | None = None) -> requests.Response:
    body = {"grant_type": "refresh_token", **config(fleet, login)}
    body["refresh_token"] = token or body["refresh_token"]
    return requests.post(f"{fleet.url}/OAuth2/token", json=body, timeout=10)


def status_of(ask: Callable[[], int]) -> int:
    """The status of an answer, 0 for one that did not come whole."""
    try:
        return ask()
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
        return 0


def bearer(fleet: Fleet, login: int) -> dict[str, str]:
    return {"Authorization": f"Bearer {fleet.logins[login].issue_access_token()}"}


def orders(fleet: Fleet, login: int, company: int) -> list[Any]:
    answer = get(fleet, "/v1/orders", PartyID=str(company), **bearer(fleet, login))
    return list(answer["Items"])


def test_each_login_has_an_account_of_its_own(fleet: Fleet) -> None:
    companies, order_ids, parties = set[int](), set[int](), set[int]()
    for described in get(fleet, "/_logins"):
        login, own = described["login"], described["company_ids"]
        about = get(fleet, "/v1/account/accountInformation", **bearer(fleet, login))
        assert [each["PartyID"] for each in about["Companies"]] == own
        rows = [row for company in own for row in orders(fleet, login, company)]
        assert len(rows) == 20
        companies.update(own)
        order_ids.update(row["OrderID"] for row in rows)
        parties.update(row["CounterParty"]["PartyID"] for row in rows)
        assert not parties & companies
    assert len(companies) == 6
    assert len(order_ids) == 60


def test_a_checker_makes_the_same_account(fleet: Fleet) -> None:
    company = get(fleet, "/_logins")[2]["company_ids"][1]
    own = fleet.account(3, clock=lambda: NOON)
    assert [row["OrderID"] for row in own.rows(company)] == [
        row["OrderID"] for row in orders(fleet, 3, company)
    ]


def test_one_client_and_a_first_token_that_works_once(fleet: Fleet) -> None:
    assert len({config(fleet, login)["client_id"] for login in (1, 2, 3)}) == 1
    first = refreshed(fleet, 2)
    assert first.ok
    assert refreshed(fleet, 2).status_code == 400
    assert refreshed(fleet, 2, first.json()["refresh_token"]).ok
    stats = get(fleet, "/_stats")["logins"]
    assert stats["2"] == {
        "requests": 3,
        "refreshes": 2,
        "live_refresh_tokens": 1,
        "spent_tokens_shown": 1,
    }
    assert stats["1"]["requests"] == 0


def test_the_first_tokens_follow_from_the_seed() -> None:
    tokens = []
    for seed in (1, 1, 2):
        with Fleet(2, seed=seed, orders=0) as fleet:
            tokens.append([config(fleet, login)["refresh_token"] for login in (1, 2)])
    assert tokens[0] == tokens[1]
    assert len({*tokens[0], *tokens[2]}) == 4


def test_the_token_of_one_login_shows_nothing_of_another(fleet: Fleet) -> None:
    foreign = str(get(fleet, "/_logins")[1]["company_ids"][0])
    headers = {"PartyID": foreign, **bearer(fleet, 1)}
    answer = requests.get(f"{fleet.url}/v1/orders", headers=headers, timeout=10)
    assert answer.status_code == 401
    headers = {"Authorization": "Bearer 2-made-up"}
    assert requests.get(f"{fleet.url}/v1/orders", headers=headers, timeout=10).status_code == 401


def test_the_clock_is_moved_on_for_all(fleet: Fleet) -> None:
    for login in (1, 2):
        assert refreshed(fleet, login).ok
    companies = [each["company_ids"][0] for each in get(fleet, "/_logins")]
    before = [orders(fleet, login, companies[login - 1]) for login in (1, 2, 3)]
    old = bearer(fleet, 1)
    moved = requests.post(f"{fleet.url}/_clock?hours=720", timeout=10).json()["clock"]
    assert moved == get(fleet, "/_clock")["clock"] == (NOON + timedelta(days=30)).isoformat()
    assert before != [orders(fleet, login, companies[login - 1]) for login in (1, 2, 3)]
    answer = requests.get(f"{fleet.url}/v1/orders", headers=old, timeout=10)
    assert answer.json()["errors"][0]["Code"] == "AccessTokenExpired"
    assert requests.post(f"{fleet.url}/_clock?hours=soon", timeout=10).status_code == 400


@pytest.mark.parametrize(
    ("limit_per", "refused"), [("token", [1, 1]), ("client", [1, 3]), ("address", [1, 3])]
)
def test_the_limit_is_of_a_token_the_client_or_an_address(
    limit_per: Any, refused: list[int]
) -> None:
    with Fleet(2, orders=0, requests_per_minute=2, limit_per=limit_per) as fleet:
        counts = []
        for login in (1, 2):
            answers = [
                requests.get(f"{fleet.url}/v1/orders", headers=bearer(fleet, login), timeout=10)
                for _ in range(3)
            ]
            counts.append(sum(answer.status_code == 429 for answer in answers))
            assert answers[-1].headers["Retry-After"]
        assert counts == refused
        stats = get(fleet, "/_stats")
        assert stats["refused_by_limit"] == sum(refused)
        assert sorted(stats["largest_minute"].values()) == ([3, 3] if refused[1] == 1 else [6])


def test_faults_come_by_share_and_lose_no_token() -> None:
    fleet = Fleet(1, orders=20, faults=Faults(requests=0.5), clock=FleetClock(NOON))
    token = ""

    def refresh() -> int:
        nonlocal token
        answer = refreshed(fleet, 1, token or None)
        token = answer.json()["refresh_token"] if answer.ok else token
        return answer.status_code

    def ask() -> int:
        answer = requests.get(f"{fleet.url}/v1/orders", headers=bearer(fleet, 1), timeout=10)
        return answer.status_code

    with fleet:
        refreshes, asked = ([status_of(each) for _ in range(40)] for each in (refresh, ask))
        stats = get(fleet, "/_stats")
    assert set(refreshes) == set(asked) == {0, 200, 429, 503}
    assert stats["faults"].keys() == {"503", "429", "reset", "short"}
    assert 20 < sum(stats["faults"].values()) < 60
    assert stats["logins"]["1"]["live_refresh_tokens"] == 1
    assert stats["logins"]["1"]["spent_tokens_shown"] == 0


def test_a_refresh_may_be_done_and_its_answer_lost() -> None:
    with Fleet(1, orders=0, faults=Faults(lost_refreshes=1.0)) as fleet:
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            refreshed(fleet, 1)
        stats = get(fleet, "/_stats")
    assert stats["faults"] == {"lost refresh": 1}
    assert stats["logins"]["1"]["refreshes"] == 1


def test_accounts_are_made_when_asked_for() -> None:
    with Fleet(1000, orders=900) as fleet:
        threads = [
            threading.Thread(target=orders, args=(fleet, 1000, company))
            for company in get(fleet, "/_logins")[999]["company_ids"]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        made = [number for number, login in fleet.logins.items() if "api" in vars(login)]
    assert made == [1000]


def test_the_tap_reads_one_of_them(fleet: Fleet, tmp_path: Path) -> None:
    written: list[Any] = []
    tap = TapBillit(
        config={**config(fleet, 2), "token_store": str(tmp_path / "tokens.json"), **UNHURRIED},
        catalog=catalog_of("sales_invoices"),
        message_writer=Collector(written),
    )
    tap.sync_all()
    rows = [message["record"] for message in written if message["type"] == "RECORD"]
    companies = get(fleet, "/_logins")[1]["company_ids"]
    assert {row["CompanyID"] for row in rows} == set(companies)


def test_the_command_tells_where_the_logins_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = threading.Event()
    stopped.set()
    monkeypatch.setattr("tap_billit.demo.command.stop_signal", lambda: stopped)
    main(["--port", "0", "--logins", "200", "--clock", "2026-10-01T12:00Z", "--faults", "0.04"])
    told = capsys.readouterr().out
    assert "200 Billit logins" in told
    assert "Their clock shows 2026-10-01 12:00 UTC" in told
    assert "/_logins" in told
    with pytest.raises(SystemExit):
        main(["--logins", "1001"])
    with pytest.raises(SystemExit):
        main(["--logins", "2", "--faults", "4"])


def test_the_welcome_holds_a_config(fleet: Fleet) -> None:
    assert fleet.logins[1].first_refresh_token in welcome(fleet)
