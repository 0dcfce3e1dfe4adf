"""Which other sites' pages may call the gateway from a browser: an exact list, told by the header fields of CORS.

Callers prove who they are with a bearer token, never with a cookie, so credentials in the sense of CORS are granted to
nobody: a page elsewhere gets no more from a visitor's browser than it would get by itself.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from gateway.exchange import Exchange
from gateway.headers import Header, Inbound

KEPT_SECONDS = 7200
"""How long a browser may remember a preflight; no browser keeps one for longer than a day, Chromium for this."""

_ACCEPTED = (
    b"authorization, content-type, idempotency-key, if-match, if-none-match, last-event-id, traceparent, "
    b"x-app-build, x-app-platform, x-app-version"
)
_SHOWN = (
    b"deprecation, etag, idempotency-replayed, link, location, ratelimit, ratelimit-policy, retry-after, sunset, "
    b"x-request-id"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """The origin of an address as browsers write it: lower case, without a default port.

    Raises:
        ValueError: it has none, or is a pattern.
    """
    parts = urlsplit(url.strip())
    host, port = parts.hostname, parts.port
    if parts.scheme not in _DEFAULT_PORTS or not host or "*" in host or parts.username is not None:
        raise ValueError(f"an origin is http(s)://host[:port], not {url!r}")
    host = f"[{host}]" if ":" in host else host
    suffix = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def listed_origin(text: str) -> str:
    """An origin as settings list it: like `origin_of`, and nothing behind it."""
    origin = origin_of(text)
    parts = urlsplit(text.strip())
    if parts.path or parts.query or parts.fragment:
        raise ValueError(f"an origin has no path: {text!r}")
    return origin


class Cors:
    """Knows the origins, and what each answer says to them."""

    def __init__(self, origins: Iterable[str], beside: tuple[Header, ...] = ()) -> None:
        """
        Args:
            origins: as `origin_of` gives them.
            beside: what every answer says anyway; joined here once instead of for each request.
        """
        self._usual: tuple[Header, ...] = (*beside, (b"vary", b"origin"))
        self._granted: dict[bytes, tuple[Header, ...]] = {
            origin.encode(): (
                *self._usual,
                (b"access-control-allow-origin", origin.encode()),
                (b"access-control-expose-headers", _SHOWN),
            )
            for origin in origins
        }

    def headers_for(self, inbound: Inbound) -> tuple[Header, ...]:
        """What every answer to a request says. Without an origin, too, it may differ by it."""
        origin = inbound.origin
        return self._usual if origin is None else self._granted.get(origin, self._usual)

    def is_preflight(self, exchange: Exchange) -> bool:
        """Whether a browser asks beforehand what a page may send."""
        if exchange.method != "OPTIONS":
            return False
        inbound = exchange.inbound
        return inbound.origin is not None and inbound.get(b"access-control-request-method") is not None

    async def answer_preflight(self, exchange: Exchange, allow: str) -> None:
        """Answer it: 204, with a grant for origins of the list only.

        Args:
            allow: the methods of the address, as the Allow field lists them.
        """
        if self.headers_for(exchange.inbound) is not self._usual:
            exchange.headers += (
                (b"access-control-allow-methods", allow.encode()),
                (b"access-control-allow-headers", _ACCEPTED),
                (b"access-control-max-age", b"%d" % KEPT_SECONDS),
            )
        await exchange.begin_answer(204, [(b"allow", allow.encode()), (b"cache-control", b"no-store")])
        await exchange.send_body(b"", more=False)
