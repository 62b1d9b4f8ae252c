"""What the marts must hold, worked out from the Singer records in plain Python: no SQL.

Each mart is a property or method of its name. Nothing here is shared with the models, but for the
seeds.
"""

from tests.transform.oracle.cash import Cash as Books

__all__ = ["Books"]
