"""Which header fields cross the gateway, in both directions.

Inward: nothing that says who is asking or where from may come from the client, in any spelling; nothing that belongs to
one hop goes to the next (RFC 9110 section 7.6.1). Outward: the same hygiene, and the security headers every answer carries.
"""

import time
from collections.abc import Callable, Sequence
from email.utils import formatdate
from functools import lru_cache

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
_WATCHED = _HOP_BY_HOP | _CORS | {b"server", b"date", b"content-length"}
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


class Inbound:
    """The fields of a request, sorted as they come: what goes on to the service, and what the gateway itself needs."""

    __slots__ = (
        "_named",
        "accepts",
        "app",
        "authorization",
        "chunked",
        "closes",
        "expects_continue",
        "fields",
        "forwarded_for",
        "hosts",
        "idempotency_key",
        "kept",
        "length",
        "odd_coding",
        "origin",
        "traceparent",
    )

    def __init__(self) -> None:
        self.fields: list[Header] = []
        """All of them, with names in lower case."""
        self.kept: list[Header] = []
        """Those a service may see, save what a Connection field names."""
        self.length: int | None = None
        self.accepts: bytes | None = None
        """The encodings the client takes."""
        self.app = False
        """Whether an app says what it is."""
        self.chunked = self.odd_coding = False
        self.closes = False
        self.expects_continue = False
        self.hosts: list[bytes] = []
        self.authorization: list[bytes] = []
        self.idempotency_key: list[bytes] = []
        self.forwarded_for: bytes | None = None
        self.origin: bytes | None = None
        """The page that asks; of two, a list that matches none."""
        self.traceparent: bytes | None = None
        self._named: frozenset[bytes] = frozenset()

    @property
    def has_body(self) -> bool:
        """Whether a body follows the headers."""
        return self.chunked or bool(self.length)

    @property
    def framed(self) -> bool:
        """Whether anything is said about a body, be it an empty one."""
        return self.chunked or self.length is not None

    def lines(self) -> bytes:
        """What goes on to the service, as lines with their ends."""
        kept = self.kept
        if self._named:
            kept = [field for field in kept if field[0] not in self._named]
        return b"".join([b"%b: %b\r\n" % field for field in kept])

    def get(self, wanted: bytes) -> bytes | None:
        """The first value of a field, by its name in lower case."""
        for name, value in self.fields:
            if name == wanted:
                return value
        return None

    def take(self, name: bytes, value: bytes) -> None:
        """Sort one field in."""
        known = _KNOWN.get(name) or _learn(name)
        name, note = known
        field = (name, value)
        self.fields.append(field)
        if note is None:
            self.kept.append(field)
        elif note is not _drop:
            note(self, field)


Note = Callable[[Inbound, Header], None]


def _drop(inbound: Inbound, field: Header) -> None:
    """Neither kept nor noted."""


def _authorization(inbound: Inbound, field: Header) -> None:
    inbound.authorization.append(field[1])


def _host(inbound: Inbound, field: Header) -> None:
    inbound.hosts.append(field[1])


def _length(inbound: Inbound, field: Header) -> None:
    inbound.length = int(field[1])


def _coding(inbound: Inbound, field: Header) -> None:
    inbound.odd_coding |= inbound.chunked or field[1].lower() != b"chunked"
    inbound.chunked = True


def _connection(inbound: Inbound, field: Header) -> None:
    names = {token.strip().lower() for token in field[1].split(b",")}
    inbound.closes |= b"close" in names
    inbound._named |= names - _OF_CONNECTION  # noqa: SLF001  # the other half of the class


def _expect(inbound: Inbound, field: Header) -> None:
    inbound.expects_continue = field[1].lower() == b"100-continue"


def _traceparent(inbound: Inbound, field: Header) -> None:
    inbound.traceparent = field[1]


def _accepts(inbound: Inbound, field: Header) -> None:
    inbound.accepts = field[1] if inbound.accepts is None else inbound.accepts + b"," + field[1]
    inbound.kept.append(field)


def _origin(inbound: Inbound, field: Header) -> None:
    inbound.origin = field[1] if inbound.origin is None else inbound.origin + b", " + field[1]
    inbound.kept.append(field)


def _app(inbound: Inbound, field: Header) -> None:
    inbound.app = True
    inbound.kept.append(field)


def _key(inbound: Inbound, field: Header) -> None:
    inbound.idempotency_key.append(field[1])
    inbound.kept.append(field)


def _forwarded_for(inbound: Inbound, field: Header) -> None:
    before = inbound.forwarded_for
    inbound.forwarded_for = field[1] if before is None else before + b"," + field[1]


_NOTES: dict[bytes, Note] = {
    b"authorization": _authorization,
    b"host": _host,
    b"content-length": _length,
    b"transfer-encoding": _coding,
    b"connection": _connection,
    b"expect": _expect,
    b"traceparent": _traceparent,
    b"idempotency-key": _key,
    b"x-forwarded-for": _forwarded_for,
    b"accept-encoding": _accepts,
    b"origin": _origin,
    b"x-app-platform": _app,
    b"x-app-version": _app,
    b"x-app-build": _app,
}
_KNOWN: dict[bytes, tuple[bytes, Note | None]] = {}
"""Names as clients write them: in lower case, and what is done with the field. Bounded, since clients write anything."""
_KNOWN_AT_MOST = 2_000


def _learn(name: bytes) -> tuple[bytes, Note | None]:
    lower = name.lower()
    known = (lower, _note_for(lower))
    if len(_KNOWN) < _KNOWN_AT_MOST:
        _KNOWN[name] = known
    return known


def _note_for(name: bytes) -> Note | None:
    note = _NOTES.get(name)
    if note is None and (name in _KEPT_BACK or b"_" in name or name.startswith(_IDENTITY_PREFIXES)):
        return _drop
    return note


@lru_cache(maxsize=256)
def _named_by(connection: bytes) -> frozenset[bytes]:
    """The fields that a Connection field declares to be for this hop alone."""
    return frozenset(token.strip().lower() for token in connection.split(b",")) - _OF_CONNECTION


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


def line_of(name: bytes, value: bytes) -> bytes:
    """One field as it is sent."""
    return b"%b: %b\r\n" % (name, value)


def with_own(passed: Sequence[Header], own: tuple[Header, ...]) -> bytes:
    """The lines of an answer: what is passed on, and `own` where that has not set it already."""
    names, lines = lines_of(own)
    said = [name for name, _ in passed if name in names]
    if said:
        lines = b"".join(line_of(*header) for header in own if header[0] not in said)
    return b"".join([b"%b: %b\r\n" % header for header in passed]) + lines


def date_line() -> bytes:
    """The Date field, written once a second."""
    return _date_line(int(time.time()))


@lru_cache(maxsize=2)
def _date_line(second: int) -> bytes:
    return line_of(b"date", formatdate(second, usegmt=True).encode())
