"""uvicorn with a service's way to end: readiness first, then the door, then what is under way; and exit code 0.

All of it fits the 30 s that deployments grant: drain (up to 3 s), requests, messages, the outbox' last sweep, the broker.
"""

import asyncio
import os
from types import FrameType

import uvicorn
from fastapi import FastAPI

from common.service.health import Health
from common.service.settings import ServiceSettings

GRACE_SECONDS = 10
"""How long requests under way may take once nobody new is let in."""


class Server(uvicorn.Server):
    """Ends in order on the first signal and at once on the second.

    uvicorn itself would raise the signal again at the end, and so report a clean end as a death by signal.
    """

    def __init__(self, config: uvicorn.Config, health: Health, drain_seconds: float) -> None:
        super().__init__(config)
        self._health = health
        self._drain_seconds = drain_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal: say that we are leaving, wait for balancers to notice, then let nobody new in."""
        if self._health.stopping:
            os._exit(1)
        self._health.stopping = True
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(loop.call_later, self._drain_seconds, self._leave)

    def _leave(self) -> None:
        self.should_exit = True


def server_for(app: FastAPI, settings: ServiceSettings) -> Server:
    """A server for a service's application, not yet started."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=75,
    )
    return Server(config, app.state.health, settings.drain_seconds)
