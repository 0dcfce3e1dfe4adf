"""Which header fields cross the gateway, in both directions.

Inward: nothing that says who is asking or where from may come from the client, in any spelling; nothing that belongs to
one hop goes to the next (RFC 9110 section 7.6.1). Outward: the same hygiene, and the security headers every answer carries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Header = tuple[bytes, bytes]

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_IDENTITY = frozenset(
    {
        b"authorization",
        b"client-ip",
        b"forwarded",
        b"true-client-ip",
        b"via",
        b"x-client-ip",
        b"x-http-method-override",
        b"x-original-url",
        b"x-real-ip",
        b"x-request-id",
        b"x-rewrite-url",
    }
)
_IDENTITY_PREFIXES = (b"x-user", b"x-internal", b"x-forwarded", b"x-lanyard", b"x-auth", b"x-remote")
_TRACE = frozenset({b"traceparent", b"tracestate", b"baggage"})
_REPLACED = frozenset({b"host", b"content-length", b"expect"})
_KEPT_BACK = _HOP_BY_HOP | _IDENTITY | _TRACE | _REPLACED
_OF_CONNECTION = frozenset({b"", b"close", b"keep-alive"})
_NOT_PASSED_OUT = _HOP_BY_HOP | {b"server", b"date"}

CLOSE: Header = (b"connection", b"close")

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


@dataclass(slots=True)
class Inbound:
    """The fields of a request, read once: what goes on, and what the gateway itself needs."""

    lines: list[bytes] = field(default_factory=list)
    """What goes on to the service, as `name: value` lines."""
    length: int | None = None
    chunked: bool = False
    authorization: list[bytes] = field(default_factory=list)
    idempotency_key: list[bytes] = field(default_factory=list)
    forwarded_for: bytes | None = None
    traceparent: bytes | None = None

    @property
    def has_body(self) -> bool:
        """Whether a body follows the headers."""
        return self.chunked or bool(self.length)


def read_request(headers: Iterable[Header]) -> Inbound:
    """Sort the fields of a request. Names are lower case, and the edge has seen to it that the framing is sound."""
    inbound = Inbound()
    named: frozenset[bytes] = frozenset()
    kept: list[Header] = []
    for header in headers:
        name, value = header
        if name in _KEPT_BACK:
            if name == b"connection":
                named |= _named_by(value)
            else:
                _note(inbound, name, value)
        elif b"_" in name or name.startswith(_IDENTITY_PREFIXES):
            if name == b"x-forwarded-for":
                inbound.forwarded_for = value if inbound.forwarded_for is None else inbound.forwarded_for + b"," + value
        else:
            if name == b"idempotency-key":
                inbound.idempotency_key.append(value)
            kept.append(header)
    inbound.lines = [name + b": " + value for name, value in kept if name not in named]
    return inbound


def _note(inbound: Inbound, name: bytes, value: bytes) -> None:
    if name == b"authorization":
        inbound.authorization.append(value)
    elif name == b"content-length":
        inbound.length = int(value)
    elif name == b"transfer-encoding":
        inbound.chunked = True
    elif name == b"traceparent":
        inbound.traceparent = value


def _named_by(connection: bytes) -> frozenset[bytes]:
    """The fields that a Connection field declares to be for this hop alone."""
    return frozenset(token.strip().lower() for token in connection.split(b",")) - _OF_CONNECTION


def pass_out(headers: Sequence[Header], status: int, own: Iterable[Header]) -> list[Header]:
    """The fields of an answer as the client gets them: those of the service, then `own` and the security headers where
    the service has not set them itself."""
    named: frozenset[bytes] = frozenset()
    present = set()
    kept: list[Header] = []
    for header in headers:
        name = header[0]
        if name in _NOT_PASSED_OUT:
            if name == b"connection":
                named |= _named_by(header[1])
            continue
        if name == b"content-length" and status in (204, 304):
            continue
        present.add(name)
        kept.append(header)
    if named:
        kept = [header for header in kept if header[0] not in named]
    kept.extend(header for header in own if header[0] not in present)
    return kept
