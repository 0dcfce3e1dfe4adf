"""Counting in one store (Valkey or Redis) together with the other gateways.

Requests that come while the store is busy with earlier ones go to it together, over one connection, in one call of a script
that decides them one after the other; nothing else runs in the store meanwhile, so two gateways never both give the last
of a quota away. Its clock alone decides when a window ends.

When it is away or slow, requests are counted in this process instead: answering people matters more than counting them
exactly. Nobody waits for it longer than two exchanges, and while it is known to be away nobody waits at all.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from importlib.resources import files
from typing import Any, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from valkey.asyncio import Valkey
from valkey.exceptions import NoScriptError, ValkeyError

from common.telemetry import logger
from gateway.limits.counting import Limits

PATIENCE = 0.05
"""Seconds one exchange with the store may take."""
CONNECTING = 1.0
"""Seconds that connecting to it may take; at the very start requests wait for the first try."""
PAUSE = 0.5
"""Seconds between two tries, and how long a quiet connection goes unproven."""
TOGETHER = 128
"""Requests in one call: the store serves others after about a millisecond."""

_SCRIPT = files("gateway.limits").joinpath("take.lua").read_text()
_FAULTS = (ValkeyError, OSError, TimeoutError, ValueError)

Client = Any
"""A `Valkey`, whose calls come without types."""
Value = TypeVar("Value")

log = logger("gateway.limits")


class ValkeyStore:
    """The windows of all gateways that share one storage URL."""

    def __init__(
        self, url: str, *, patience: float = PATIENCE, connecting: float = CONNECTING, pause: float = PAUSE
    ) -> None:
        """
        Args:
            url: `valkey://`, `valkeys://`, `redis://`, `rediss://` or `unix://`, with user, password and database as usual.
            patience: seconds for one exchange.
            connecting: seconds for a connection.
            pause: seconds between tries to reach it again.
        """
        self.up = False
        self._url = url
        self._patience = patience
        self._connecting = connecting
        self._pause = pause
        self._tried = asyncio.Event()
        self._asked = asyncio.Event()
        self._waiting: list[_Question] = []
        self._asking: list[_Question] = []

    async def take(self, keys: list[str], numbers: list[int]) -> list[int] | None:
        """Count one request; None when the store does not answer. See `counting.Store`."""
        if not self.up:
            await self._tried.wait()
            if not self.up:
                return None
        question = _Question(keys, numbers)
        self._waiting.append(question)
        self._asked.set()
        return await question.answer

    async def keep(self) -> None:
        """Connect, serve, connect again, for as long as the process lives."""
        try:
            while True:
                await self._once()
                await asyncio.sleep(self._pause)
        finally:
            self._lose()

    async def _once(self) -> None:
        client = self._client()
        try:
            async with asyncio.timeout(self._connecting):
                digest: str = await client.script_load(_SCRIPT)
            await self._prove(client)
            log.info("limits are counted in the shared store")
            self.up = True
            self._tried.set()
            while True:
                await self._exchange(client, digest)
        except _FAULTS as fault:
            if self.up or not self._tried.is_set():
                log.warning("the store for limits is away; each gateway counts for itself", fault=type(fault).__name__)
        finally:
            self._lose()
            await client.aclose()

    def _client(self) -> Client:
        named = {"ssl_check_hostname": True} if self._url.startswith(("valkeys:", "rediss:")) else {}
        return Valkey.from_url(
            self._url, single_connection_client=True, socket_connect_timeout=self._connecting, protocol=2, **named
        )

    async def _prove(self, client: Client) -> None:
        """See that it answers in time, or it would be lost again with the next request."""
        await self._in_time(client.execute_command("PING"))

    async def _exchange(self, client: Client, digest: str) -> None:
        if not self._waiting:
            try:
                async with asyncio.timeout(self._pause):
                    await self._asked.wait()
            except TimeoutError:
                await self._prove(client)
                return
        self._asking, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
        self._asked.clear()
        told = await self._in_time(self._run(client, digest))
        for question in self._asking:
            question.settle(told[: question.size])
            told = told[question.size :]
        self._asking = []

    async def _in_time(self, exchange: Coroutine[Any, Any, Value]) -> Value:
        """What came of an exchange.

        Raises:
            TimeoutError: the store has not answered yet. An answer that lies here already counts, late or not: it is
                this process, then, that was too busy to read it.
        """
        task = asyncio.ensure_future(exchange)
        try:
            await asyncio.wait({task}, timeout=self._patience)
            if not task.done():  # read once more after the time is up, unlike what `asyncio.timeout` has cut off
                raise TimeoutError
            return task.result()
        finally:
            task.cancel()
            await asyncio.wait({task})  # its connection is closed next

    async def _run(self, client: Client, digest: str) -> list[int]:
        keys = [key for question in self._asking for key in question.keys]
        numbers = [number for question in self._asking for number in question.numbers]
        question = ("EVALSHA", digest, len(keys), *keys, *numbers)
        try:
            told = await client.execute_command(*question)
        except NoScriptError:  # someone emptied its scripts; nothing was counted yet
            await client.script_load(_SCRIPT)
            told = await client.execute_command(*question)
        counts = [int(number) for number in told.split()] if isinstance(told, bytes) else []
        if len(counts) != sum(each.size for each in self._asking):
            raise ValueError("no answer of this script")
        return counts

    def _lose(self) -> None:
        """Nobody waits for a store that does not answer."""
        self.up = False
        self._tried.set()
        questions, self._asking, self._waiting = self._asking + self._waiting, [], []
        for question in questions:
            question.settle(None)


class _Question:
    """One request on its way to the store."""

    __slots__ = ("answer", "keys", "numbers", "size")

    def __init__(self, keys: list[str], numbers: list[int]) -> None:
        self.keys = [f"lanyard:limit:{key}" for key in keys]
        self.numbers = [len(keys), *numbers]
        self.size = 1 + len(numbers)
        self.answer: asyncio.Future[list[int] | None] = asyncio.get_running_loop().create_future()

    def settle(self, answer: list[int] | None) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


class StoreMetrics(Collector):
    """What `/metrics` tells of counting together."""

    def __init__(self, limits: Limits, store: ValkeyStore) -> None:
        self._limits = limits
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """prometheus_client: the state as it is now."""
        yield GaugeMetricFamily(
            "lanyard_gateway_limits_shared", "1 while limits are counted in the shared store", float(self._store.up)
        )
        yield CounterMetricFamily(
            "lanyard_gateway_limits_counted_here",
            "Requests counted by this gateway alone because the store did not answer",
            self._limits.counted_here,
        )
