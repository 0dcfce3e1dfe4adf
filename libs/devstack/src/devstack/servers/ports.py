"""Which ports are free, and who holds those that are not."""

import errno
import socket
from collections import deque
from dataclasses import dataclass, field
from random import SystemRandom

from devstack.servers.failures import PortTaken
from devstack.servers.observed import listener_of

LOOPBACK = "127.0.0.1"


_PICKED_FROM = range(20_000, 32_000)
"""Below what the system gives to outgoing connections (32,768 and up on Linux): one of those may hold a port that nobody listens
on, and would take a server's port while the server is down."""


@dataclass(slots=True)
class _Picking:
    """What this process picks from, and what it picked lately."""

    ports: range = _PICKED_FROM
    lately: deque[int] = field(default_factory=lambda: deque(maxlen=1_000))


_picking = _Picking()


def share_ports(number: int, of: int) -> None:
    """Let this process pick from the part `number` (from 0) `of` so many.

    For processes that pick side by side and whose servers end for a while: nobody else takes their ports meanwhile.
    """
    _picking.ports = _PICKED_FROM[number::of]


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on a moment ago, and none that was picked here lately."""
    draw = SystemRandom()
    while (port := draw.choice(_picking.ports)) in _picking.lately or is_taken(port):
        continue
    _picking.lately.append(port)
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
