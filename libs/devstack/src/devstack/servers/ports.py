"""Which ports are free, and who holds those that are not."""

import errno
import socket
from random import SystemRandom

from devstack.servers.failures import PortTaken
from devstack.servers.observed import listener_of

LOOPBACK = "127.0.0.1"


_PICKED_FROM = range(20_000, 32_000)
"""Below what the system gives to outgoing connections (32,768 and up on Linux): one of those may hold a port that nobody listens
on, and would take a server's port while the server is down."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on a moment ago."""
    draw = SystemRandom()
    while is_taken(port := draw.choice(_PICKED_FROM)):
        continue
    return port


def is_taken(port: int) -> bool:
    """Whether a server could not listen on 127.0.0.1:`port` now; connections in TIME_WAIT do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as refusal:
            if refusal.errno in (errno.EADDRINUSE, errno.EACCES):
                return True
            raise
    return False


def demand_free(server: str, port: int) -> None:
    """Refuse with `PortTaken` when something listens on `port`."""
    if is_taken(port):
        raise PortTaken(server, port, listener_of(port))
