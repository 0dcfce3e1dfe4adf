"""Whatever order, however often and however broken messages arrive, the same stock and orders result."""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from commerce.actions.check_invariants import check_invariants
from commerce.actions.republish import republish
from common.ids import CheckInId, OrderId, OrderLineId, PassId
from common.messages import (
    CheckInRecorded,
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
    TicketTierAvailabilityChanged,
)
from common.testing import FrozenClock, Running, RunService, eventually
from common.testing.principals import fresh
from common.testing.running import provision_broker
from common.testing.servers import Servers

if TYPE_CHECKING:
    from services.commerce.tests.conftest import Stall


async def capacity(world: Running) -> list[int]:
    return [row["capacity"] for row in await world.rows("SELECT capacity FROM stock")]


async def test_a_tier_may_arrive_before_its_event_and_while_it_is_a_draft(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        tier = stall.tier(clock.now(), event_status="draft")
        await world.hear(tier)
        assert (await stall.order(world, (tier.ticket_tier_id, 1))).status_code == 404
        await world.hear(stall.event(clock.now()))
        assert (await stall.order(world, (tier.ticket_tier_id, 1))).status_code == 201


async def test_a_message_delivered_twice_has_one_effect(run: RunService, stall: "Stall", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        tier = stall.tier(clock.now(), capacity=3)
        for _ in range(2):
            await world.handled(await world.send(tier, message_id="one-and-the-same"))
        await world.hear(tier, stall.event(clock.now()))
        assert await capacity(world) == [3]
        assert await world.rows("SELECT 1 FROM inbox WHERE message_id = 'one-and-the-same'") == [{"?column?": 1}]


async def test_what_is_older_than_what_is_held_changes_nothing(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        old_tier = stall.tier(clock.now(), ticket_tier_id=tier, capacity=5, name="Old")
        old_event = stall.event(clock.now(), status="cancelled")
        new_tier = stall.tier(clock.now(), ticket_tier_id=tier, capacity=7, name="New")
        new_event = stall.event(clock.now(), status="published")
        await world.hear(new_tier, new_event, old_tier, old_event)
        assert await capacity(world) == [7]
        assert (await stall.placed(world, (tier, 1)))["lines"][0]["ticketTierName"] == "New"


async def test_a_broken_message_is_put_aside_and_the_next_one_counts(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        tier = stall.tier(clock.now())
        await world.send(tier, body='{"sequence": "many"}')

        async def buried() -> bool:
            return await world.count("dead_letters") == 1

        await eventually(buried)
        await world.hear(tier, stall.event(clock.now()))
        assert (await stall.order(world, (tier.ticket_tier_id, 1))).status_code == 201


async def test_a_copy_emptied_is_rebuilt_from_what_is_said_again_and_stock_stays(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = stall.event(clock.now()), stall.tier(clock.now())
        await world.hear(event, tier)
        order = await stall.placed(world, (tier.ticket_tier_id, 2))
        async with world.database.transaction() as tx:
            await tx.execute(text("DELETE FROM events"))
            await tx.execute(text("DELETE FROM ticket_tiers"))
        assert (await stall.order(world, (tier.ticket_tier_id, 1))).status_code == 404
        await stall.end(world, await stall.pay(world, order), "succeed")
        await world.hear(event, tier)
        assert (await stall.order(world, (tier.ticket_tier_id, 1))).status_code == 201
        assert await stall.stock(world, tier.ticket_tier_id) == (1, 2)
        await check_invariants(world.database)


async def test_the_first_use_of_an_admission_is_remembered_in_whatever_order_scans_are_told(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        [tier] = await stall.open(world)
        order = await stall.placed(world, (tier, 2))
        scan = CheckInRecorded(
            sequence=3,
            check_in_id=CheckInId(fresh(CheckInId)),
            pass_id=PassId(fresh(PassId)),
            event_id=stall.event_id,
            order_id=OrderId(order["id"]),
            order_line_id=OrderLineId(order["lines"][0]["id"]),
            ordinal=2,
            direction="out",
            inside=False,
            gate_id=None,
            scanned_at=clock.now() + timedelta(hours=2),
        )
        earlier = scan.model_copy(update={"direction": "in", "inside": True, "scanned_at": clock.now(), "sequence": 2})
        await world.hear(scan, earlier, scan)
        admissions = (await stall.show(world, order))["lines"][0]["admissions"]
        assert [admission["admittedAt"] for admission in admissions] == [None, "2026-11-20T18:00:00Z"]

        await world.send(scan.model_copy(update={"ordinal": 3}))

        async def buried() -> bool:
            return await world.count("dead_letters") == 1

        await eventually(buried)


async def test_an_order_placed_while_the_broker_is_dead_is_told_after_a_restart(
    servers: Servers, run: RunService, stall: "Stall"
) -> None:
    urls, broker = servers.database("commerce"), servers.nats()
    try:
        await provision_broker(broker)
        async with run(urls=urls, broker=broker) as world:
            [tier] = await stall.open(world, {"price": None})
            broker.kill()
            assert (await stall.order(world, (tier, 1))).status_code == 201
            unsent = "SELECT 1 FROM outbox WHERE type = 'order.paid.v1' AND sent_at IS NULL"
            assert len(await world.rows(unsent)) == 1
        broker.start()
        async with run(urls=urls, broker=broker) as world:

            async def told() -> bool:
                return not await world.rows("SELECT 1 FROM outbox WHERE sent_at IS NULL")

            await eventually(told, within=20)
            assert len(await world.said(OrderPaid)) == 1
    finally:
        broker.stop()
        servers.drop(urls)


async def test_every_state_is_said_again_under_the_message_that_fits_it(
    run: RunService, stall: "Stall", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        paid_tier, free_tier = await stall.open(world, {"capacity": 4}, {"price": None})
        late = await stall.placed(world, (paid_tier, 1))
        clock.advance(timedelta(minutes=15))
        await stall.job(world, "expire-orders")
        waiting, off = await stall.placed(world, (paid_tier, 1)), await stall.placed(world, (paid_tier, 1))
        await world.post(f"/v1/orders/{off['id']}/cancel", stall.buyer)
        free = await stall.placed(world, (free_tier, 1))
        before = {kind: await world.said(kind) for kind in (OrderPlaced, OrderPaid, OrderExpired, OrderCancelled)}
        async with world.database.transaction() as tx:
            assert await republish(tx) == 4 + 2
        again = {kind: (await world.said(kind))[len(before[kind]) :] for kind in before}
        assert {kind: [message.order_id for message in said] for kind, said in again.items()} == {
            OrderPlaced: [waiting["id"]],
            OrderPaid: [free["id"]],
            OrderExpired: [late["id"]],
            OrderCancelled: [off["id"]],
        }
        for kind in (OrderPaid, OrderExpired, OrderCancelled):
            assert again[kind] == [one.model_copy(update={"said_again": True}) for one in before[kind]]
        words = {word.ticket_tier_id: word.availability for word in await world.said(TicketTierAvailabilityChanged)}
        assert words == {paid_tier: "available", free_tier: "available"}
