"""PyAirbyte, as a user installs it, loads the demo into DuckDB: `make airbyte`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tap_billit.demo import Account, DemoServer, Reply
from tests.kit.airbyte import Source, source_of
from tests.kit.demo import ORDERS, TOKEN, act_after
from tests.kit.expected import DETAILS, KEYS, ROWS, companies_of, expected
from tests.kit.pyairbyte import (
    PYTHON,
    ROOT,
    FailedError,
    PyAirbyte,
    columns,
    pyairbyte,
    surroundings,
)
from tests.simulation.promise import COMPUTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kit.demo import Clock
    from tests.kit.run import Json

pytestmark = [pytest.mark.airbyte, pytest.mark.timeout(1200)]

CRAWLED = ("sales_invoices", "sales_invoice_details", "supplier_invoices")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PyAirbyte]:
    with pyairbyte(tmp_path_factory.mktemp("pyairbyte")) as client:
        yield client


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone of this project has, as far as it is installed."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "tap_billit", folder / "tap_billit")
    (folder / "output").mkdir()
    return folder


@pytest.fixture(scope="module")
def printed(checkout: Path) -> str:
    """What the lines in the documentation print, as they stand there."""
    text = (ROOT / "docs/airbyte.md").read_text(encoding="utf-8")
    lines, *_ = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    done = subprocess.run(  # noqa: S603
        [str(PYTHON), "-c", lines],
        cwd=checkout,
        env=surroundings(checkout),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def executable(checkout: Path, printed: str) -> str:
    """The connector, as these lines have PyAirbyte install it."""
    assert printed
    return str(checkout / ".venv-source-billit/bin/source-billit")


class Loads:
    """Loads of one demo into one DuckDB file."""

    def __init__(self, client: PyAirbyte, source: Source, executable: str) -> None:
        self._client, self.source, self.executable = client, source, executable
        self.cache = str(source.folder / "billit.duckdb")

    def __call__(self, *streams: str, client: PyAirbyte | None = None, **how: Any) -> Json:
        """Load these streams (none: all): what PyAirbyte says of it."""
        said: Json = (client or self._client)(
            "load", cache=self.cache, streams=streams, **self.how, **how
        )
        return said

    def kept(self) -> Json:
        """How many rows each table has in the file."""
        rows: Json = self._client("kept", cache=self.cache)
        return rows

    @property
    def how(self) -> Json:
        """Which connector with which configuration."""
        config = self.source.folder / "config.json"
        config.write_text(json.dumps(self.source.config), encoding="utf-8")
        return {"executable": self.executable, "config": str(config)}


@pytest.fixture
def loads(client: PyAirbyte, executable: str, demo: DemoServer, tmp_path: Path) -> Loads:
    return Loads(client, source_of(demo, tmp_path), executable)


def by_key(stream: str, rows: list[Json]) -> dict[Any, Json]:
    """The rows of a stream by their keys, none of which is there twice."""
    keys = [key.lower() for key in KEYS[stream]]
    found = {tuple(row[key] for key in keys): row for row in map(columns, rows)}
    assert len(found) == len(rows), stream
    return found


def of_account(account: Account, stream: str) -> dict[Any, Json]:
    """What the account has of a stream."""
    rows = [row for each in companies_of(account) for row in expected(account, stream, each)]
    return by_key(stream, rows)


def lasting(rows: dict[Any, Json]) -> dict[Any, Json]:
    """The rows without what is another every day, though nothing has happened."""
    computed = {name.lower() for name in COMPUTED}
    return {
        key: {name: value for name, value in row.items() if name not in computed}
        for key, row in rows.items()
    }


def arrived(stream: str, rows: list[Json], since: str) -> set[Any]:
    """The keys of the rows that a load has brought after this moment."""
    return {*by_key(stream, [row for row in rows if row["_airbyte_extracted_at"] > since])}


def brings_all(load: Loads, account: Account, *streams: str) -> bool:
    """Whether each row of these streams is loaded, as the account has it."""
    tables = load(*streams)["tables"]
    return all(by_key(each, tables[each]) == of_account(account, each) for each in streams)


def test_the_documented_lines_work_as_they_stand(printed: str) -> None:
    assert len(re.findall(r"^F\d{4}/\d+ \d+\.\d+$", printed, re.MULTILINE)) > 400


def test_the_demo_and_what_changed_a_day_later(
    client: PyAirbyte, executable: str, clock: Clock, tmp_path: Path
) -> None:
    account = Account(clock=clock)
    with DemoServer(account) as demo:
        load = Loads(client, source_of(demo, tmp_path), executable)
        first = load()["tables"]
        before = {stream: of_account(account, stream) for stream in KEYS}
        assert {stream: by_key(stream, rows) for stream, rows in first.items()} == before
        since = max(row["_airbyte_extracted_at"] for rows in first.values() for row in rows)
        day_before = (clock.now - timedelta(days=1)).replace(tzinfo=None)
        clock.forward(days=1)
        second = load()
    assert second["records"] < sum(map(len, before.values())) / 2
    for stream, rows in second["tables"].items():
        now, then = lasting(of_account(account, stream)), lasting(before[stream])
        loaded = lasting(by_key(stream, rows))
        assert {key: loaded.get(key) for key in now} == now, stream
        came = arrived(stream, rows, since)
        assert {key for key in now if now[key] != then.get(key)} <= came, stream
        if stream in DETAILS:
            assert {now[key]["lastmodified"] > day_before for key in came} <= {True}, stream
        if stream in {*ROWS, "parties", "products"}:
            assert len(came) < len(now) / 2, stream


def test_a_connector_that_is_killed(loads: Loads, demo: DemoServer, account: Account) -> None:
    act_after(demo, 6, lambda: kill_connector(loads))
    with pytest.raises(FailedError, match="-9"):
        loads(*CRAWLED)
    assert brings_all(loads, account, *CRAWLED)


def test_a_client_that_is_killed(
    loads: Loads, demo: DemoServer, account: Account, clock: Clock, tmp_path: Path
) -> None:
    with pyairbyte(tmp_path) as client:
        loads(*CRAWLED, client=client)
        clock.forward(days=1)
        asked = sum(request.path == ORDERS for request in demo.requests)
        act_after(demo, asked + 2, client.process.kill)
        with pytest.raises(ValueError, match="truncated"):
            loads(*CRAWLED, client=client)
    tables = loads(*CRAWLED)["tables"]
    for stream in CRAWLED:
        now, loaded = of_account(account, stream), by_key(stream, tables[stream])
        assert lasting(loaded).items() >= lasting(now).items()


def kill_connector(loads: Loads) -> None:
    """Kill what reads now."""
    for each in psutil.process_iter(["cmdline"]):
        command = each.info["cmdline"] or []
        if "read" in command and loads.executable in command:
            each.kill()


def log_of(error: FailedError) -> str:
    """What PyAirbyte shows of the log: the file that an error names, or under CI its text."""
    files = {*re.findall(r"Log file: (.*)", str(error))}
    return str(error) + "".join(Path(file).read_text(encoding="utf-8") for file in files)


def test_a_refused_company(loads: Loads, demo: DemoServer, account: Account) -> None:
    refused, other = companies_of(account)
    demo.hooks.append(
        lambda request: (
            Reply.error(403, "LicenseError") if request.party_id == str(refused) else None
        )
    )
    with pytest.raises(FailedError, match="Exit Code: 1") as failed:
        loads("companies", *CRAWLED)
    assert f"company {refused}" in log_of(failed.value)
    with pytest.raises(FailedError, match="does not exist"):
        loads.kept()
    loads.source.config["company_ids"] = [other]
    tables = loads("companies", *CRAWLED)["tables"]
    for stream in CRAWLED:
        assert by_key(stream, tables[stream]) == by_key(stream, [*expected(account, stream, other)])
    demo.hooks.clear()
    del loads.source.config["company_ids"]
    assert brings_all(loads, account, "companies", *CRAWLED)


def test_tokens_that_work_once_are_kept_by_the_callback(
    loads: Loads, client: PyAirbyte, demo: DemoServer
) -> None:
    loads.source.config["credentials"] = {
        "auth_type": "oauth_airbyte",
        "client_id": demo.client_id,
        "client_secret": demo.client_secret,
        "refresh_token": demo.issue_refresh_token(),
    }
    how = loads.how
    for _ in range(2):
        said = client("load", cache=loads.cache, streams=["companies"], keeps=True, **how)
        assert len(said["tables"]["companies"]) == 2
        client("check", keeps=True, **how)
    assert [request.path for request in demo.requests].count(TOKEN) == 1
    kept = json.loads(Path(how["config"]).read_text(encoding="utf-8"))
    assert json.loads(kept["credentials"]["tokens"])["kept"]


def test_a_few_records_end_a_read_quietly(loads: Loads, client: PyAirbyte) -> None:
    before = len(client.log)
    records = client("sample", stream="sales_invoices", limit=3, **loads.how)
    assert len(records) == 3
    assert "Traceback" not in client.log[before:]
