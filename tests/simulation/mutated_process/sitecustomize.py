"""Mutates the tap in the processes that a test starts, too: Python imports this as it starts."""

import os

from tests.simulation.mutations import MUTATIONS

mutation = MUTATIONS[os.environ["MUTATED_TAP"]].apply()
mutation.__enter__()
