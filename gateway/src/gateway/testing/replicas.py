"""Several real gateways before the real identity service, each a process of its own, with a real database and broker.

Everything goes over HTTP; identity is started as operators start it and imported nowhere. The other services are stood in
for by servers that answer 200, so that whatever was admitted has been heard by one of them.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from common.testing.servers import PASSWORD, DatabaseUrls, NatsServer, Servers
from common.testing.waiting import eventually
from common.tokens import SigningKey
from devstack.servers.children import spawn, stop
from devstack.servers.ports import free_port
from gateway.routes import COMMERCE, EVENTS, IDENTITY, SERVICES
from gateway.testing.fakes import FakeService
from gateway.testing.wire import Answer, Streams, read_body, read_head

_PATIENCE = 15.0
_GONE = (ConnectionError, asyncio.IncompleteReadError)


class Program:
    """A process on a port of its own that can be paused, killed and started again."""

    def __init__(self, package: str, environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self._package = package
        self._command = [sys.executable, "-m", package, "serve"]
        self._environment = {**os.environ, **environment} | {"LANYARD_PORT": str(self.port)}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def another(self, log: Path, **environment: str) -> "Program":
        """One more of its kind, with some of its environment changed."""
        return Program(self._package, self._environment | environment, log)

    def start(self) -> None:
        """Start it unless it runs, and wake it if it was paused."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            return
        with self._log.open("ab") as log:
            self._process = spawn(self._command, output=log, environment=self._environment)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._running.send_signal(number)

    def pause(self) -> None:
        """SIGSTOP: its connections stay open and nobody answers on them."""
        self.signal(signal.SIGSTOP)

    def kill(self) -> None:
        """SIGKILL."""
        self._running.kill()
        self._running.wait()

    def stop(self) -> None:
        """End it, whatever state it is in."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            stop(self._process, signal.SIGTERM, _PATIENCE)

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it was started"
        return self._process


class Replicas:
    """The processes, and how tests speak to them."""

    def __init__(self, identity: Program, gateways: list[Program], ports: dict[str, int], broker: NatsServer) -> None:
        self.identity = identity
        self.gateways = gateways
        self.broker = broker
        self.heard: dict[str, FakeService] = {}
        self._ports = ports
        self._idle: dict[int, list[Streams]] = {}

    async def ask(
        self, gateway: int, method: str, target: str, token: str = "", body: object = None, **headers: str
    ) -> Answer:
        """One request to a gateway, over a connection that is used again."""
        port = self.gateways[gateway].port
        sent = b"" if body is None else json.dumps(body).encode()
        fields = {"host": "api.example.org", "content-length": str(len(sent)), **headers}
        if token:
            fields["authorization"] = f"Bearer {token}"
        if sent:
            fields["content-type"] = "application/json"
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        idle = self._idle.setdefault(port, [])
        reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + sent)
        try:
            async with asyncio.timeout(_PATIENCE):
                first, told = await read_head(reader)
                status = int(first.split(" ")[1])
                answer = Answer(status, told, b"" if status == 204 else await read_body(reader, told))
        except BaseException:
            writer.transport.abort()
            raise
        if ("connection", "close") in told:
            writer.close()
        else:
            idle.append((reader, writer))
        return answer

    def beside(self, other: Program) -> "Replicas":
        """The first gateway with another program in the second's place."""
        pair = Replicas(self.identity, [self.gateways[0], other], self._ports, self.broker)
        pair.heard = self.heard
        return pair

    async def ready(self) -> None:
        """Wait until every process answers and every gateway holds its lease."""

        async def leased() -> bool:
            return all([await self._holds_lease(number) for number in range(len(self.gateways))])

        await eventually(leased, within=60, what="the gateways' leases")

    @asynccontextmanager
    async def whole(self) -> AsyncIterator[None]:
        """Everything runs when the block begins, whatever ended before."""
        await asyncio.to_thread(self.broker.start)
        for program in (self.identity, *self.gateways):
            program.start()
        self.heard = {name: FakeService() for name in self._ports}
        try:
            for name, service in self.heard.items():
                service.port = self._ports[name]
                await service.start()
            await self.ready()
            yield
        finally:
            await self.hang_up()
            for service in self.heard.values():
                await service.stop()

    async def hang_up(self) -> None:
        """Close the connections kept for later requests."""
        writers = [writer for streams in self._idle.values() for _, writer in streams]
        self._idle.clear()
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)

    def admitted(self) -> int:
        """How many callers' requests commerce and events have heard, beside what the gateways themselves ask."""
        heard = [each.target for name in (COMMERCE, EVENTS) for each in self.heard[name].heard]
        return sum(target.startswith("/v1/") for target in heard)

    async def _holds_lease(self, number: int) -> bool:
        try:
            said = (await self.ask(number, "GET", "/metrics")).body
            return (
                b"lanyard_gateway_lease_held 1.0" in said and (await self.ask(number, "GET", "/readyz")).status == 200
            )
        except _GONE:
            return False


@contextmanager
def replicas(
    servers: Servers, folder: Path, access_key: SigningKey, gateways: int = 2
) -> Iterator[tuple[Replicas, DatabaseUrls]]:
    """The processes, started by `Replicas.whole`, and identity's database."""
    broker, urls, internal_key = servers.brokers.provisioned(), servers.database(IDENTITY), SigningKey.generate()
    nats = {"LANYARD_NATS_URL": broker.url, "LANYARD_NATS_PASSWORD": PASSWORD}
    identity = Program(
        "identity",
        nats
        | {
            "LANYARD_NATS_USER": IDENTITY,
            "LANYARD_DATABASE_URL": urls.app,
            "LANYARD_INTERNAL_KEYS": internal_key.public_jwks(),
            "LANYARD_ACCESS_TOKEN_KEY": access_key.private_json(),
            "LANYARD_CODE_PEPPER": "a pepper for tests only",
        },
        folder / "identity.log",
    )
    ports = {service: free_port() for service in SERVICES if service != IDENTITY}
    upstreams = {service: [f"http://127.0.0.1:{port}"] for service, port in ports.items()}
    doors = [
        Program(
            "gateway",
            nats
            | {
                "LANYARD_NATS_USER": "gateway",
                "LANYARD_REPLICA": f"gateway-{number}",
                "LANYARD_INTERNAL_SIGNING_KEY": internal_key.private_json(),
                "LANYARD_UPSTREAMS": json.dumps(upstreams | {IDENTITY: [identity.url]}),
                "LANYARD_RATE_LIMITS": json.dumps({name: [1_000_000, 60] for name in ("read", "write")}),
            },
            folder / f"gateway-{number}.log",
        )
        for number in range(gateways)
    ]
    try:
        yield Replicas(identity, doors, ports, broker), urls
    finally:
        for program in (identity, *doors):
            program.stop()
        servers.brokers.discard(broker)
        servers.drop(urls)
