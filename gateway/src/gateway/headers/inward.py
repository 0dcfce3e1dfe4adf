"""The fields of a request: sorted as they come, by what goes on to the service and what the gateway itself needs."""

from collections.abc import Callable

from gateway.headers.fields import HOP_BY_HOP, OF_CONNECTION, Header

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
_KEPT_BACK = HOP_BY_HOP | _IDENTITY | _TRACE | _REPLACED


class Inbound:
    """The fields of a request, sorted as they come: what goes on to the service, and what the gateway itself needs."""

    __slots__ = (
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
        "of_this_hop",
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
        self.of_this_hop: frozenset[bytes] = frozenset()

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
        if self.of_this_hop:
            kept = [field for field in kept if field[0] not in self.of_this_hop]
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
    inbound.of_this_hop |= names - OF_CONNECTION


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
