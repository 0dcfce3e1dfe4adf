"""How often one caller, or one network, may ask: rate classes counted in memory, told by the fields of the RateLimit draft.

A window begins with the first request of a key and ends `seconds` later, so a policy of 100 in 60 s lets exactly 100 pass
before the first refusal. Source: draft-ietf-httpapi-ratelimit-headers-10.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

MAX_KEYS = 100_000
"""Keys remembered at once; beyond it the oldest windows are forgotten first."""

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class RateClass:
    """So many requests in so many seconds, for each principal or (`per_network`) for each network."""

    name: str
    requests: int
    seconds: int
    per_network: bool = False


READ = RateClass("read", 1200, 60)
WRITE = RateClass("write", 300, 60)
UPLOAD = RateClass("upload", 60, 60)
BUY = RateClass("buy", 60, 60)
SCAN = RateClass("scan", 1200, 60)
PUBLIC_READ = RateClass("public-read", 1200, 60, per_network=True)
PUBLIC_WRITE = RateClass("public-write", 60, 60, per_network=True)
SIGN_IN = RateClass("sign-in", 60, 60, per_network=True)
MACHINE = RateClass("machine", 1200, 60, per_network=True)

CLASSES = (READ, WRITE, UPLOAD, BUY, SCAN, PUBLIC_READ, PUBLIC_WRITE, SIGN_IN, MACHINE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request passes, and what the caller is told either way."""

    passes: bool
    headers: tuple[Header, ...]
    retry_after: int = 0
    """Seconds, when it does not pass."""


class Limits:
    """The counters of one gateway process."""

    def __init__(
        self, overrides: Mapping[str, tuple[int, int]] | None = None, *, exempt_loopback: bool = False
    ) -> None:
        """
        Args:
            overrides: class name → (requests, seconds), for deployments that need other numbers.
            exempt_loopback: leave this machine's own address out of what is counted per network (the devstack).
        """
        given = overrides or {}
        unknown = set(given) - {each.name for each in CLASSES}
        if unknown:
            raise ValueError(f"no such rate class: {', '.join(sorted(unknown))}")
        self._numbers = {each.name: given.get(each.name, (each.requests, each.seconds)) for each in CLASSES}
        self._policies = {
            name: (b"ratelimit-policy", b'"%b";q=%d;w=%d' % (name.encode(), requests, seconds))
            for name, (requests, seconds) in self._numbers.items()
        }
        self._exempt_loopback = exempt_loopback
        self._windows: dict[tuple[str, str], list[float]] = {}

    def check(self, rate: RateClass, principal: str | None, network: str, now: float) -> Verdict | None:
        """Count one request; None when nothing limits it.

        Args:
            principal: who asks (a user, device or key id), or None.
            network: what `network_of` says of the client's address.
            now: seconds of a clock that never goes back.
        """
        if rate.per_network or principal is None:
            if self._exempt_loopback and network == LOOPBACK:
                return None
            key = (rate.name, network)
        else:
            key = (rate.name, principal)
        return self._count(key, now)

    def _count(self, key: tuple[str, str], now: float) -> Verdict:
        requests, seconds = self._numbers[key[0]]
        window = self._windows.get(key)
        if window is None or now >= window[0]:
            self._windows.pop(key, None)
            self._make_room()
            window = self._windows[key] = [now + seconds, 0]
        reset = max(1, int(window[0] - now + 0.999))
        if window[1] >= requests:
            return Verdict(passes=False, headers=self._headers(key[0], 0, reset), retry_after=reset)
        window[1] += 1
        return Verdict(passes=True, headers=self._headers(key[0], requests - int(window[1]), reset))

    def _headers(self, name: str, remaining: int, reset: int) -> tuple[Header, ...]:
        return self._policies[name], (b"ratelimit", b'"%b";r=%d;t=%d' % (name.encode(), remaining, reset))

    def _make_room(self) -> None:
        if len(self._windows) >= MAX_KEYS:
            for key in list(self._windows)[: MAX_KEYS // 10]:
                del self._windows[key]


LOOPBACK = "loopback"


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """What is counted as one network: an IPv4 address, the /64 of an IPv6 address, or `loopback`."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed.is_loopback:
        return LOOPBACK
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def client_address(peer: str, forwarded_for: str | None, trusted: "TrustedProxies") -> str:
    """The client's address: right to left through `X-Forwarded-For`, past trusted hops only.

    The leftmost entries are whatever the client wrote, so the first address that is no proxy of ours is believed.
    """
    if forwarded_for is None or not trusted.holds(peer):
        return peer
    nearest = peer
    for hop in reversed(forwarded_for.split(",")):
        candidate = hop.strip()
        try:
            ipaddress.ip_address(candidate)
        except ValueError:
            return nearest
        nearest = candidate
        if not trusted.holds(candidate):
            return candidate
    return nearest


class TrustedProxies:
    """The networks whose `X-Forwarded-For` is believed."""

    def __init__(self, networks: tuple[str, ...] = ()) -> None:
        self._networks = tuple(ipaddress.ip_network(network) for network in networks)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def holds(self, address: str) -> bool:
        """Whether the address is one of ours."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)
