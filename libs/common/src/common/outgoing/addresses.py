"""Which network addresses belong to hosts on the public internet.

Everything that connects to an address a person typed asks here first, so that nobody can make the platform speak to
its own database, a cloud's metadata service or a neighbour in the same network.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from common.outgoing.answers import DestinationRefused

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Given a host name and a port, the addresses behind it as text. Raises OSError when there are none."""

# The IANA special-purpose registries (RFC 6890 and its updates). Kept here, and not left to `is_global`, because what
# that says of an address has changed between versions of Python.
_NOT_PUBLIC_V4: Final = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
# Only 2000::/3 is handed out to the public internet; inside it, ranges that tunnel to IPv4 or serve no host. Everything
# else (loopback, mapped and translated IPv4, link-local, unique local, multicast) lies outside.
_PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_V6: Final = tuple(
    ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)


def is_public(address: str) -> bool:
    """Whether `address` (IPv4 or IPv6 as text) belongs to a host on the public internet."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _NOT_PUBLIC_V4)
    return parsed.scope_id is None and parsed in _PUBLIC_V6 and not any(parsed in network for network in _NOT_PUBLIC_V6)


def is_address(host: str) -> bool:
    """Whether `host` is an address itself, and no name to look up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def system_lookup(host: str, port: int) -> Sequence[str]:
    """Ask the operating system for every address of `host`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]


class PinnedLookup(AbstractResolver):
    """Hands aiohttp the very addresses that were checked: a name cannot change its meaning in between."""

    def __init__(self, lookup: Lookup, *, guarded: bool) -> None:
        self._lookup = lookup
        self._guarded = guarded

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host`. Raises DestinationRefused when one of them is not public, OSError without any."""
        addresses = list(dict.fromkeys(await self._lookup(host, port)))
        if not addresses:
            raise OSError(f"no address for {host}")
        if self._guarded and not all(is_public(address) for address in addresses):
            raise DestinationRefused(host=host, reason="it is not on the public internet")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """There is nothing to let go of."""
