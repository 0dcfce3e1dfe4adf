"""Reading a durable consumer: asked for again whenever a pull falls silent or the link beneath it is replaced."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable

import nats.errors
from nats.aio.msg import Msg

from common.bus.letters import Delivery
from common.bus.link import Link
from common.telemetry import logger
from common.topology import Consumer

log = logger("bus")

_PULL_EXPIRES = 10.0
_PULL_HEARTBEAT = 2.0
_HEARTBEAT = "100"
_PULL_RAN_OUT = ("404", "408")

Arrived = asyncio.Queue[Msg | None]
"""What the broker sent, and None behind it when the link it came over is gone."""


async def pull(link: Link, consumer: Consumer, free_places: Callable[[], int]) -> AsyncIterator[Delivery]:
    """Yield deliveries for ever: see `Bus.pull`."""
    client = link.client
    arrived: Arrived = asyncio.Queue()

    async def receive(raw: Msg) -> None:
        arrived.put_nowait(raw)

    inbox, subscribed_at = "", -1
    try:
        for number in itertools.count():
            while (wanted := free_places()) <= 0 or not client.is_connected:
                await asyncio.sleep(0.005 if client.is_connected else 0.05)
            if subscribed_at != link.anew:
                inbox, subscribed_at = client.new_inbox(), link.anew
                subscription = await client.subscribe(f"{inbox}.*", cb=receive)
            async for delivery in _one_pull(link, consumer, f"{inbox}.{number}", wanted, arrived):
                yield delivery
    finally:
        if client.is_connected and subscribed_at == link.anew:
            await subscription.unsubscribe()


async def _one_pull(
    link: Link, consumer: Consumer, reply: str, wanted: int, arrived: Arrived
) -> AsyncIterator[Delivery]:
    lost = link.lost
    request = {
        "batch": wanted,
        "expires": int(_PULL_EXPIRES * 1e9),
        "idle_heartbeat": int(_PULL_HEARTBEAT * 1e9),
    }
    subject = f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}"
    try:
        await link.client.publish(subject, json.dumps(request).encode(), reply=reply)
    except (nats.errors.Error, OSError):
        await asyncio.sleep(0.1)
        return
    losing = asyncio.create_task(_tell_of_loss(lost, arrived))
    try:
        while wanted and (raw := await _next(arrived)) is not None:
            status = (raw.headers or {}).get("Status")
            if status is None:
                wanted -= 1
                yield Delivery(raw)
            elif raw.subject == reply and status != _HEARTBEAT:
                if status not in _PULL_RAN_OUT:
                    log.warning("pull ended", consumer=consumer.name, status=status, description=_description(raw))
                    await asyncio.sleep(0.2)
                return
    finally:
        losing.cancel()


async def _tell_of_loss(lost: asyncio.Event, arrived: Arrived) -> None:
    await lost.wait()
    arrived.put_nowait(None)


async def _next(arrived: Arrived) -> Msg | None:
    """The next thing the broker sent, or None when it fell silent or the link it was asked over is gone."""
    if not arrived.empty():
        return arrived.get_nowait()
    try:
        async with asyncio.timeout(2.5 * _PULL_HEARTBEAT):
            return await arrived.get()
    except TimeoutError:
        return None


def _description(raw: Msg) -> str:
    return (raw.headers or {}).get("Description", "")
