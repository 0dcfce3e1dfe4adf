"""Listening, sweeping, and leaving in order: readiness first, then the door, then what is under way.

uvicorn was here before (ADR 11): its application protocol costs more than the gateway's own work, and it has no
deadlines for heads, no limits for connections, and waits for endless streams before it says that it ends.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from common.refusals import Refusal
from gateway.app import Gateway, State
from gateway.edge.connection import Connection
from gateway.errors import TooManyConnections
from gateway.exchange import Exchange
from gateway.limits import LOOPBACK, network_of
from gateway.together import Together

SWEEP_SECONDS = 0.5


class Edge:
    """What all connections share."""

    def __init__(
        self,
        application: Callable[[Exchange], Coroutine[Any, Any, None]],
        loop: asyncio.AbstractEventLoop,
        state: State,
        *,
        head_seconds: float = 10.0,
        idle_seconds: float = 65.0,
        linger_seconds: float = 2.0,
        most: int = 10_000,
        most_per_network: int = 2_000,
        exempt: Callable[[str], bool] = lambda _: False,
        network_of: Callable[[str], str] = network_of,
    ) -> None:
        """
        Args:
            head_seconds: how long a client may take to send the head of a request.
            idle_seconds: how long a connection waits for its next request; longer than the usual balancer's, which so closes first.
            linger_seconds: for what a refused client still sends, so that it gets to read the refusal.
            exempt: whether an address is one of our proxies, behind which everyone stands.
            network_of: what connections are counted by.
        """
        self.application = application
        self.loop = loop
        self.now = loop.time()
        """The loop's time at the last sweep: near enough for deadlines of seconds."""
        self.head_seconds = head_seconds
        self.idle_seconds = idle_seconds
        self.linger_seconds = linger_seconds
        self._state = state
        self.connections: set[Connection] = set()
        self.together = Together()
        self._most = most
        self._most_per_network = most_per_network
        self._exempt = exempt
        self._network_of = network_of
        self._by_network: Counter[str] = Counter()

    @property
    def leaving(self) -> bool:
        """Whether each answer is the last one on its connection."""
        return self._state.draining

    def entered(self, connection: Connection) -> Refusal | None:
        """Count a new connection, or say why there is no room for it."""
        self.connections.add(connection)
        network = self._network_of(connection.address)
        self._by_network[network] += 1
        crowded = self._by_network[network] > self._most_per_network and network != LOOPBACK
        if len(self.connections) > self._most or (crowded and not self._exempt(connection.address)):
            return TooManyConnections(retry_after=5, violated_policies=["connections"])
        return None

    def left(self, connection: Connection) -> None:
        """Count it out."""
        self.connections.discard(connection)
        network = self._network_of(connection.address)
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]

    def sweep(self) -> None:
        """Part from clients that keep a head back."""
        self.now = now = self.loop.time()
        for connection in list(self.connections):
            connection.check(now)

    def leave(self) -> None:
        """Every connection ends with the answer under way on it."""
        for connection in list(self.connections):
            connection.leave()


class Server:
    """Serves the gateway until a signal ends it: gracefully on the first, at once on the second."""

    def __init__(
        self,
        gateway: Gateway,
        state: State,
        host: str,
        port: int,
        *,
        drain_seconds: float = 0.0,
        grace_seconds: float = 30.0,
        sweep_seconds: float = SWEEP_SECONDS,
        **limits: Any,
    ) -> None:
        """
        Args:
            port: 0 takes any free one; `self.port` then tells which.
            limits: as `Edge` takes them.
        """
        self.port = port
        self._host = host
        self._state = state
        self._drain_seconds = drain_seconds
        self._grace_seconds = grace_seconds
        self._sweep_seconds = sweep_seconds
        self._edge = Edge(gateway, asyncio.get_running_loop(), state, **limits)
        self._stopping = asyncio.Event()
        self._at_once = asyncio.Event()
        self.started = asyncio.Event()

    @property
    def connections(self) -> int:
        """Clients connected now."""
        return len(self._edge.connections)

    async def serve(self) -> None:
        """Listen, serve, leave."""
        edge, loop = self._edge, self._edge.loop
        listening = await loop.create_server(lambda: Connection(edge), self._host, self.port, backlog=4096)
        self.port = listening.sockets[0].getsockname()[1]
        sweeping = loop.create_task(self._sweep())
        self.started.set()
        try:
            await self._stopping.wait()
            listening.close()
            edge.leave()
            await self._until_answered()
        finally:
            sweeping.cancel()
            listening.close()
            for connection in list(edge.connections):
                connection.abort()

    def stop(self, sig: int = signal.SIGTERM) -> None:
        """Say that we are leaving, wait for balancers to notice, then stop accepting. A second call ends at once."""
        if self._state.draining:
            self._at_once.set()
            self._stopping.set()
            return
        self._state.draining = True
        if self._drain_seconds <= 0 or sig == signal.SIGINT:
            self._stopping.set()
        else:
            self._edge.loop.call_later(self._drain_seconds, self._stopping.set)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._sweep_seconds)
            self._edge.sweep()

    async def _until_answered(self) -> None:
        """Until every connection has parted, the grace is over, or somebody insists."""
        insisted = asyncio.create_task(self._at_once.wait())
        ends = self._edge.loop.time() + self._grace_seconds
        while self._edge.connections and self._edge.loop.time() < ends and not insisted.done():
            await asyncio.wait({insisted}, timeout=0.02)
        insisted.cancel()
