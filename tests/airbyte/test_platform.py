"""Airbyte's platform starts the connector's image: rehearsed, as there is no Docker here.

`sh` starts what the image names, as user 1000, in a file system that nothing can be written to,
and reads its output from named pipes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap_billit.demo import Reply
from tests.kit.airbyte import COMMAND, Said, Source, saved, source_of

if TYPE_CHECKING:
    from tap_billit.demo import DemoServer

IMAGE = (Path(__file__).parents[2] / "Dockerfile.airbyte").read_text(encoding="utf-8")

SOURCE = "/media"
"""Where the platform's files are, in the connector's eyes; `/source` on the platform."""

LAUNCH = f"""
cd {SOURCE}
[ -n "$AIRBYTE_ENTRYPOINT" ] || exit 127
[ -f state.json ] && state="--state {SOURCE}/state.json"
files="--config {SOURCE}/config.json --catalog {SOURCE}/catalog.json $state"
(eval "$AIRBYTE_ENTRYPOINT read $files" 2> {SOURCE}/stderr > {SOURCE}/stdout) &
wait $!
"""
"""What the platform's own script comes to."""

CONTAINER = f"""
mount --bind "$0" {SOURCE}
mount -o remount,bind,ro {SOURCE}
mount -o remount,bind,ro /
exec env -i ${{1:+AIRBYTE_ENTRYPOINT="$1"}} PATH="$PATH" PYTHONWARNINGS="$PYTHONWARNINGS" \
    setpriv --reuid 1000 --regid 1000 --clear-groups \\
        --inh-caps +dac_read_search --ambient-caps +dac_read_search sh -c "$2"
"""
"""Nothing can be written to, there is no home, and it is user 1000 who runs.

That user may read what root has here, its Python among it; in the image everybody may.
"""

needs_root = pytest.mark.skipif(
    os.name == "nt" or os.geteuid() != 0 or not shutil.which("unshare"),
    reason="only root, on Linux, can make a file system read-only and be user 1000",
)


class Platform:
    """What Airbyte's platform does with a source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._pipes = [source.folder / name for name in ("stdout", "stderr")]
        for pipe in self._pipes:
            os.mkfifo(pipe)
            pipe.chmod(0o666)

    def read(self, *streams: str, state: object = None) -> Said:
        """Read these streams: what comes out of the pipes, and the exit status."""
        catalog = self.source.catalog(*streams)
        saved(self.source.folder, config=self.source.config, catalog=catalog, state=state)
        self.source.folder.chmod(0o755)
        with ThreadPoolExecutor() as readers:
            out, errors = (readers.submit(pipe.read_bytes) for pipe in self._pipes)
            status = self.launch(str(COMMAND))
            assert not errors.result()
            return Said(out.result().splitlines(), status)

    def launch(self, entrypoint: str) -> int:
        """Start what the image names: the exit status."""
        inside = ["sh", "-ec", CONTAINER, str(self.source.folder), entrypoint, LAUNCH]
        return subprocess.run(["unshare", "--mount", *inside], timeout=60, check=False).returncode  # noqa: S603, S607


@pytest.fixture
def platform(demo: DemoServer, tmp_path: Path) -> Platform:
    return Platform(source_of(demo, tmp_path))


def test_the_image_is_started_alike_by_airbyte_and_by_docker() -> None:
    (entrypoint,) = re.findall(r"^ENTRYPOINT (.*)", IMAGE, re.MULTILINE)
    (variable,) = re.findall(r"^ENV AIRBYTE_ENTRYPOINT=(.*)", IMAGE, re.MULTILINE)
    assert " ".join(json.loads(entrypoint)) == variable
    assert re.search(r"^USER 1000:1000$", IMAGE, re.MULTILINE)
    assert re.search(r"^LABEL io.airbyte.name=\S+ io.airbyte.version=\S+$", IMAGE, re.MULTILINE)


@needs_root
def test_it_runs_where_it_can_write_nowhere(platform: Platform, demo: DemoServer) -> None:
    platform.source.config["credentials"] = {
        "auth_type": "oauth_airbyte",
        "client_id": demo.client_id,
        "client_secret": demo.client_secret,
        "refresh_token": demo.issue_refresh_token(),
    }
    first = platform.read("companies", "sales_invoice_details")
    assert first.status == 0
    assert first.statuses("sales_invoice_details")[-1] == "COMPLETE"
    platform.source.config = first.configs[-1]
    second = platform.read("companies", "sales_invoice_details", state=first.states)
    assert second.status == 0
    assert len(second.records("companies")) == len(first.records("companies"))
    assert not second.records("sales_invoice_details")


@needs_root
def test_the_platform_is_told_of_a_failure(platform: Platform, demo: DemoServer) -> None:
    demo.hooks.append(lambda _: Reply.error(401, "Unauthorized"))
    said = platform.read("companies", "parties")
    assert said.status == 1
    assert said.statuses("companies")[-1] == said.statuses("parties")[-1] == "INCOMPLETE"
    assert {each["failure_type"] for each in said.errors} == {"config_error"}


@needs_root
def test_without_an_entrypoint_nothing_starts(platform: Platform) -> None:
    assert platform.launch("") == 127
