"""What a row of the route table is, and how a request finds its row."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from common.capabilities import Capability
from gateway.errors import MethodNotAllowed, NoSuchRoute
from gateway.limits import PUBLIC_READ, PUBLIC_WRITE, READ, WRITE, RateClass

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
class Row:
    """One route: who may call it and what it may cost.

    `body_limit` is in bytes, `timeout` in seconds until the answer begins. `rate` follows from `who` unless given.
    """

    method: str
    path: str
    service: str
    who: Who
    body_limit: int = -1
    rate: RateClass | None = None
    timeout: float = SECONDS
    key_needed: bool = False
    limit: RateClass = field(init=False)

    def __post_init__(self) -> None:
        reading = self.method in ("GET", "HEAD")
        if self.body_limit < 0:
            object.__setattr__(self, "body_limit", 0 if reading else JSON_BODY)
        public = isinstance(self.who, Public)
        usual = (PUBLIC_READ if public else READ) if reading else (PUBLIC_WRITE if public else WRITE)
        object.__setattr__(self, "limit", self.rate or usual)


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
        for row in self.rows:
            node = self._root
            for segment in row.path.split("/")[1:]:
                node = node.child(segment)
            if row.method in node.rows:
                raise ValueError(f"two rows for {row.method} {row.path}")
            node.rows[row.method] = row

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
