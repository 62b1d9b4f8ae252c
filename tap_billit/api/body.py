"""The body of an answer, which `requests` by itself would read whatever its size."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from tap_billit.errors import AnswerError
from tap_billit.redaction import path_of

if TYPE_CHECKING:
    import requests

SUCCESS = range(200, 300)

CHUNK = 1 << 18
"""Bytes to unpack at a time: a page of rows is no more, and each step costs."""

ERROR_LIMIT = 1 << 16
"""Bytes of an answer that is no success: its status counts, and the code at its beginning."""


class TooLargeError(AnswerError):
    """Billit answered more than any answer of its kind can be."""


def read_body(response: requests.Response, *, limit: int) -> None:
    """Read the body, unpacked, so that `response.content` has it.

    Unpacking goes by small steps and stops at the limit, as little gzip can stand for gigabytes.

    Raises:
        TooLargeError: it has more than `limit` bytes.
    """
    success = response.status_code in SUCCESS
    limit = limit if success else min(limit, ERROR_LIMIT)
    body = BytesIO()
    for part in response.iter_content(CHUNK):
        body.write(part)
        if body.tell() > limit:
            if not success:
                break
            raise TooLargeError(
                f"Billit's answer to {path_of(response)} is larger than {_size(limit)}: no answer "
                "of its kind is."
            )
    response._content = body.getvalue()  # noqa: SLF001  `requests` has no other way in


def _size(limit: int) -> str:
    return f"{limit >> 20} MiB" if limit >> 20 else f"{limit >> 10} KiB"
