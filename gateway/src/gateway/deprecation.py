"""Routes on their way out: told ahead on each answer (RFC 9745, RFC 8594), refused with their successor's name after."""

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from gateway.errors import RouteRetired
from gateway.headers import Header
from gateway.routing import Deprecated


@lru_cache(maxsize=100)
def headers_of(deprecated: Deprecated) -> tuple[Header, ...]:
    """What each answer of the route says."""
    headers: list[Header] = [(b"deprecation", b"@%d" % int(deprecated.since.timestamp()))]
    if deprecated.sunset is not None:
        headers.append((b"sunset", format_datetime(deprecated.sunset.astimezone(UTC), usegmt=True).encode()))
    if deprecated.successor is not None:
        headers.append((b"link", b'<%b>; rel="successor-version"' % deprecated.successor.encode()))
    if deprecated.link is not None:
        headers.append((b"link", b'<%b>; rel="deprecation"; type="text/html"' % deprecated.link.encode()))
    return tuple(headers)


def check_sunset(deprecated: Deprecated, now: datetime) -> None:
    """Raises RouteRetired once the route's last moment has come."""
    if deprecated.sunset is None or now < deprecated.sunset:
        return
    if deprecated.successor is None:
        raise RouteRetired(instead="Nothing takes its place.")
    raise RouteRetired(instead=f"Use {deprecated.successor}.", successor=deprecated.successor)
