"""When a stream ends, and what is told before: never anything to somebody who may no longer know it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from common.ids import EventId, OrganizationId, UserId
from common.messages import DoorCounted, OrderPaid, SignInEnded
from common.principal import Principal
from common.session_feed import announce
from common.testing import principals
from common.testing.brokers import connected
from common.testing.principals import fresh
from common.testing.servers import PASSWORD, NatsServer, Servers
from gateway.testing import RunGateway, World, holds
from gateway.testing.live import LiveClient, Press, listen, news, press_at

IN_TIME = 2.0


@pytest.fixture
def broker(servers: Servers) -> Iterator[NatsServer]:
    running = servers.brokers.provisioned()
    yield running
    servers.brokers.discard(running)


@pytest.fixture
async def world(run: RunGateway, broker: NatsServer) -> AsyncIterator[World]:
    async with run(nats_url=broker.url, nats_password=PASSWORD, replica="gateway-7") as running:
        await holds(lambda: running.built.cache.leased and running.built.tokens.ready, "the gateway's readiness")
        await holds(lambda: running.built.live.hub.ready, "the streams' beginning")
        yield running


@pytest.fixture
async def press(broker: NatsServer) -> AsyncIterator[Press]:
    async with press_at(broker.url) as running:
        yield running


def paid(person: Principal, number: int = 1) -> OrderPaid:
    return news(OrderPaid, buyer_user_id=UserId(str(person.subject)), sequence=number)


async def closes(client: LiveClient, reason: str, within: float = IN_TIME) -> None:
    """The stream tells the reason, and then ends in order."""
    began = time.monotonic()
    block = await client.next()
    assert (block.event, block.data) == ("closing", {"reason": reason})
    assert 500 <= client.retry < 3500
    with pytest.raises(EOFError):
        await client.next()
    assert time.monotonic() - began < within


def end_sign_in(world: World, person: Principal) -> None:
    """As identity's revocation leaves it: the row is gone, the drop waits for the next renewal."""
    del world.identity.people[str(person.sign_in_id)]
    world.identity.drops.append(str(person.sign_in_id))


async def test_a_revoked_sign_in_ends_its_streams_and_no_others(world: World) -> None:
    """Scenario 19; G7."""
    me, other = principals.user(), principals.user()
    clients = [await listen(world, world.identity.sign_in(me)) for _ in range(2)]
    bystander = await listen(world, world.identity.sign_in(other))
    end_sign_in(world, me)
    for client in clients:
        await closes(client, "sign_in_ended")
    assert world.built.live.streams == 1
    assert await bystander.silent()


async def test_a_revoked_sign_in_ends_its_stream_with_the_broker_stopped(world: World, broker: NatsServer) -> None:
    """Scenario 19; G7: the lease brings the drop."""
    me = principals.user()
    client = await listen(world, world.identity.sign_in(me))
    await asyncio.to_thread(broker.kill)
    end_sign_in(world, me)
    await closes(client, "sign_in_ended")


async def test_a_sign_in_replaced_elsewhere_is_told_so(world: World) -> None:
    me = principals.user()
    client = await listen(world, world.identity.sign_in(me))
    world.identity.ended_because = "session_replaced"
    end_sign_in(world, me)
    await closes(client, "session_replaced")


async def test_nothing_is_told_after_identity_has_answered_a_revocation(
    world: World, broker: NatsServer, press: Press
) -> None:
    """G7: the drop comes over the broker, then at once news that are no longer theirs to know."""
    async with connected(broker.url, "identity") as bus:
        await holds(world.built.hears_drops.is_set, "drops over the broker")
        for _ in range(20):
            me = principals.user()
            client = await listen(world, world.identity.sign_in(me))
            await press.say(paid(me, 1))
            assert (await client.next()).data["sequence"] == 1
            del world.identity.people[str(me.sign_in_id)]
            await announce(bus, [str(me.subject)], {"gateway-7": timedelta(seconds=5)})
            await press.say(paid(me, 2))
            await closes(client, "sign_in_ended")


async def test_the_word_of_an_ended_sign_in_ends_its_stream_and_not_that_persons_others(
    world: World, press: Press
) -> None:
    me = principals.user()
    elsewhere = replace(principals.user(), subject=me.subject)
    client, other = [await listen(world, world.identity.sign_in(each)) for each in (me, elsewhere)]
    user_id, sign_in_id = UserId(str(me.subject)), me.sign_in_id
    await press.say(news(SignInEnded, user_id=user_id, sign_in_id=sign_in_id, reason="session_replaced"))
    await closes(client, "session_replaced")
    await press.say(paid(me, 3))
    assert (await other.next()).data["sequence"] == 3


async def test_an_access_token_that_runs_out_ends_its_stream(world: World, press: Press) -> None:
    """Scenario 19: the token is good for 30 seconds more than it says, and for no longer."""
    me = principals.user()
    world.identity.sign_in(me)
    token = world.identity.token(sub=str(me.subject), sid=str(me.sign_in_id), lives=timedelta(seconds=-28))
    client = await listen(world, token)
    await press.say(paid(me))
    assert (await client.next()).event == "order.paid"
    await closes(client, "token_expired", within=4)
    last = client.last_id
    await press.say(paid(me, 2))
    again = await listen(world, world.identity.sign_in(me), last=last)
    assert (await again.next()).data["sequence"] == 2


class TestALostRole:
    event = fresh(EventId)
    organization = fresh(OrganizationId)

    def count(self, inside: int) -> DoorCounted:
        return news(DoorCounted, event_id=self.event, organization_id=self.organization, inside=inside)

    def change(self, world: World, person: Principal, roles: dict[OrganizationId, str]) -> None:
        changed = replace(person, organization_roles=roles, authorization_version=person.authorization_version + 1)
        world.identity.people[str(person.sign_in_id)] = changed
        world.identity.drops.append(str(person.subject))

    async def test_ends_the_stream_that_was_shown_door_counts(self, world: World, press: Press) -> None:
        """G7: the demoted still belong to another team."""
        me = principals.member_of(self.organization, "scanner")
        client = await listen(world, world.identity.sign_in(me), event=self.event)
        await press.say(self.count(1))
        assert (await client.next()).data["inside"] == 1
        self.change(world, me, {fresh(OrganizationId): "owner"})
        await closes(client, "not_allowed")

    async def test_ends_a_stream_that_asked_and_was_shown_nothing_yet(self, world: World) -> None:
        me = principals.member_of(self.organization, "scanner")
        client = await listen(world, world.identity.sign_in(me), event=self.event)
        self.change(world, me, {})
        await closes(client, "not_allowed")

    async def test_hides_the_very_next_count(self, world: World, broker: NatsServer, press: Press) -> None:
        async with connected(broker.url, "identity") as bus:
            await holds(world.built.hears_drops.is_set, "drops over the broker")
            me = principals.member_of(self.organization, "scanner")
            client = await listen(world, world.identity.sign_in(me), event=self.event)
            changed = replace(me, organization_roles={fresh(OrganizationId): "owner"})
            world.identity.people[str(me.sign_in_id)] = changed
            await announce(bus, [str(me.subject)], {"gateway-7": timedelta(seconds=5)})
            await press.say(self.count(2), paid(me, 4))
            assert (await client.next()).event == "order.paid"

    async def test_keeps_a_stream_open_that_never_asked(self, world: World, press: Press) -> None:
        me = principals.member_of(self.organization, "owner")
        client = await listen(world, world.identity.sign_in(me))
        looked_up = world.identity.looked_up()
        self.change(world, me, {})
        await holds(lambda: world.identity.looked_up() > looked_up, "the look-up")
        await press.say(paid(me, 5))
        assert (await client.next()).data["sequence"] == 5


async def test_a_gateway_that_leaves_tells_its_streams_where_they_were(world: World, press: Press) -> None:
    """Scenario 20: a hint, and then an orderly end."""
    me = principals.user()
    client = await listen(world, world.identity.sign_in(me))
    others = [await listen(world, world.identity.sign_in()) for _ in range(9)]
    await press.say(paid(me))
    assert (await client.next()).event == "order.paid"
    last = client.last_id
    world.built.state.draining = True
    for each in (client, *others):
        await closes(each, "draining")
    assert client.last_id == last
    assert len({each.retry for each in (client, *others)}) > 1
    refused = await world.ask("GET", "/v1/live", token=world.identity.sign_in(me))
    assert (refused.status, refused.code) == (503, "gateway.draining")


async def test_while_nobody_can_vouch_news_wait_and_come_when_somebody_can(world: World, press: Press) -> None:
    """G18: identity away for a moment costs no stream and tells nobody anything."""
    me = principals.user()
    client = await listen(world, world.identity.sign_in(me))
    await world.identity.stop()
    await holds(lambda: not world.built.cache.leased, "the lease's end")
    await press.say(paid(me, 6))
    reading = asyncio.create_task(client.next())
    done, _ = await asyncio.wait({reading}, timeout=0.7)
    assert not done
    await world.identity.start()
    assert (await reading).data["sequence"] == 6


async def test_when_nobody_vouches_for_long_the_stream_ends(world: World, press: Press) -> None:
    """G18."""
    me = principals.user()
    client = await listen(world, world.identity.sign_in(me))
    await world.identity.stop()
    await holds(lambda: not world.built.cache.leased, "the lease's end")
    await press.say(paid(me, 7))
    await closes(client, "unverified", within=9)


async def test_a_client_that_leaves_is_forgotten(world: World) -> None:
    clients = [await listen(world, world.identity.sign_in()) for _ in range(5)]
    assert world.built.live.streams == 5
    for client in clients:
        client.cut()
    await holds(lambda: world.built.live.streams == 0, "the streams' end")
    assert world.built.live.hub._listeners == {}
