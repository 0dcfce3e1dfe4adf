"""Messages twice, out of order, poisoned; a crash between commit and publish; copies emptied and rebuilt."""

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from common.ids import EventId, TicketTierId
from common.messages import (
    CheckInRecorded,
    Message,
    OrderPaid,
    PassIssued,
    PassUpdated,
    PassVoided,
    TicketTierSaved,
    UserCreated,
)
from common.testing import FrozenClock, Running, RunService, eventually, principals
from common.testing.principals import fresh
from common.testing.servers import Servers

if TYPE_CHECKING:
    from services.events.tests.conftest import Stage

STATE = """
    SELECT ordinal, status, attendee_name, holder_email, holder_user_id IS NOT NULL AS held, inside, generation
    FROM passes ORDER BY ordinal
"""
UNSENT = "SELECT 1 FROM outbox WHERE sent_at IS NULL"
ADA = principals.user("ada@example.org", "Ada")


def ada_signs_up(sequence: int = 1) -> UserCreated:
    values = {"user_id": ADA.subject, "email": ADA.email, "name": "Ada", "created_at": "2026-01-01T00:00:00Z"}
    return UserCreated.model_validate({**values, "sequence": sequence})


async def all_sent(world: Running) -> None:
    async def nothing_waits() -> bool:
        return not await world.rows(UNSENT)

    await eventually(nothing_waits, what="the outbox being empty")


async def test_the_same_message_twice_has_one_effect(run: RunService, stage: "Stage", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        paid = stage.paid(event, stage.admissions(tier, ("Ada", "ada@example.org"), ("Cy", None)))
        number = await world.send(paid)
        await world.handled(number)
        await world.send(paid, message_id=number)
        await world.hear(paid, paid, ada_signs_up(), ada_signs_up())
        assert await world.count("passes") == 2
        assert len(await world.said(PassIssued)) == 2
        assert len(await world.said(PassUpdated)) == 1


async def test_every_order_of_delivery_ends_in_the_same_passes(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        ends = []
        for order in itertools.permutations(range(4)):
            await world.rows("DELETE FROM check_ins RETURNING id")
            await world.rows("DELETE FROM passes RETURNING id")
            await world.rows("DELETE FROM users RETURNING id")
            paid = stage.paid(event, stage.admissions(tier, ("Ada", "ada@example.org"), ("Cy", None), ("Di", None)))
            later = stage.refunded(paid, back={1}, sequence=3)
            said: list[Message] = [paid, later, stage.refunded(paid, back={1, 3}, sequence=4), ada_signs_up()]
            await world.hear(*(said[place] for place in order))
            ends.append([tuple(row.values()) for row in await world.rows(STATE)])
        assert ends == [
            [
                (1, "voided", "Ada", "ada@example.org", True, False, 1),
                (2, "issued", "Cy", None, True, False, 1),
                (3, "voided", "Di", None, True, False, 1),
            ]
        ] * len(ends)
        assert len(ends) == 24


async def test_a_refund_heard_before_its_payment_leaves_void_passes_that_were_never_said_to_be_good(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        paid = stage.paid(event, stage.admissions(tier, ("Ada", None)))
        await world.hear(stage.refunded(paid), paid)
        assert await world.rows("SELECT status, version FROM passes") == [{"status": "voided", "version": 1}]
        assert await world.said(PassIssued) == []
        (said,) = await world.said(PassVoided)
        assert (said.status, said.sequence) == ("voided", 1)
        shown = await world.get(f"/v1/passes/{said.pass_id}", stage.buyer)
        answer = await stage.scan(world, event, shown.json()["code"])
        assert answer.json()["reason"] == "voided"


async def test_a_message_with_fields_of_a_later_release_is_understood(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        paid = stage.paid(event, stage.admissions(tier, ("Ada", None)))
        body: dict[str, Any] = json.loads(paid.body())
        body["admissions"][0]["seat"] = {"row": "F", "number": 12}
        await world.handled(await world.send(paid, body=json.dumps({**body, "channel": "app"})))
        assert await world.count("passes") == 1


@pytest.mark.parametrize("poison", ['{"orderId": 7}', "not json", "null"])
async def test_an_unreadable_message_is_set_aside_and_the_others_go_on(
    run: RunService, stage: "Stage", clock: FrozenClock, poison: str
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        paid = stage.paid(event, stage.admissions(tier, ("Ada", None)))
        await world.send(paid, body=poison)
        await world.hear(paid)
        assert await world.count("passes") == 1

        async def buried() -> bool:
            return await world.count("dead_letters") == 1

        await eventually(buried)


async def test_an_order_for_a_tier_that_is_not_here_leaves_nothing_and_is_worked_off_when_replayed(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        good, missing = stage.admissions(tier, ("Ada", None), ("Cy", None))
        tier_id = TicketTierId(fresh(TicketTierId))
        early = stage.paid(event, [good, missing.model_copy(update={"ticket_tier_id": tier_id})])
        lost = stage.paid({**event, "id": str(fresh(EventId))}, [good])
        number = await world.send(early)
        await world.send(lost)
        fine = stage.paid(event, stage.admissions(tier, ("Di", None)))
        await world.hear(fine)

        async def both_buried() -> bool:
            return await world.count("dead_letters") == 2

        await eventually(both_buried)
        errors = {row["error"].split(":")[0] for row in await world.rows("SELECT error FROM dead_letters")}
        assert errors == {"NoSuchEvent", "NoSuchTicketTier"}
        assert await world.rows("SELECT attendee_name FROM passes") == [{"attendee_name": "Di"}]
        assert await world.count("orders") == 1
        await world.rows(
            "INSERT INTO ticket_tiers SELECT :id, version, event_id, 'Late', price_amount, price_currency, "
            "charged_currency, capacity, sales_start_at, sales_end_at, min_per_order, max_per_order, retired "
            "FROM ticket_tiers RETURNING id",
            id=tier_id.uuid,
        )
        assert await world.app.state.inbox.replay("events-from-commerce", number)
        names = {row["attendee_name"] for row in await world.rows("SELECT attendee_name FROM passes")}
        assert names == {"Ada", "Cy", "Di"}


async def test_what_was_committed_before_a_crash_is_said_after_it(
    run: RunService, stage: "Stage", clock: FrozenClock, servers: Servers
) -> None:
    urls = servers.database("events")
    try:
        async with run(urls=urls, clock=clock) as world:
            event, tier = await stage.on_sale(world)
            (shown,) = await stage.buy(world, event, tier, ("Ada", None))
            await all_sent(world)
            world.broker.kill()
            assert (await stage.scan(world, event, shown["code"])).status_code == 201
            assert len(await world.rows(UNSENT)) == 1
        async with run(urls=urls, clock=clock) as world:
            await all_sent(world)
            assert [said.pass_id for said in await world.said(CheckInRecorded)] == [shown["id"]]
    finally:
        servers.drop(urls)


async def test_what_was_rolled_back_is_never_said(run: RunService, stage: "Stage", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        body = {"name": "Other", "price": {"amount": 1, "currency": "USD"}, "capacity": 1}
        before = len(await world.said(TicketTierSaved))
        answer = await world.post(f"/v1/events/{event['id']}/ticket-tiers", stage.member("owner"), json=body)
        assert answer.status_code == 422
        assert len(await world.said(TicketTierSaved)) == before
        assert tier["name"] == "Regular"


async def test_order_messages_worked_off_side_by_side_end_like_one_after_the_other(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        numbers: list[str] = []
        for _ in range(10):
            paid = stage.paid(event, stage.admissions(tier, ("Ada", "ada@example.org"), ("Cy", None)))
            again = OrderPaid.model_validate(paid.model_dump())
            told = (stage.refunded(paid), paid, again, ada_signs_up(2))
            numbers += [await world.send(message) for message in told]
        for number in numbers:
            await world.handled(number, within=30)
        summary = await world.rows("SELECT status, count(*) AS n, count(holder_user_id) AS held FROM passes GROUP BY 1")
        assert summary == [{"status": "voided", "n": 20, "held": 20}]
        assert await world.count("dead_letters") == 0
