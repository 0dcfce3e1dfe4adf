"""Going on with a stream that broke off: no gap and no repeat, here or at another replica, also while the broker restarts."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from common.clock import SystemClock
from common.ids import UserId
from common.messages import Message, OrderPaid, PassIssued, PaymentFailed
from common.testing import FrozenClock, principals
from common.testing.brokers import connected
from common.testing.principals import fresh
from common.testing.servers import PASSWORD, NatsServer, Servers
from gateway.testing import FakeIdentity, RunGateway, World, holds
from gateway.testing.live import LiveClient, Press, attempt, listen, news, press_at


@pytest.fixture
def broker(servers: Servers) -> Iterator[NatsServer]:
    running = servers.brokers.provisioned()
    yield running
    servers.brokers.discard(running)


@pytest.fixture
async def press(broker: NatsServer) -> AsyncIterator[Press]:
    async with press_at(broker.url) as running:
        yield running


def paid(buyer: UserId, number: int) -> OrderPaid:
    return news(OrderPaid, buyer_user_id=buyer, sequence=number)


def issued(buyer: UserId, number: int) -> PassIssued:
    return news(PassIssued, buyer_user_id=buyer, holder_user_id=None, sequence=number)


def both(buyer: UserId, numbers: range) -> list[Message]:
    """Alternately of two publishers; every fourth is somebody else's."""
    mine: list[Message] = []
    for number in numbers:
        mine += [paid(buyer, number), issued(buyer, number)]
        if number % 4 == 0:
            mine += [paid(fresh(UserId), number), news(PaymentFailed, buyer_user_id=buyer, sequence=number)]
    return mine


def options(broker: NatsServer) -> dict[str, object]:
    return {"nats_url": broker.url, "nats_password": PASSWORD}


async def ready(world: World) -> None:
    await holds(lambda: world.built.cache.leased and world.built.tokens.ready, "the gateway's readiness")
    await holds(lambda: world.built.live.hub.ready, "the streams' beginning")


class Reader:
    """Somebody whose connection breaks, and who goes on each time with the last id."""

    def __init__(self) -> None:
        self.me = principals.user()
        self.last = ""
        self.told: dict[str, list[int]] = {"order.paid": [], "pass.issued": []}
        self.resets = 0

    @property
    def user_id(self) -> UserId:
        return UserId(str(self.me.subject))

    async def read(self, world: World, most: int, within: float = 10) -> LiveClient:
        """Connect, read so many events, and keep where that leaves us."""
        client = await listen(world, world.identity.sign_in(self.me), last=self.last)
        self.last = client.last_id
        for _ in range(most):
            block = await client.next(within)
            if block.event == "reset":
                self.resets += 1
            else:
                self.told[block.event].append(block.data["sequence"])
            self.last = client.last_id
        return client


async def test_a_stream_cut_at_random_points_has_no_gap_and_no_repeat(
    run: RunGateway, broker: NatsServer, press: Press
) -> None:
    """Two replicas by turns, while two publishers go on; the seed is fixed."""
    random_ = random.Random(20261120)
    other = FakeIdentity()
    async with run(**options(broker)) as first, run(identity=other, **options(broker)) as second:
        other.key, other.jwks = first.identity.key, first.identity.jwks
        await second.built.tokens._fetch()
        await ready(first)
        await ready(second)
        reader = Reader()
        await reader.read(first, 0)
        total = 120
        saying = asyncio.create_task(press.say(*both(reader.user_id, range(1, total + 1))))
        left = 2 * total
        while left:
            some = min(left, random_.choice([0, 1, 1, 2, 3, 5, 8, 13, 40]))
            client = await reader.read(random_.choice([first, second]), some)
            client.cut()
            left -= some
        await saying
        assert reader.told == {name: list(range(1, total + 1)) for name in ("order.paid", "pass.issued")}
        assert reader.resets == 0


async def test_a_restarted_broker_costs_no_open_stream_anything(
    run: RunGateway, broker: NatsServer, press: Press
) -> None:
    async with run(**options(broker)) as world:
        await ready(world)
        reader = Reader()
        client = await reader.read(world, 0)
        for first in (1, 11, 21):
            await press.say(*(paid(reader.user_id, number) for number in range(first, first + 10)))
            await asyncio.to_thread(broker.kill)
            await asyncio.to_thread(broker.start)
            await press.reconnected()
        await press.say(paid(reader.user_id, 31))
        assert [(await client.next()).data["sequence"] for _ in range(31)] == list(range(1, 32))
        await press.say(paid(fresh(UserId), 1), paid(reader.user_id, 99))
        assert (await client.next()).data["sequence"] == 99


async def test_a_replica_that_starts_later_resumes_from_its_own_memory(
    run: RunGateway, broker: NatsServer, press: Press
) -> None:
    """A rolling restart: what was told by the one that left is known to the one that came, without asking the broker."""
    reader = Reader()
    async with run(**options(broker)) as old:
        await ready(old)
        await press.say(*both(reader.user_id, range(1, 4)))
        await holds(lambda: old.built.live.hub.head[1] == 3, "the old one's reading")
        client = await reader.read(old, 0)
        await press.say(*both(reader.user_id, range(4, 7)))
        assert (await client.next()).data["sequence"] == 4
        reader.last = client.last_id
    async with run(**options(broker)) as new:
        await ready(new)
        new.built.live._resuming.bus = None
        reader.told = {"order.paid": [], "pass.issued": []}
        await reader.read(new, 5)
        assert sorted(reader.told["order.paid"] + reader.told["pass.issued"]) == [4, 5, 5, 6, 6]


async def test_a_memory_too_small_is_made_up_for_by_the_broker(
    run: RunGateway, broker: NatsServer, press: Press
) -> None:
    async with run(**options(broker), live_bytes=1) as world:
        await ready(world)
        reader = Reader()
        client = await reader.read(world, 0)
        client.cut()
        await press.say(*both(reader.user_id, range(1, 31)))
        client = await reader.read(world, 60)
        assert reader.told == {name: list(range(1, 31)) for name in ("order.paid", "pass.issued")}
        await press.say(paid(reader.user_id, 31))
        assert (await client.next()).data["sequence"] == 31


async def test_what_comes_while_the_broker_is_read_again_comes_once_and_afterwards(
    run: RunGateway, broker: NatsServer, press: Press
) -> None:
    async with run(**options(broker), live_bytes=1) as world:
        await ready(world)
        reader = Reader()
        (await reader.read(world, 0)).cut()
        await press.say(*(paid(reader.user_id, number) for number in range(1, 51)))
        saying = asyncio.create_task(press.say(*(paid(reader.user_id, number) for number in range(51, 151))))
        for _ in range(10):
            (await reader.read(world, 15)).cut()
        await saying
        assert reader.told["order.paid"] == list(range(1, 151))


@pytest.mark.parametrize(
    "last",
    [
        "nonsense",
        "COMMERCE.0",
        "COMMERCE.x,EVENTS.0,IDENTITY.0,WALLET.0",
        "COMMERCE.0,EVENTS.0,IDENTITY.0,WALLET.0,DP.0",
        "COMMERCE.0,EVENTS.0,IDENTITY.0,WALLET.999999",
        "COMMERCE.0,EVENTS.0,IDENTITY.0,WALLET." + "9" * 600,
    ],
    ids=["nonsense", "too-few", "no-number", "too-many", "never-reached", "endless"],
)
async def test_an_id_that_cannot_be_resumed_from_is_told_so_and_the_stream_goes_on(
    run: RunGateway, broker: NatsServer, press: Press, last: str
) -> None:
    async with run(**options(broker)) as world:
        await ready(world)
        me = principals.user()
        token = world.identity.sign_in(me)
        client = await listen_again(world, token, last)
        assert (await client.next()).event == "reset"
        await press.say(paid(UserId(str(me.subject)), 5))
        assert (await client.next()).data["sequence"] == 5


async def listen_again(world: World, token: str, last: str) -> LiveClient:
    """A stream whose first block the test reads itself."""
    client = await attempt(world, token, last=last)
    assert client.status == 200
    return client


async def test_what_was_missed_more_than_ten_minutes_ago_is_not_told_from_the_broker(
    run: RunGateway, broker: NatsServer, press: Press
) -> None:
    reader = Reader()
    clock = FrozenClock()
    clock.advance(_since(clock))
    async with run(**options(broker), clock=clock) as world:
        await ready(world)
        token = world.identity.token(
            sub=str(reader.me.subject), sid=str(reader.me.sign_in_id), lives=timedelta(minutes=30)
        )
        world.identity.people[str(reader.me.sign_in_id)] = reader.me
        first = await listen(world, token)
        first.cut()
        await press.say(paid(reader.user_id, 1))
        await holds(lambda: world.built.live.hub.head[0] == 1, "the message")
        near = await listen(world, token, last=first.last_id)
        clock.advance(timedelta(minutes=9, seconds=50))
        again = await listen(world, token, last=first.last_id)
        assert (await again.next()).data["sequence"] == 1
        clock.advance(timedelta(seconds=15))
        await press.say(paid(fresh(UserId), 2))
        await holds(lambda: world.built.live.hub.ring.floor[0] >= 1, "the memory's end")
        client = await listen_again(world, token, first.last_id)
        assert (await client.next()).event == "reset"
        assert (await near.next()).data["sequence"] == 1


def _since(clock: FrozenClock) -> timedelta:
    """From the frozen clock's moment to now: the broker's times are of today."""
    return SystemClock().now() - clock.now()


async def test_a_stream_of_the_broker_that_was_made_anew_resets_everyone(
    run: RunGateway, broker: NatsServer, press: Press
) -> None:
    async with (
        run(**options(broker)) as world,
        connected(broker.url, "provisioner") as provisioner,
    ):
        await ready(world)
        reader = Reader()
        client = await reader.read(world, 0)
        await press.say(paid(reader.user_id, 1), paid(reader.user_id, 2))
        assert [(await client.next()).data["sequence"] for _ in range(2)] == [1, 2]
        config = (await provisioner._jetstream.stream_info("COMMERCE")).config
        await provisioner._jetstream.delete_stream("COMMERCE")
        await provisioner._jetstream.add_stream(config)
        assert (await client.next()).event == "reset"
        await press.say(paid(reader.user_id, 3))
        assert (await client.next()).data["sequence"] == 3
        assert client.last_id.startswith("COMMERCE.1,")
