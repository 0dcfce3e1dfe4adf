"""What is asked, as far as it makes a difference: the part of a request that goes on to the service, and the key."""

from dataclasses import dataclass

from gateway.cache.store import Key
from gateway.exchange import Exchange
from gateway.headers import Header
from gateway.routing import Cache, Public, Row

_FOR_THE_SERVICE = frozenset({b"range", b"if-match", b"if-unmodified-since"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request without its caller."""

    row: Row
    cache: Cache
    key: Key
    target: bytes
    fields: list[Header]


def may_be_shared(exchange: Exchange, row: Row) -> bool:
    """Whether a request may be answered with what others get, too. Its row has `cache`.

    A caller's own Cache-Control is not obeyed: nobody can make the gateway ask a service more often than the row says.
    """
    if exchange.inbound.has_body:
        return False
    if isinstance(row.who, Public) and row.who.knows_caller and exchange.inbound.authorization:
        return False  # told by the field, not the caller found: who cannot be looked up now is not nobody
    return not any(name in _FOR_THE_SERVICE for name, _ in exchange.inbound.fields)


def asked_by(exchange: Exchange, row: Row) -> Asked:
    """What a request asks for."""
    assert row.cache is not None
    path, query = exchange.raw_path, ordered_query(exchange.query)
    fields = [(name, _value(exchange, name)) for name in row.cache.varies]
    target = path + b"?" + query if query else path
    sent = [field for field in fields if field[1]]
    return Asked(row, row.cache, (path, query, *(value for _, value in fields)), target, sent)


def ordered_query(query: bytes) -> bytes:
    """The query with its parameters in the order of their names; those of one name keep theirs, which may matter."""
    parts = [part for part in query.split(b"&") if part]
    parts.sort(key=lambda part: part.partition(b"=")[0])
    return b"&".join(parts)


def _value(exchange: Exchange, name: bytes) -> bytes:
    return b", ".join(value for field, value in exchange.inbound.fields if field == name)
