"""The machine at the other end, as far as it is known: where a request came from and what it calls itself."""

import ipaddress
from dataclasses import dataclass

LOOPBACK = "loopback"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Client:
    """`address` is what the gateway saw, `network` what is counted as one, `device` the user agent."""

    address: str | None
    network: str
    device: str | None


def network_of(address: str | None) -> str:
    """What is counted as one network: an IPv4 address, the /64 of an IPv6 address, or `loopback`."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return UNKNOWN
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed.is_loopback:
        return LOOPBACK
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
