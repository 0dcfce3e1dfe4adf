"""What callers show: the Authorization header, and what is remembered of it. Never the token itself."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from common.tokens import ForgedToken
from gateway.auth.caller import NOBODY, Caller
from gateway.errors import TokenRefused

MACHINE_PREFIXES = (b"dev_", b"key_")
_MACHINE_TOKEN = re.compile(rb"((?:dev|key)_[0-9a-z]{26})\.[A-Za-z0-9_-]{20,200}\Z")
_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Shown:
    """What a token is: whose, and under which name identity's answer about it is kept. The token itself is not kept."""

    subject: str
    cached_as: str
    good_until: datetime
    is_machine: bool = False
    caller: Caller = field(default_factory=lambda: NOBODY)


def machine(token: bytes) -> Shown:
    """A device or an API key: `<id>.<secret>`, which identity checks.

    Raises:
        ForgedToken: identity never made one of this shape.
    """
    parts = _MACHINE_TOKEN.match(token)
    if parts is None:
        raise ForgedToken("not a machine's token")
    return Shown(parts[1].decode(), f"machine {sha256(token).hexdigest()}", _EVER, is_machine=True)


def bearer(authorization: list[bytes]) -> bytes:
    """The token of the one Authorization header. Raises TokenRefused for another scheme, none, or several."""
    scheme, _, token = authorization[0].partition(b" ")
    if len(authorization) != 1 or scheme.lower() != b"bearer" or not token.strip():
        raise TokenRefused()
    return token.strip()
