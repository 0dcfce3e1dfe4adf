"""Signatures of the kind `t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>`, of the very bytes that were sent.

Source: payments anchors, section 6; the scheme is the one Stripe made common.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime

OLDEST_SECONDS = 300
FURTHEST_AHEAD_SECONDS = 60
_TIME = re.compile(r"[0-9]{1,12}")


def sign(body: bytes, secret: str, at: datetime) -> str:
    """The header for `body`, sent at `at`."""
    seconds = int(at.timestamp())
    return f"t={seconds},v1={_digest(body, secret, seconds)}"


def is_authentic(header: str, body: bytes, secrets: Sequence[str], now: datetime) -> bool:
    """Whether one of the header's signatures fits one of the secrets, and its time is near enough to now.

    Several signatures and several secrets are normal while a secret is being replaced. A time in the future is as wrong
    as an old one: it would let a captured notice be kept for later.
    """
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not _TIME.fullmatch(times[0]):
        return False
    seconds = int(times[0])
    age = now.timestamp() - seconds
    if not -FURTHEST_AHEAD_SECONDS <= age <= OLDEST_SECONDS:
        return False
    expected = [_digest(body, secret, seconds) for secret in secrets if secret]
    matches = [hmac.compare_digest(one.encode(), other.encode()) for one in given for other in expected]
    return any(matches)


def _digest(body: bytes, secret: str, seconds: int) -> str:
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
