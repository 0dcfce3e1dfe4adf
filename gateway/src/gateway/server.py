"""uvicorn with the gateway's own protocol and its own way to end: readiness first, then the door, then what is under way."""

import asyncio
import signal
from types import FrameType

import uvicorn

from gateway.app import Gateway, State
from gateway.edge import EdgeProtocol

KEEP_ALIVE_SECONDS = 65
"""Longer than the usual balancer's idle time, so that it closes first."""


class Server(uvicorn.Server):
    """Ends gracefully on the first signal and at once on the second."""

    def __init__(self, config: uvicorn.Config, state: State, drain_seconds: float) -> None:
        super().__init__(config)
        self._state = state
        self._drain_seconds = drain_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: say that we are leaving, wait for balancers to notice, then stop accepting."""
        if self._state.draining:
            self.should_exit = self.force_exit = True
            return
        self._state.draining = True
        if self._drain_seconds <= 0 or sig == signal.SIGINT:
            self.should_exit = True
            return
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(loop.call_later, self._drain_seconds, self._leave)

    def _leave(self) -> None:
        self.should_exit = True


def server_for(
    gateway: Gateway,
    state: State,
    host: str,
    port: int,
    *,
    drain_seconds: float = 0.0,
    grace_seconds: float = 30.0,
    protocol: type[EdgeProtocol] = EdgeProtocol,
) -> Server:
    """A server for the application, not yet started. Port 0 takes any free one."""
    config = uvicorn.Config(
        gateway,
        host=host,
        port=port,
        loop="uvloop",
        http=protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(grace_seconds),
        backlog=4096,
    )
    return Server(config, state, drain_seconds)
