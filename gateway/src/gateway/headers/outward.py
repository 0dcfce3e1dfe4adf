"""The fields of an answer: what a service may say to a client, and what the gateway adds."""

from collections.abc import Sequence
from functools import lru_cache

from gateway.headers.fields import HOP_BY_HOP, OF_CONNECTION, Header
from gateway.headers.lines import line_of

_CORS = frozenset(
    {
        b"access-control-allow-credentials",
        b"access-control-allow-headers",
        b"access-control-allow-methods",
        b"access-control-allow-origin",
        b"access-control-allow-private-network",
        b"access-control-expose-headers",
        b"access-control-max-age",
    }
)
"""Which pages may read an answer is the gateway's to say, not a service's."""
_WATCHED = HOP_BY_HOP | _CORS | {b"server", b"date", b"content-length"}
"""Of an answer: kept back, or looked at first."""
_ADDED_TO = frozenset({b"link", b"vary"})
"""Lists: a service and the gateway may both have something to say."""

_PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    b"font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"content-security-policy", _PAGE_POLICY),
    (b"x-frame-options", b"DENY"),
)
STRICT_TRANSPORT: Header = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


@lru_cache(maxsize=256)
def _named_by(connection: bytes) -> frozenset[bytes]:
    """The fields that a Connection field declares to be for this hop alone."""
    return frozenset(token.strip().lower() for token in connection.split(b",")) - OF_CONNECTION


def pass_out(headers: Sequence[Header], status: int) -> tuple[list[Header], bool]:
    """The fields of a service's answer that the client gets, and whether they tell the length of a body."""
    named: frozenset[bytes] = frozenset()
    counted = False
    kept: list[Header] = []
    for header in headers:
        name = header[0]
        if name not in _WATCHED:
            kept.append(header)
        elif name == b"content-length":
            if status not in (204, 304):
                counted = True
                kept.append(header)
        elif name == b"connection":
            named |= _named_by(header[1])
    if named:
        kept = [header for header in kept if header[0] not in named]
        counted = counted and b"content-length" not in named
    return kept, counted


@lru_cache(maxsize=256)
def lines_of(own: tuple[Header, ...]) -> tuple[frozenset[bytes], bytes]:
    """The names and the lines of fields that many answers share."""
    return frozenset(name for name, _ in own) - _ADDED_TO, b"".join(line_of(*header) for header in own)


def with_own(passed: Sequence[Header], own: tuple[Header, ...]) -> bytes:
    """The lines of an answer: what is passed on, and `own` where that has not set it already."""
    names, lines = lines_of(own)
    said = [name for name, _ in passed if name in names]
    if said:
        lines = b"".join(line_of(*header) for header in own if header[0] not in said)
    return b"".join([b"%b: %b\r\n" % header for header in passed]) + lines
