"""A client of `GET /v1/live` that splits lines itself, and the services' news it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

from common.bus import Bus, Letter
from common.messages import Message
from common.samples import sample
from common.testing.brokers import connected
from gateway.testing.wire import read_head
from gateway.testing.world import World, holds

Kind = TypeVar("Kind", bound=Message)


def news(kind: type[Kind], **fields: Any) -> Kind:
    """A plausible message of a kind with some fields of the test's own."""
    body = json.loads(sample(kind))
    return kind.model_validate(body).model_copy(update=fields)


class Press:
    """The services, as far as they say something: each over a connection of its own user."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self._url = url
        self._stack = stack
        self._buses: dict[str, Bus] = {}

    async def say(self, *messages: Message) -> None:
        """Publish one after the other, and return when the broker has them."""
        for message in messages:
            bus = await self._bus(message.publisher)
            await bus.publish(
                Letter(
                    message_id=str(uuid4()),
                    source=f"/lanyard/{message.publisher}",
                    subject=message.subject,
                    type=message.type(),
                    aggregate_id=message.aggregate_id,
                    sequence=message.sequence,
                    time="2026-11-20T18:00:00+00:00",
                    body=message.body(),
                    traceparent=None,
                )
            )

    async def reconnected(self) -> None:
        """Wait until every connection stands again."""
        await holds(lambda: all(bus.connected for bus in self._buses.values()), "the services' return to the broker")

    async def _bus(self, name: str) -> Bus:
        if name not in self._buses:
            connecting = connected(self._url, name, inbox=f"_INBOX_{name}.test")
            self._buses[name] = await self._stack.enter_async_context(connecting)
        return self._buses[name]


@asynccontextmanager
async def press_at(url: str) -> AsyncIterator[Press]:
    """Services that say something over the broker at `url`."""
    async with AsyncExitStack() as stack:
        yield Press(url, stack)


@dataclass
class Block:
    """What stands between two empty lines of a stream."""

    fields: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)

    @property
    def event(self) -> str:
        """Its name; empty for a sign of life."""
        return self.fields.get("event", "")

    @property
    def data(self) -> Any:
        """What it tells."""
        return json.loads(self.fields["data"])


class LiveClient:
    """One stream, read by splitting."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.last_id = ""
        self.retry = 0
        self._text = b""

    async def next(self, within: float = 10) -> Block:
        """The next block that has a name. Raises EOFError at the stream's orderly end."""
        async with asyncio.timeout(within):
            while True:
                block = await self.block()
                if block.event:
                    return block

    async def block(self) -> Block:
        """The next block, signs of life too."""
        while b"\n\n" not in self._text:
            size = int(await self.reader.readline(), 16)
            data = (await self.reader.readexactly(size + 2))[:-2]
            if not size:
                raise EOFError
            self._text += data
        lines, self._text = self._text.split(b"\n\n", 1)
        block = Block()
        for line in lines.decode().split("\n"):
            name, _, value = line.partition(":")
            if name:
                block.fields[name] = value.removeprefix(" ")
            else:
                block.comments.append(value.removeprefix(" "))
        self.last_id = block.fields.get("id", self.last_id)
        self.retry = int(block.fields.get("retry", self.retry))
        return block

    async def silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing with a name comes for a while. The stream cannot be read on after that."""
        reading = asyncio.create_task(self.next())
        done, _ = await asyncio.wait({reading}, timeout=seconds)
        reading.cancel()
        return not done

    def cut(self) -> None:
        """Break the connection, as trains in tunnels do."""
        self.writer.transport.abort()


async def listen(world: World, token: str, *, event: str = "", last: str = "", size: int = 0) -> LiveClient:
    """Open a stream and read the block that opens it.

    Args:
        last: `Last-Event-ID`.
        size: bytes this client's system takes before the test reads; 0 as usual.
    """
    client = await attempt(world, token, event=event, last=last, size=size)
    assert client.status == 200, await client.reader.read(2000)
    await asyncio.wait_for(client.block(), 10)
    return client


async def attempt(world: World, token: str, *, event: str = "", last: str = "", size: int = 0) -> LiveClient:
    """Ask for a stream and read the head of the answer."""
    reader, writer = await world.connect(size)
    target = "/v1/live" + (f"?event={event}" if event else "")
    lines = [f"GET {target} HTTP/1.1", "host: api.example.org", f"authorization: Bearer {token}"]
    if last:
        lines.append(f"last-event-id: {last}")
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
    client = LiveClient(reader, writer)
    first, client.headers = await asyncio.wait_for(read_head(reader), 10)
    client.status = int(first.split(" ")[1])
    return client
