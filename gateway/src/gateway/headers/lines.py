"""The lines that the head of an answer is made of, as they are sent."""

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

_REASONS = {int(each): each.phrase.encode() for each in HTTPStatus}
_STATUS_LINES: dict[int, bytes] = {}


def status_line(status: int) -> bytes:
    """The first line of an answer; a status nobody has named goes without a reason."""
    line = _STATUS_LINES.get(status)
    if line is None:
        reason = _REASONS.get(status, b"")
        line = _STATUS_LINES[status] = b"HTTP/1.1 %d %b\r\n" % (status, reason)
    return line


def line_of(name: bytes, value: bytes) -> bytes:
    """One field as it is sent."""
    return b"%b: %b\r\n" % (name, value)


def date_line() -> bytes:
    """The Date field, written once a second."""
    return _date_line(int(time.time()))


@lru_cache(maxsize=2)
def _date_line(second: int) -> bytes:
    return line_of(b"date", formatdate(second, usegmt=True).encode())
