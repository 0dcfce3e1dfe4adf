"""The connection to the broker beneath a `Bus`, and what nats-py does by default that must not happen to it."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from nats.aio.client import Client

from common.telemetry import logger

log = logger("bus")

_RECONNECT_SECONDS: Any = 0.2
"""The library takes a fraction although it is annotated as an integer."""
_PING_SECONDS: Any = 10
_DEAD_WIRE_SECONDS = 20
_FLUSH_SECONDS: Any = 1
"""How long a full buffer may hold up a publish; the library would wait for ever."""
_LEAVING_SECONDS = 1.5


class Link:
    """The connection to the broker: made, made anew and left. Whoever asks something over it learns when it is replaced."""

    def __init__(self, url: str, user: str, password: str, inbox: str) -> None:
        self.client = Client()
        self.lost = asyncio.Event()
        """Of the present connection: set once another one stands, for what was asked over the old one is gone."""
        self.anew = 0
        """How often the library gave up and we began anew: its subscriptions did not survive that."""
        self.answers: list[Callable[[], Awaitable[object]]] = []
        """What to subscribe to again then."""
        self._leaving = False
        self._options: dict[str, Any] = {
            "servers": url,
            "user": user,
            "password": password,
            "name": f"lanyard-{user}",
            "inbox_prefix": inbox.encode(),
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": _RECONNECT_SECONDS,
            "connect_timeout": 2,
            "ping_interval": _PING_SECONDS,
            "max_outstanding_pings": 2,
            "pending_size": 8 * 1024 * 1024,
            "flush_timeout": _FLUSH_SECONDS,
            "allow_reconnect": True,
            "reconnected_cb": self._on_reconnected,
            "disconnected_cb": self._on_disconnected,
            "closed_cb": self._on_closed,
            "error_cb": self._on_error,
        }

    async def begin(self) -> None:
        """Connect, trying for a second and then in the background. Raises what the library raises within that second."""
        self._connecting = asyncio.create_task(self._connect())
        await asyncio.wait({self._connecting}, timeout=1)
        if self._connecting.done():
            self._connecting.result()

    async def leave(self) -> None:
        """Drain while connected; otherwise just close: what was not sent is still in the outbox.

        Over a wire that takes nothing neither would ever end, and the library swallows cancellation: so the wire is cut.
        """
        self._leaving = True
        self._connecting.cancel()
        for way in (self.client.drain, self.client.close):
            going = asyncio.create_task(way())
            await asyncio.wait({going}, timeout=_LEAVING_SECONDS)
            if going.done() and not going.cancelled() and going.exception() is None:
                return
            if wire := self._wire():
                wire.abort()

    async def _connect(self) -> None:
        await self.client.connect(**self._options)
        self._give_up_on_dead_wires()

    async def _connect_anew(self) -> None:
        await self._connect()
        self.anew += 1
        self._replace()
        for answer in self.answers:
            await answer()

    async def _on_reconnected(self) -> None:
        log.info("broker is back")
        self._give_up_on_dead_wires()
        self._replace()

    async def _on_disconnected(self) -> None:
        log.warning("broker is away")

    async def _on_closed(self) -> None:
        if not self._leaving:
            log.error("the broker closed the connection for good; connecting anew")
            self._connecting = asyncio.create_task(self._connect_anew())

    async def _on_error(self, error: Exception) -> None:
        log.warning("broker connection", error=repr(error))

    def _replace(self) -> None:
        gone, self.lost = self.lost, asyncio.Event()
        gone.set()

    def _give_up_on_dead_wires(self) -> None:
        """Let the system end a connection whose bytes nobody takes.

        The library notices by its pings, but then waits until the last bytes are sent: a quarter of an hour.
        """
        wire = self._wire()
        if wire and hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(_DEAD_WIRE_SECONDS * 1000)
            wire.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)

    def _wire(self) -> asyncio.WriteTransport | None:
        """The transport inside the library's transport, which hands it out nowhere."""
        writer = getattr(self.client._transport, "_io_writer", None)  # noqa: SLF001 - there is no other way to it
        return writer.transport if writer else None
