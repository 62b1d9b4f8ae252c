"""Billit into PostgreSQL, every hour, by the Meltano project in /srv/billit of the worker.

For one login: two runs at once in one project folder break each other, so no other DAG may use it.
Many logins are in billit_fleet.py. The project's `.env` has the settings. Workers that do not share
a disk need the token store and Meltano's state at URLs: see docs/operations.md.
"""

from datetime import datetime, timedelta, timezone

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "billit",
    schedule="@hourly",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,  # the next run reads what a missed one did not
    max_active_runs=1,
    default_args={
        "retries": 2,
        # A run that was killed locks Meltano for five minutes.
        "retry_delay": timedelta(minutes=6),
    },
) as dag:
    BashOperator(
        task_id="tap_billit_to_target_postgres",
        bash_command="umask 077; exec .venv/bin/meltano run tap-billit target-postgres",
        cwd="/srv/billit",
        env={"MELTANO_ENVIRONMENT": "production"},
        append_env=True,
    )
