"""(e) Memory, processor time and delay of 2,000 live streams in one gateway process."""

import asyncio
import json
import os
import random
import resource
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from bench.proc import cpu_seconds, resident_bytes
from bench.programs import running
from bench.report import NotMeasured, heading, p50_and_p99, say
from bench.stack import SCRATCH, STACK, scratch
from common.ids import UserId
from common.messages import OrderPaid
from common.principal import Principal
from common.testing import principals
from common.testing.brokers import PASSWORD, Brokers
from common.tokens import SigningKey
from gateway.routes import SERVICES
from gateway.testing import FakeIdentity
from gateway.testing.live import LiveClient, Press, news, press_at
from gateway.testing.wire import read_head

STREAMS, MESSAGES = 2000, 500
IDLE_SECONDS = 30
MOST_MIB = 300
PORT = STACK.port_base + 63
_AT_ONCE = 20
_SEED = 20261120


def run() -> None:
    """Measure and print."""
    heading(f"(e) {STREAMS:,} live streams in one gateway process", "python -m bench live")
    say("  every stream somebody else's; a real broker; identity is a stand-in that answers look-ups and the lease")
    with scratch():
        uvloop.run(_measure(SCRATCH.resolve()))


async def _measure(folder: Path) -> None:
    _allow_files()
    brokers = Brokers("embedded", folder)
    broker = await asyncio.to_thread(brokers.provisioned)
    identity = FakeIdentity()
    await identity.start()
    command = [sys.executable, "-m", "gateway", "serve"]
    try:
        with running(command, folder / "gateway.log", _environment(broker.url, identity.url)) as gateway:
            async with press_at(broker.url) as press, AsyncExitStack() as open_:
                await _watch(gateway.pid, identity, press, open_)
    finally:
        await identity.stop()
        await asyncio.to_thread(brokers.discard, broker)


async def _watch(pid: int, identity: FakeIdentity, press: Press, open_: AsyncExitStack) -> None:
    people = [principals.user() for _ in range(STREAMS)]
    (await _patiently(identity.sign_in())).cut()
    before = resident_bytes(pid)
    began = time.perf_counter()
    clients = await _open(people, identity, open_)
    say(f"  opened in {time.perf_counter() - began:.1f} s")
    used, began = cpu_seconds(pid), time.perf_counter()
    await asyncio.sleep(IDLE_SECONDS)
    share = (cpu_seconds(pid) - used) / (time.perf_counter() - began)
    after = resident_bytes(pid)
    verdict = "kept" if after <= MOST_MIB * 2**20 else "BROKEN"
    each = (after - before) / STREAMS / 1024
    say(
        f"  RSS {after / 2**20:.0f} MiB (limit {MOST_MIB}: {verdict}), {before / 2**20:.0f} before; {each:.1f} KiB a stream"
    )
    say(f"  {share:.1%} of a core while quiet for {IDLE_SECONDS} s (pings, sign-ins looked at twice a second, lease)")
    delays = await _delays(people, clients, press)
    say(
        f"  from publishing to one of {STREAMS:,} clients, {MESSAGES} times: {p50_and_p99(delays)} (the broker's fsync included)"
    )


async def _open(people: list[Principal], identity: FakeIdentity, open_: AsyncExitStack) -> list[LiveClient]:
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(person: Principal) -> LiveClient:
        async with room:
            client = await _patiently(identity.sign_in(person))
            open_.callback(client.cut)
            return client

    return list(await asyncio.gather(*(one(person) for person in people)))


async def _listen(token: str) -> LiveClient:
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT, limit=2**16)
    writer.write(f"GET /v1/live HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n".encode())
    client = LiveClient(reader, writer)
    first, client.headers = await read_head(reader)
    if " 200 " not in f"{first} ":
        writer.transport.abort()
        raise NotMeasured(f"a stream was refused: {first}")
    await client.block()
    return client


async def _delays(people: list[Principal], clients: list[LiveClient], press: Press) -> list[float]:
    """Milliseconds, one after the other, each to somebody drawn anew."""
    draw = random.Random(_SEED)
    delays = []
    for number in range(MESSAGES):
        chosen = draw.randrange(STREAMS)
        order = news(OrderPaid, buyer_user_id=UserId(str(people[chosen].subject)), sequence=number)
        reading = asyncio.create_task(clients[chosen].next())
        began = time.perf_counter()
        await press.say(order)
        await reading
        delays.append((time.perf_counter() - began) * 1000)
    return delays


async def _patiently(token: str) -> LiveClient:
    """Open a stream as apps do, who try again after a 503. Raises NotMeasured after half a minute."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return await _listen(token)
        except (NotMeasured, OSError, asyncio.IncompleteReadError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)


def _environment(broker: str, identity: str) -> dict[str, str]:
    upstreams = {service: [identity] for service in SERVICES}
    return {
        **os.environ,
        "LANYARD_PORT": str(PORT),
        "LANYARD_UPSTREAMS": json.dumps(upstreams),
        "LANYARD_INTERNAL_SIGNING_KEY": SigningKey.generate().private_json(),
        "LANYARD_NATS_URL": broker,
        "LANYARD_NATS_PASSWORD": PASSWORD,
        "LANYARD_LOOPBACK_EXEMPT": "true",
        "LANYARD_MAX_CONNECTIONS_PER_NETWORK": "10000",
    }


def _allow_files() -> None:
    """Each stream is an open file on both sides."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * STREAMS:
        raise NotMeasured(f"{2 * STREAMS} open files are needed; `ulimit -Hn` says {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
