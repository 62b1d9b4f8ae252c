"""A fleet of logins into PostgreSQL: each login once an hour, in chunks that are mapped tasks.

In /srv/billit of each worker are this project, a `catalog.json` and a file `.env` with the settings
that docs/fleet.md names. Once, in Airflow:

    airflow pools set billit 8 "chunks at once"
    airflow pools set billit_first_loads 2 "first loads at once"

A task that fails, or is killed, is tried again: only its logins that are not yet complete.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from os import environ
from typing import TYPE_CHECKING, Any

import httpx
from airflow.sdk import DAG, get_current_context, task

if TYPE_CHECKING:
    from airflow.sdk import Context

HOME = "/srv/billit"
CHUNKS = 120  # of some 80 logins, for a fleet of 10,000
LANES = 8  # into which the first loads are divided
EVERY = 5  # minutes: a chunk starts in its own part of the hour, and so does each login


def alert(context: Context) -> None:
    """Tell the chat, when all tries of a task have failed: any webhook that takes a `text`."""
    failed = context["task_instance"]
    text = f"{failed.dag_id}, chunk {failed.map_index} of {failed.run_id} failed: {failed.log_url}"
    httpx.post(environ["BILLIT_ALERT_URL"], json={"text": text}, timeout=30)


OPTIONS: dict[str, Any] = {
    "start_date": datetime(2026, 1, 1, tzinfo=timezone.utc),
    "catchup": False,  # the next run reads what a missed one did not
    "default_args": {
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "on_failure_callback": alert,
    },
}


@task
def due() -> list[int]:
    """The chunks of this part of the hour; of a run by hand, all."""
    run = get_current_context()["dag_run"]
    if run.run_type == "manual":
        return [*range(CHUNKS)]
    part = run.run_after.minute // EVERY
    return [chunk for chunk in range(CHUNKS) if chunk * 60 // CHUNKS // EVERY == part]


@task.bash(append_env=True)
def sync(chunk: int, chunks: int, options: str = "") -> str:
    """Sync a chunk."""
    return f"""
    umask 077; cd {HOME}; set -a; . ./.env; set +a
    exec .venv/bin/python examples/fleet/chunk.py --catalog=catalog.json \\
        --chunk={chunk} --chunks={chunks} --run="$AIRFLOW_CTX_DAG_RUN_ID" {options}
    """


with DAG("billit_fleet", schedule=f"*/{EVERY} * * * *", **OPTIONS):
    sync.override(pool="billit", execution_timeout=timedelta(minutes=55)).partial(
        chunks=CHUNKS
    ).expand(chunk=due())

# One run at a time: a first load may take hours. A login comes in here until it is complete once.
with DAG("billit_first_loads", schedule="@hourly", max_active_runs=1, **OPTIONS):
    sync.override(pool="billit_first_loads").partial(chunks=LANES, options="--first-loads").expand(
        chunk=[*range(LANES)]
    )
