"""The DAGs of the examples, as an Airflow of its own reads them: `make airflow`."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.airflow

READ = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
dags = {
    name: {task.task_id: [task.pool, task.retries] for task in dag.tasks}
    for name, dag in bag.dags.items()
}
print(json.dumps([{**bag.import_errors}, dags]))
"""

DUE = """
import json, sys
from datetime import datetime
from types import SimpleNamespace
sys.path.insert(0, sys.argv[1])
import billit_fleet
def due(kind, minute):
    run = SimpleNamespace(run_type=kind, run_after=datetime(2026, 1, 1, 9, minute))
    billit_fleet.get_current_context = lambda: {"dag_run": run}
    return billit_fleet.due.function()
print(json.dumps([due("scheduled", minute) for minute in range(0, 60, 5)] + [due("manual", 7)]))
"""


def in_airflow(folder: Path, code: str) -> Any:
    """What the code prints last, in Airflow's own Python, given the folder of the examples."""
    done = subprocess.run(  # noqa: S603
        (ROOT / ".airflow/airflow/bin/python", "-c", code, ROOT / "examples/airflow"),
        env={
            **os.environ,
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_airflow_reads_the_examples(tmp_path: Path) -> None:
    errors, dags = in_airflow(tmp_path, READ)
    assert errors == {}
    assert dags == {
        "billit": {"tap_billit_to_target_postgres": ["default_pool", 2]},
        "billit_fleet": {"due": ["default_pool", 3], "sync": ["billit", 3]},
        "billit_first_loads": {"sync": ["billit_first_loads", 3]},
    }


def test_each_chunk_is_due_once_an_hour_and_all_by_hand(tmp_path: Path) -> None:
    *scheduled, by_hand = in_airflow(tmp_path, DUE)
    assert all(len(chunks) == 10 for chunks in scheduled)
    assert [chunk for chunks in scheduled for chunk in chunks] == by_hand == [*range(120)]
