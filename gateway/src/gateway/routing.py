"""What a row of the route table is, and how a request finds its row."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from common.capabilities import Capability
from gateway.errors import MethodNotAllowed, NoSuchRoute
from gateway.limits import NETWORK, PUBLIC_READ, PUBLIC_WRITE, READ, WRITE, RateClass

KB = 1024
MB = 1024 * KB
JSON_BODY = 64 * KB
SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whoever is signed in; the service decides by the row at hand. The reason says why no capability fits."""

    reason: str


@dataclass(frozen=True, slots=True)
class Public:
    """Everyone. `knows_caller`: a token is looked at where one is sent (a draft is shown to its team); otherwise it is
    dropped unread, so that an expired one never stands in the way of refreshing it."""

    reason: str
    knows_caller: bool = False


Who = Capability | SignedIn | Public


@dataclass(frozen=True, slots=True)
class Cache:
    """How long callers without a sign-in may get an answer from memory, in seconds. The service may shorten each.

    Nothing is ever thrown out early: what was changed is seen `fresh + stale` seconds later at the latest, or `away`
    seconds later while the service cannot be reached.
    """

    fresh: int
    """Given as it is."""
    stale: int = 0
    """Given at once beyond that, while one request fetches the next."""
    away: int = 300
    """Given beyond that only when the service is away or failing."""
    varies: tuple[bytes, ...] = ()
    """The header fields (lower case) of a request that go on to the service and tell answers apart; no other field
    does either, so that nobody can plant an answer for others."""


@dataclass(frozen=True, slots=True)
class Deprecated:
    """A route on its way out: RFC 9745 and RFC 8594."""

    since: datetime
    sunset: datetime | None = None
    """When it ends: from then on the answer is a 410."""
    successor: str | None = None
    """The address that takes its place."""
    link: str | None = None
    """Where people read about it."""

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or (self.sunset is not None and self.sunset.tzinfo is None):
            raise ValueError("the dates of a deprecated route name their zone")
        if self.sunset is not None and self.sunset < self.since:
            raise ValueError("a route ends after it is deprecated, not before")


@dataclass(frozen=True, slots=True)
class Row:
    """One route: who may call it and what it may cost.

    `body_limit` is in bytes, `timeout` in seconds until the answer begins. `rate` follows from `who` unless given;
    `velocity` are tighter classes of the route's own, counted beside it.
    `any_app`: answered also to an app that the client policy finds too old.
    `compressed`: its answers hold no secret beside what callers wrote, so their size may tell how they repeat.
    `hedge`: a second replica is asked as soon as the first takes longer than is usual here.
    """

    method: str
    path: str
    service: str
    who: Who
    body_limit: int = -1
    rate: RateClass | None = None
    timeout: float = SECONDS
    key_needed: bool = False
    any_app: bool = False
    cache: Cache | None = None
    compressed: bool = False
    hedge: bool = False
    deprecated: Deprecated | None = None
    velocity: tuple[RateClass, ...] = ()
    limit: RateClass = field(init=False)
    policies: tuple[RateClass, ...] = field(init=False)
    """Every class a caller's request counts for."""
    policies_of_strangers: tuple[RateClass, ...] = field(init=False)
    """The same for a request by nobody known, or turned away at the door."""

    def __post_init__(self) -> None:
        reading = self.method in ("GET", "HEAD")
        if self.hedge and self.method != "GET":
            raise ValueError(f"only reads are asked for twice, not {self.method} {self.path}")
        if self.cache is not None:
            if self.method != "GET" or not isinstance(self.who, Public):
                raise ValueError(f"only public reads are cached, not {self.method} {self.path}")
            object.__setattr__(self, "compressed", True)  # what everyone gets holds no secret
        if self.body_limit < 0:
            object.__setattr__(self, "body_limit", 0 if reading else JSON_BODY)
        public = isinstance(self.who, Public)
        usual = (PUBLIC_READ if public else READ) if reading else (PUBLIC_WRITE if public else WRITE)
        object.__setattr__(self, "limit", self.rate or usual)
        self._set_policies(READ if reading else WRITE)

    def _set_policies(self, usual: RateClass) -> None:
        """On a public route a caller who is known has a quota of their own, whatever others of the network use up."""
        known = isinstance(self.who, Public) and self.who.knows_caller and self.rate is None
        mine = (usual if known else self.limit, *self.velocity, NETWORK)
        strangers = (self.limit, *self.velocity, NETWORK) if isinstance(self.who, Public) else (NETWORK,)
        object.__setattr__(self, "policies", mine)
        object.__setattr__(self, "policies_of_strangers", strangers)


_PARAMETER = re.compile(r"(?P<prefix>[^{}]*)\{[A-Za-z]+\}\Z")


class _Node:
    """One segment of the tree of paths."""

    __slots__ = ("named", "prefixed", "rows")

    def __init__(self) -> None:
        self.named: dict[str, _Node] = {}
        self.prefixed: dict[str, _Node] = {}
        self.rows: dict[str, Row] = {}

    def child(self, segment: str) -> "_Node":
        parameter = _PARAMETER.match(segment)
        if parameter is None:
            return self.named.setdefault(segment, _Node())
        node = self.prefixed.setdefault(parameter["prefix"], _Node())
        self.prefixed = dict(sorted(self.prefixed.items(), key=lambda item: -len(item[0])))
        return node

    def find(self, segments: list[str], depth: int) -> "_Node | None":
        """The node of a path. What is written out wins over a parameter, a longer prefix over a shorter one."""
        if depth == len(segments):
            return self if self.rows else None
        segment = segments[depth]
        named = self.named.get(segment)
        found = named.find(segments, depth + 1) if named is not None else None
        if found is not None:
            return found
        for prefix, node in self.prefixed.items():
            if segment.startswith(prefix) and len(segment) > len(prefix):
                found = node.find(segments, depth + 1)
                if found is not None:
                    return found
        return None


class Router:
    """The table, made ready for look-ups. HEAD is answered wherever GET is."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = tuple(rows)
        self._root = _Node()
        self._plain = {(row.method, row.path.encode()): row for row in self.rows if "{" not in row.path}
        for row in self.rows:
            node = self._root
            for segment in row.path.split("/")[1:]:
                node = node.child(segment)
            if row.method in node.rows:
                raise ValueError(f"two rows for {row.method} {row.path}")
            node.rows[row.method] = row

    def become(self, other: "Router") -> None:
        """From now on requests find the rows of another table, all of them at once."""
        self.rows, self._root, self._plain = other.rows, other._root, other._plain  # noqa: SLF001 - one of its own kind

    def plain(self, method: str, raw_path: bytes) -> Row | None:
        """The row of a path that is written in the table letter for letter; the usual case, and nothing to decode."""
        return self._plain.get((method, raw_path))

    def find(self, method: str, path: str) -> Row:
        """The row of a request.

        Raises:
            NoSuchRoute: no row has this path.
            MethodNotAllowed: rows have the path, with other methods, named in `details["allow"]`.
        """
        node = self._root.find(path.split("/"), 1)
        if node is None:
            raise NoSuchRoute()
        row = node.rows.get("GET" if method == "HEAD" else method)
        if row is None:
            allowed = sorted(node.rows) + (["HEAD"] if "GET" in node.rows else [])
            raise MethodNotAllowed(method=method, allow=", ".join(sorted(allowed)))
        return row


def shape(path: str) -> str:
    """A path template without the names of its parameters, for comparing tables written by different hands."""
    return re.sub(r"\{[^}]*\}", "{}", path)
