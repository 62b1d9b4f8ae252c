"""The DAGs of the examples, as an Airflow of its own reads them: `make airflow`."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

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


def test_airflow_reads_the_examples(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603
        (ROOT / ".airflow/airflow/bin/python", "-c", READ, ROOT / "examples/airflow"),
        env={
            **os.environ,
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    errors, dags = json.loads(done.stdout.splitlines()[-1])
    assert errors == {}
    assert dags == {
        "billit": {"tap_billit_to_target_postgres": ["default_pool", 2]},
        "billit_fleet": {"due": ["default_pool", 3], "sync": ["billit", 3]},
        "billit_first_loads": {"sync": ["billit_first_loads", 3]},
    }
