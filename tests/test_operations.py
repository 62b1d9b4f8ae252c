"""What `docs/operations.md` says of a plain run: its log as JSON, and the examples."""

from __future__ import annotations

import base64
import fcntl
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tap_billit.demo import Account, DemoServer
from tests.pipeline import ROOT, clean

if TYPE_CHECKING:
    import pytest

EXAMPLES = ROOT / "examples"


def test_a_log_of_json_without_secrets(tmp_path: Path) -> None:
    loud = yaml.safe_load((EXAMPLES / "logging/json.yml").read_text(encoding="utf-8"))
    loud["root"]["level"] = "DEBUG"
    (tmp_path / "log.yml").write_text(json.dumps(loud), encoding="utf-8")
    with DemoServer(Account(companies=1, orders=20)) as demo:
        settings = {
            "SINGER_SDK_LOG_CONFIG": str(tmp_path / "log.yml"),
            "TAP_BILLIT_API_URL": demo.url,
            "TAP_BILLIT_CLIENT_ID": demo.client_id,
            "TAP_BILLIT_CLIENT_SECRET": demo.client_secret,
            "TAP_BILLIT_REFRESH_TOKEN": demo.issue_refresh_token(),
            "TAP_BILLIT_TOKEN_STORE": str(tmp_path / "tokens.json"),
            "TAP_BILLIT_REQUESTS_PER_MINUTE": "60000",
        }
        done = subprocess.run(  # noqa: S603
            [Path(sys.executable).with_name("tap-billit"), "--config=ENV"],
            env=clean() | settings,
            capture_output=True,
            text=True,
            check=True,
        )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {"debug", "info"} <= {line["level"] for line in lines}
    metrics = {line["metric_info"]["metric"] for line in lines if "metric_info" in line}
    assert metrics >= {"record_count", "sync_duration", "http_request_count"}
    client = base64.b64encode(f"{demo.client_id}:{demo.client_secret}".encode()).decode()
    secrets = {demo.client_secret, client, *demo._access, *demo._refresh, *demo._spent}
    assert not [secret for secret in secrets if secret in done.stdout + done.stderr]


OLD = "now [error    ] tap-billit      an old error\n"
NEW = "now [error    ] tap-billit      a new error"

FAILS = f"""#!/bin/sh
echo "$@"
echo 'now [info     ] tap-billit      all is well'
echo '{NEW}'
echo 'now [error    ] meltano         Block run completed'
exit 3
"""
LOCKED = """#!/bin/sh
echo 'now [error    ] meltano         Another pipeline is already running'
exit 1
"""


class Cron:
    """A project in which `examples/cron/hourly` finds this in place of Meltano."""

    def __init__(self, folder: Path, meltano: str) -> None:
        self.folder = folder
        shutil.copytree(EXAMPLES / "cron", folder / "examples/cron")
        for name in (".meltano", ".venv/bin"):
            (folder / name).mkdir(parents=True)
        (folder / ".venv/bin/meltano").write_text(meltano, encoding="utf-8")
        (folder / ".venv/bin/meltano").chmod(0o700)
        self.log.write_text(OLD, encoding="utf-8")

    @property
    def log(self) -> Path:
        return self.folder / "billit.log"

    @property
    def completed(self) -> bool:
        return (self.folder / "billit.complete").exists()

    def runs(self) -> tuple[int, str]:
        """Exit status, and what cron would mail."""
        command = [str(self.folder / "examples/cron/hourly"), "demo", "dbt-postgres:build"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")  # noqa: S603
        return done.returncode, done.stdout + done.stderr


def test_cron_mails_the_errors_of_a_run_that_failed(tmp_path: Path) -> None:
    cron = Cron(tmp_path, FAILS)
    assert cron.runs() == (3, f"exit status 3\n{NEW}\n")
    assert not cron.completed
    said = "--environment=demo run tap-billit target-postgres dbt-postgres:build\n"
    assert cron.log.read_text(encoding="utf-8").startswith(OLD + said)


def test_cron_mails_the_end_of_the_log_if_only_meltano_complains(tmp_path: Path) -> None:
    status, mail = Cron(tmp_path, LOCKED).runs()
    assert status == 1
    assert "already running" in mail


def test_a_complete_run_is_silent_and_leaves_its_time(tmp_path: Path) -> None:
    cron = Cron(tmp_path, "#!/bin/sh\n")
    assert cron.runs() == (0, "")
    assert cron.completed


def test_without_the_lock_nothing_runs_and_cron_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tools").mkdir()
    for name in ("sh", "dirname"):
        (tmp_path / "tools" / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tmp_path / "tools"))
    cron = Cron(tmp_path, "#!/bin/sh\n")
    status, mail = cron.runs()
    assert status == 1
    assert "flock" in mail
    assert not cron.completed


def test_a_run_is_skipped_while_the_one_before_is_at_work(tmp_path: Path) -> None:
    cron = Cron(tmp_path, "#!/bin/sh\n")
    with (tmp_path / ".meltano/cron.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert cron.runs() == (0, "")
    assert not cron.completed
