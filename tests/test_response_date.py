"""What the Date header of an answer says of the moment it was asked."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
import requests

from tap_billit.api.client import _asked_at


@pytest.mark.parametrize(
    ("date", "took", "expected"),
    [
        ("Wed, 10 Jun 2026 10:00:00 GMT", 0, datetime(2026, 6, 10, 10, tzinfo=timezone.utc)),
        ("Wed, 10 Jun 2026 10:00:30 GMT", 30, datetime(2026, 6, 10, 10, tzinfo=timezone.utc)),
        ("Wed, 10 Jun 2026 10:00:00", 0, datetime(2026, 6, 10, 10, tzinfo=timezone.utc)),
        ("yesterday", 0, None),
        ("", 0, None),
    ],
)
def test_billits_clock_is_read_as_of_the_question(
    date: str, took: float, expected: datetime | None
) -> None:
    """What was committed while the answer was made may be missing from it."""
    response = requests.Response()
    response.headers["Date"] = date
    response.elapsed = timedelta(seconds=took)
    assert _asked_at(response) == expected
