"""Everything is restarted, one after the other, and nobody notices. Scenario 20."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from common.testing.waiting import eventually
from gateway.testing import OK, Heard, holds
from gateway.testing.fakes import FakeService, fine
from gateway.testing.process import Process, process
from gateway.testing.wire import Streams

TABLE = """
from gateway.routing import Public, Row

OPEN = Public("a test of restarts")
ROWS = (Row("GET", "/v1/read", "events", OPEN), Row("POST", "/v1/write", "events", OPEN))
"""
WORKERS = 6


class Replica(FakeService):
    """A service that leaves as ours do: it is not ready, what it still answers closes its connection, then the door closes."""

    def __init__(self) -> None:
        super().__init__()
        self.leaving = False
        self.reply = self._reply
        self._asked, self._asked_at = 0, 0.0

    def _reply(self, request: Heard) -> bytes:
        if not self.leaving:
            return fine(request)
        answer = b"HTTP/1.1 503 Leaving\r\ncontent-length: 0\r\n\r\n" if request.target == "/readyz" else OK
        return answer.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1)

    def _heard_nothing_new(self, seconds: float) -> bool:
        """Beside the question whether it is ready."""
        asked = sum(request.target != "/readyz" for request in self.heard)
        now = asyncio.get_running_loop().time()
        if asked != self._asked:
            self._asked, self._asked_at = asked, now
        return now - self._asked_at > seconds

    async def restart(self) -> None:
        """Leave in order and come back on the same port."""
        self.leaving = True
        await holds(lambda: self._heard_nothing_new(0.5), "the last request")
        await self.stop()
        self.leaving = False
        await self.start()


class Balancer:
    """Sends each worker's next request to a gateway that says it is ready."""

    def __init__(self, gateways: list[Process]) -> None:
        self._gateways = gateways
        self.ready = set(range(len(gateways)))
        self.statuses: Counter[str] = Counter()
        self.over = False

    async def watch(self) -> None:
        while not self.over:
            for number, gateway in enumerate(self._gateways):
                (self.ready.add if await gateway.ready() else self.ready.discard)(number)
            await asyncio.sleep(0.02)

    async def work(self, number: int) -> None:
        """Read and write by turns; a connection is used until its gateway says it is the last time."""
        streams: Streams | None = None
        method, path, body = (("GET", "/v1/read", b""), ("POST", "/v1/write", b"{}"))[number % 2]
        request = f"{method} {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body
        while not self.over:
            gateway = self._gateways[sorted(self.ready)[number % len(self.ready)]]
            streams = streams or await gateway.connect()
            try:
                streams[1].write(request)
                answer = await gateway.read_answer(streams[0])
            except (OSError, EOFError) as fault:
                self.statuses[repr(fault)] += 1
                streams = None
                continue
            self.statuses[str(answer.status)] += 1
            if "close" in answer.all("connection"):
                streams[1].close()
                streams = None


@asynccontextmanager
async def under_load(balancer: Balancer) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(balancer.watch()), *(asyncio.create_task(balancer.work(n)) for n in range(WORKERS))]
    try:
        yield
    finally:
        # Each ends after the answer it waits for: a task that is cancelled while it connects leaves a socket behind.
        balancer.over = True
        await asyncio.wait_for(asyncio.gather(*tasks), 15)


async def test_a_rolling_restart_of_gateways_and_services_fails_no_request(tmp_path: Path) -> None:
    (tmp_path / "routes.py").write_text(TABLE)
    replicas = [Replica(), Replica()]
    settings = {"LANYARD_ROUTES_FILE": str(tmp_path / "routes.py"), "LANYARD_DRAIN_SECONDS": "0.5"}
    async with AsyncExitStack() as started:
        for replica in replicas:
            await replica.start()
            started.push_async_callback(replica.stop)
        urls = [replica.url for replica in replicas]
        gateways = [
            await started.enter_async_context(process(tmp_path / f"log{n}", {"events": urls}, **settings))
            for n in (1, 2)
        ]
        balancer = Balancer(gateways)

        def more(than: int) -> Callable[[], bool]:
            return lambda: balancer.statuses["200"] > than

        async with under_load(balancer):
            await holds(more(100), "load")
            for number, gateway in enumerate(gateways):
                gateway.running.send_signal(signal.SIGTERM)
                assert await gateway.exit_code() in (0, -signal.SIGTERM)
                await gateway.start(tmp_path / f"log{number + 1}", {"events": urls}, **settings)
                await eventually(gateway.ready, within=20, what="the gateway's return")
                await holds(more(balancer.statuses["200"] + 100), "load")
            for replica in replicas:
                await replica.restart()
                await holds(more(balancer.statuses["200"] + 100), "load")
        assert dict(balancer.statuses) == {"200": balancer.statuses["200"]}
        assert all(replica.heard for replica in replicas)
