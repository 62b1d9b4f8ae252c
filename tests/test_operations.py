"""What `docs/operations.md` says of a plain run: its log as JSON, and the examples."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import yaml

from tap_billit.demo import Account, DemoServer
from tests.pipeline import ROOT, clean

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
