"""The gateway as a process of its own, with fake services around it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from common.testing.waiting import eventually
from common.tokens import SigningKey
from devstack.servers.ports import free_port
from gateway.routes import SERVICES
from gateway.testing.fakes import FakeService
from gateway.testing.identity import FakeIdentity
from gateway.testing.world import World


class Process(World):
    """A gateway in a process of its own."""

    def __init__(self, identity: FakeIdentity, services: dict[str, FakeService], signing_key: SigningKey) -> None:
        super().__init__(identity, services, signing_key)
        self.running: asyncio.subprocess.Process

    async def start(self, log: Path, upstreams: Mapping[str, list[str]], **extra: str) -> None:
        """Start the process, on the same port as before, and wait until it is ready."""
        addresses = {name: upstreams.get(name, [service.url]) for name, service in self.services.items()}
        environment = os.environ | {
            "LANYARD_PORT": str(self.port),
            "LANYARD_UPSTREAMS": json.dumps(addresses),
            "LANYARD_INTERNAL_SIGNING_KEY": self.signing_key.private_json(),
            "LANYARD_LOOPBACK_EXEMPT": "true",
            **extra,
        }
        with log.open("ab") as out:
            command = (sys.executable, "-m", "gateway", "serve")
            self.running = await asyncio.create_subprocess_exec(*command, env=environment, stdout=out, stderr=out)
        await eventually(self.ready, within=20, what="the process' readiness")

    async def ready(self) -> bool:
        """Whether it says so."""
        try:
            return (await self.ask("GET", "/readyz")).status == 200
        except (ConnectionError, asyncio.IncompleteReadError):
            return False

    async def refuses_connections(self) -> bool:
        """Whether its door is closed."""
        try:
            _, writer = await self.connect()
        except ConnectionError:
            return True
        writer.close()
        return False

    async def exit_code(self) -> int:
        """How it ended."""
        return await asyncio.wait_for(self.running.wait(), 15)


@asynccontextmanager
async def process(log: Path, upstreams: Mapping[str, list[str]] | None = None, **extra: str) -> AsyncIterator[Process]:
    """A gateway in a process, ready.

    Args:
        upstreams: service → addresses, for services that are not the fake ones.
        extra: of its environment.
    """
    identity = FakeIdentity()
    services: dict[str, FakeService] = {name: FakeService() for name in SERVICES} | {"identity": identity}
    for service in services.values():
        await service.start()
    world = Process(identity, services, SigningKey.generate())
    world.port = free_port()
    try:
        await world.start(log, upstreams or {}, **extra)
        yield world
    finally:
        if world.running.returncode is None:
            world.running.kill()
        await world.exit_code()
        await world.disconnect()
        for service in services.values():
            await service.stop()
