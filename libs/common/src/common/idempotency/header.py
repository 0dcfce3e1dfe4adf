"""The `Idempotency-Key` header."""

import re

from common.idempotency.errors import IdempotencyKeyMalformed, IdempotencyKeyMissing

_QUOTED = re.compile(r'^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$')
_BARE = re.compile(r"^[\x21-\x7e]{1,255}$")


def parse_key(header: str | None) -> str:
    """The key of a header; quoted and bare spelling are the same key. Refuses absent and malformed ones."""
    if header is None or not header.strip():
        raise IdempotencyKeyMissing()
    value = header.strip()
    quoted = _QUOTED.match(value)
    if quoted:
        value = re.sub(r"\\(.)", r"\1", quoted.group(1))
    elif value.startswith('"') or not _BARE.match(value):
        raise IdempotencyKeyMalformed()
    if not 1 <= len(value) <= 255:
        raise IdempotencyKeyMalformed()
    return value
