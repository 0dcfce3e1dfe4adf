"""What may be kept and for how long: the row offers seconds, the service may shorten or refuse each (RFC 9111, RFC 5861)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.headers import Header
from gateway.routing import Cache

_DIRECTIVE = re.compile(rb'([A-Za-z0-9-]+)(?:=(?:"([^"]*)"|([^\s,"]*)))?')
_NEVER = frozenset({b"no-store", b"no-cache", b"private"})
_NEVER_STALE = frozenset({b"must-revalidate", b"proxy-revalidate", b"s-maxage"})
"""Source: RFC 9111 section 5.2.2.10 for s-maxage, which means proxy-revalidate as well."""
_VARIES_ANYWAY = frozenset({b"accept-encoding", b"origin"})
"""Neither reaches the service: the gateway encodes, and speaks to other origins, itself."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """Seconds from when an answer was asked for; as in `routing.Cache`."""

    fresh: int
    stale: int
    away: int

    @property
    def whole(self) -> int:
        """After this many seconds nobody gets the answer any more."""
        return self.fresh + max(self.stale, self.away)


def directives(headers: Iterable[Header]) -> dict[bytes, bytes]:
    """The Cache-Control directives of an answer, lower case; of one given twice the first (RFC 9111 section 4.2.1)."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name == b"cache-control":
            for directive, quoted, bare in _DIRECTIVE.findall(value):
                found.setdefault(directive.lower(), quoted or bare)
    return found


def may_share(cache: Cache, headers: Sequence[Header]) -> bool:
    """Whether others who asked the same may get this answer at all."""
    names = {name for name, _ in headers}
    if names & {b"set-cookie", b"content-encoding", b"content-range"} or directives(headers).keys() & _NEVER:
        return False
    return _varies_by(headers) <= _VARIES_ANYWAY.union(cache.varies)


def lifetime_of(cache: Cache, status: int, headers: Sequence[Header]) -> Lifetime | None:
    """How long an answer may be kept, or None for not at all. Only whole answers of status 200 are."""
    if status != 200 or not may_share(cache, headers):
        return None
    said = directives(headers)
    fresh = _shorter(cache.fresh, said, b"s-maxage" if b"s-maxage" in said else b"max-age")
    if fresh <= 0:
        return None
    if said.keys() & _NEVER_STALE:
        return Lifetime(fresh, 0, 0)
    return Lifetime(
        fresh,
        _shorter(cache.stale, said, b"stale-while-revalidate"),
        _shorter(cache.away, said, b"stale-if-error"),
    )


def _varies_by(headers: Iterable[Header]) -> set[bytes]:
    """`*` is no field of any row, and so is never allowed."""
    listed = (value.split(b",") for name, value in headers if name == b"vary")
    return {field.strip().lower() for values in listed for field in values if field.strip()}


def _shorter(offered: int, said: Mapping[bytes, bytes], directive: bytes) -> int:
    """The seconds offered, or those said where they are fewer. What cannot be read is none (RFC 9111 section 4.2.1)."""
    value = said.get(directive)
    if value is None:
        return offered
    return min(offered, int(value)) if re.fullmatch(rb"[0-9]{1,10}", value) else 0
