"""A client that does not read: it falls behind alone, is told so, and goes on from where it stopped reading."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from common.ids import UserId
from common.messages import LinePart, OrderPaid
from common.testing import principals
from common.testing.servers import PASSWORD, NatsServer, Servers
from gateway.live.listener import Listener
from gateway.patience import Patience
from gateway.testing import RunGateway, World, holds
from gateway.testing.live import Press, listen, news, press_at

MESSAGES = 500


@pytest.fixture
def broker(servers: Servers) -> Iterator[NatsServer]:
    running = servers.brokers.provisioned()
    yield running
    servers.brokers.discard(running)


@pytest.fixture
async def press(broker: NatsServer) -> AsyncIterator[Press]:
    async with press_at(broker.url) as running:
        yield running


def long(buyer: UserId, number: int) -> OrderPaid:
    """An order of so many lines that a few of them fill every buffer on the way."""
    order = news(OrderPaid, buyer_user_id=buyer, sequence=number)
    lines: list[LinePart] = [order.lines[0]] * 150
    return order.model_copy(update={"lines": lines})


def fallen_behind(world: World) -> list[Listener]:
    """Whose queue has run over."""
    registered = world.built.live.hub._listeners.values()
    return [each for listeners in registered for each in listeners if each.behind]


async def ready(world: World) -> None:
    await holds(lambda: world.built.cache.leased and world.built.tokens.ready, "the gateway's readiness")
    await holds(lambda: world.built.live.hub.ready, "the streams' beginning")


async def test_a_client_that_does_not_read_slows_nobody_and_misses_nothing(
    run: RunGateway, broker: NatsServer, press: Press
) -> None:
    async with run(nats_url=broker.url, nats_password=PASSWORD) as world:
        await ready(world)
        me = principals.user()
        user_id, token = UserId(str(me.subject)), world.identity.sign_in(me)
        slow = await listen(world, token, size=4096)
        quick = await listen(world, token)
        latest = 0.0
        for number in range(1, MESSAGES + 1):
            began = time.monotonic()
            await press.say(long(user_id, number))
            assert (await quick.next()).data["sequence"] == number
            latest = max(latest, time.monotonic() - began)
        assert latest < 1
        [listener] = fallen_behind(world)
        assert listener._waiting == type(listener._waiting)()
        told = []
        while (block := await slow.next()).event == "order.paid":
            told.append(block.data["sequence"])
        assert block.event == "behind"
        assert told == list(range(1, len(told) + 1))
        assert len(told) < MESSAGES
        with pytest.raises(EOFError):
            await slow.next()
        again = await listen(world, token, last=slow.last_id)
        assert (await again.next()).data["sequence"] == len(told) + 1


async def test_a_client_that_never_reads_is_cut_and_its_place_is_free(
    run: RunGateway, broker: NatsServer, press: Press
) -> None:
    async with run(nats_url=broker.url, nats_password=PASSWORD, patience=Patience(read=0.3)) as world:
        await ready(world)
        me = principals.user()
        await listen(world, world.identity.sign_in(me), size=4096)
        for number in range(MESSAGES):
            await press.say(long(UserId(str(me.subject)), number))
        await holds(lambda: world.built.live.streams == 0, "the place")


async def test_a_sign_in_that_ends_cuts_a_stream_that_does_not_read(
    run: RunGateway, broker: NatsServer, press: Press
) -> None:
    """G7: it could not even be told."""
    async with run(nats_url=broker.url, nats_password=PASSWORD) as world:
        await ready(world)
        me = principals.user()
        await listen(world, world.identity.sign_in(me), size=4096)
        for number in range(MESSAGES):
            await press.say(long(UserId(str(me.subject)), number))
        await holds(lambda: bool(fallen_behind(world)), "falling behind")
        began = time.monotonic()
        del world.identity.people[str(me.sign_in_id)]
        world.identity.drops.append(str(me.sign_in_id))
        async with asyncio.timeout(10):
            await holds(lambda: world.built.live.streams == 0, "the cut")
        assert time.monotonic() - began < 3
