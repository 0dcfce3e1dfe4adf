"""Whose request it is as far as addresses tell: the client behind our proxies, and the network it counts for."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address

LOOPBACK = "loopback"
UNKNOWN = "unknown"

_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 as a translator shows it (RFC 6052); as IPv6 all of it would be one network."""
_HOP = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)\]|(?P<four>[0-9.]+))(?::[0-9]{1,5})?\Z|(?P<bare>[0-9A-Fa-f:.]+)\Z"
)


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """What is counted as one network: an IPv4 address, the /64 of an IPv6 address, or `loopback`."""
    parsed = _parsed(address)
    if parsed is None:
        return UNKNOWN
    if parsed.is_loopback:
        return LOOPBACK
    if isinstance(parsed, IPv6Address):
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)


def client_address(peer: str, forwarded_for: str | None, trusted: "TrustedProxies") -> str:
    """The client's address: right to left through `X-Forwarded-For`, past trusted hops only.

    What stands left of the first address that is no proxy of ours is whatever the client wrote. At anything that is no
    address the walk ends at the nearest hop that was one: garbage never makes a request anonymous.
    """
    if forwarded_for is None or not trusted.holds(peer):
        return peer
    nearest = peer
    for entry in reversed(forwarded_for.split(",")):
        hop = _hop(entry)
        if hop is None:
            return nearest
        nearest = hop
        if not trusted.holds(hop):
            return hop
    return nearest


@lru_cache(maxsize=10_000)
def _hop(entry: str) -> str | None:
    """An entry as proxies write them: bare, or with a port, IPv6 then in brackets; the address in its usual form."""
    found = _HOP.match(entry.strip(" \t"))
    parsed = _parsed(found["six"] or found["four"] or found["bare"]) if found else None
    return None if parsed is None else str(parsed)


def _parsed(address: str) -> Address | None:
    """An address; IPv4 inside IPv6 is IPv4. A zone says nothing beyond one link."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return parsed.ipv4_mapped
        if parsed in _TRANSLATED:
            return IPv4Address(int(parsed) & 0xFFFFFFFF)
    return parsed


class TrustedProxies:
    """The networks whose `X-Forwarded-For` is believed."""

    def __init__(self, networks: tuple[str, ...] = ()) -> None:
        self._networks = tuple(ip_network(network) for network in networks)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def holds(self, address: str) -> bool:
        """Whether the address is one of ours."""
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)
