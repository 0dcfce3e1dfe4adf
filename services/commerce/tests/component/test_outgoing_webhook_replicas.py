"""Several replicas tell organisers' systems: one turns to each at a time, and where it dies another one goes on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from services.commerce.tests.component.test_outgoing_webhook_races import admin_of, hears, make
from services.commerce.tests.component.test_outgoing_webhooks import came_to, verify

from commerce.actions.deliver_webhooks import WebhookDelivery
from commerce.domain.webhook import Delivery, Endpoint
from commerce.store import webhook_deliveries, webhook_endpoints
from common.db import Transaction
from common.outgoing import Outgoing
from common.testing import FrozenClock, Running, RunService, eventually

if TYPE_CHECKING:
    from services.commerce.tests.component.conftest import Receiver
    from services.commerce.tests.conftest import Stall

TRIALS = 5
LEASE = timedelta(seconds=60)
MOMENT = timedelta(microseconds=1)
deliver = WebhookDelivery.deliver
Replica = WebhookDelivery


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker of the running service stays away: replicas turn to endpoints when a test says so."""

    async def nothing(delivery: WebhookDelivery) -> int:
        return 0

    monkeypatch.setattr(WebhookDelivery, "deliver", nothing)


@asynccontextmanager
async def replicas(world: Running, receiver: "Receiver") -> AsyncIterator[Sequence[Replica]]:
    """Two, each with connections of its own to the outside."""
    secrets = world.app.state.outgoing_webhooks.secrets
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(2):
            client = await stack.enter_async_context(Outgoing(allowed_origins=[receiver.origin], deadline=50.0))
            delivery = WebhookDelivery(world.database, client, secrets, lambda _: None)
            made.append(await stack.enter_async_context(delivery))
        try:
            yield made
        finally:
            receiver.awake.set()


async def both(one: Replica, other: Replica) -> list[int]:
    """How many turns they begin at the same moment."""
    return sorted(await asyncio.gather(deliver(one), deliver(other)))


async def have_it_tried(world: Running, stall: "Stall", hook: dict[str, Any]) -> None:
    answer = await world.post(f"/v1/webhooks/{hook['id']}/test", admin_of(stall))
    assert answer.status_code == 202, answer.text


def ids(receiver: "Receiver") -> list[str]:
    """Under which ids things were told, in the order of calls."""
    return [headers["webhook-id"] for headers, _ in receiver.told]


@pytest.mark.usefixtures("by_hand")
async def test_of_two_replicas_that_look_at_once_one_turns_to_an_endpoint(
    run: RunService, stall: "Stall", receiver: "Receiver"
) -> None:
    async with run(settings={"webhook_origins": receiver.origin}) as world, replicas(world, receiver) as (one, other):
        hook = await make(world, stall, f"{receiver.origin}/hooks")
        for trial in range(1, TRIALS + 1):
            receiver.awake.clear()
            await have_it_tried(world, stall, hook)
            assert await both(one, other) == [0, 1]
            await hears(receiver, trial)
            assert await both(one, other) == [0, 0]
            receiver.awake.set()
            await came_to(world, stall, hook, *[("delivered", 1)] * trial)
        assert len(set(ids(receiver))) == len(receiver.told) == TRIALS


@pytest.mark.usefixtures("by_hand")
async def test_control_without_the_lease_both_tell_the_same(
    run: RunService, stall: "Stall", receiver: "Receiver", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look(tx: Transaction, limit: int) -> list[Endpoint]:
        return await webhook_endpoints.endpoints_of(tx, stall.organization_id)

    async with run(settings={"webhook_origins": receiver.origin}) as world, replicas(world, receiver) as (one, other):
        hook = await make(world, stall, f"{receiver.origin}/hooks")
        receiver.awake.clear()
        await have_it_tried(world, stall, hook)
        monkeypatch.setattr(webhook_endpoints, "take_due_endpoints", look)
        assert await both(one, other) == [1, 1]
        await hears(receiver, 2)
        assert len(set(ids(receiver))) == 1


async def die(replica: Replica) -> None:
    """What it was doing is never finished, and the server undoes what was not committed."""
    turns = list(replica._turns)
    assert len(turns) == 1
    for turn in turns:
        turn.cancel()
    await asyncio.gather(*turns, return_exceptions=True)


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize("answered", [False, True], ids=["before the answer", "before it is written down"])
async def test_where_a_replica_dies_another_tells_the_same_after_its_lease_and_nothing_is_lost(
    run: RunService,
    stall: "Stall",
    receiver: "Receiver",
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
    answered: bool,
) -> None:
    writing = asyncio.Event()

    async def never_done(tx: Transaction, before: Delivery, after: Delivery) -> bool:
        writing.set()
        await asyncio.Event().wait()
        return False

    settings = {"webhook_origins": receiver.origin}
    async with run(settings=settings, clock=clock) as world, replicas(world, receiver) as (one, other):
        hook = await make(world, stall, f"{receiver.origin}/hooks")
        await have_it_tried(world, stall, hook)
        with monkeypatch.context() as dying:
            if answered:
                dying.setattr(webhook_deliveries, "save_attempt", never_done)
            else:
                receiver.awake.clear()
            assert await deliver(one) == 1
            await hears(receiver, 1)
            if answered:
                await asyncio.wait_for(writing.wait(), timeout=10)
            await die(one)
        receiver.awake.set()
        await came_to(world, stall, hook, ("waiting", 0))
        await have_it_tried(world, stall, hook)
        clock.advance(LEASE - MOMENT)
        assert await both(one, other) == [0, 0]
        clock.advance(MOMENT)
        assert await deliver(other) == 1
        await came_to(world, stall, hook, ("delivered", 1), ("delivered", 1))
        assert [told["number"] for told in receiver.heard] == [1, 1, 2]
        assert [ids(receiver).count(each) for each in dict.fromkeys(ids(receiver))] == [2, 1]
        for told in receiver.told:
            verify(told, hook["secret"])


async def test_two_replicas_tell_each_thing_once(run: RunService, stall: "Stall", receiver: "Receiver") -> None:
    settings = {"webhook_origins": receiver.origin}
    async with run(settings=settings) as first, run(settings=settings, broker=first.broker, urls=first.urls):
        [tier] = await stall.open(first)
        await make(first, stall, f"{receiver.origin}/hooks")
        for _ in range(8):
            await stall.placed(first, (tier, 1))
        await hears(receiver, 8)

        async def delivered() -> bool:
            return len(await first.rows("SELECT 1 FROM webhook_deliveries WHERE delivered_at IS NOT NULL")) == 8

        await eventually(delivered, what="every delivery being recorded")
        assert sorted(one["number"] for one in receiver.heard) == list(range(1, 9))
