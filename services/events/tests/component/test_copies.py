"""Copies emptied and rebuilt, here and at others."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from common.messages import (
    CheckInRecorded,
    EventCancelled,
    EventPublished,
    EventUpdated,
    PassIssued,
    PassUpdated,
    PassVoided,
    TicketTierAvailabilityChanged,
    TicketTierSaved,
    UserCreated,
)
from common.testing import FrozenClock, RunService, principals
from events.actions.republish import republish

if TYPE_CHECKING:
    from services.events.tests.conftest import Stage

ADA = principals.user("ada@example.org", "Ada")


def ada_signs_up() -> UserCreated:
    values = {"user_id": ADA.subject, "email": ADA.email, "name": "Ada", "created_at": "2026-01-01T00:00:00Z"}
    return UserCreated.model_validate({**values, "sequence": 1})


async def test_emptied_copies_are_rebuilt_from_what_others_say_again_and_passes_stay(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        paid = stage.paid(event, stage.admissions(tier, ("Ada", "ada@example.org"), ("Cy", None)))
        refund = stage.refunded(paid, back={2})
        values = {"ticket_tier_id": tier["id"], "event_id": event["id"], "availability": "few", "sequence": 4}
        word = TicketTierAvailabilityChanged.model_validate(values)
        await world.hear(paid, refund, ada_signs_up(), word)
        copies = ("orders", "users", "availabilities")
        before = {table: await world.rows(f"SELECT * FROM {table}") for table in (*copies, "passes")}
        said = [len(await world.said(kind)) for kind in (PassIssued, PassUpdated, PassVoided)]
        for table in copies:
            await world.rows(f"DELETE FROM {table} RETURNING 1")
        await world.hear(word, ada_signs_up(), refund)
        assert {table: await world.rows(f"SELECT * FROM {table}") for table in (*copies, "passes")} == before
        assert [len(await world.said(kind)) for kind in (PassIssued, PassUpdated, PassVoided)] == said


async def test_republish_says_the_present_state_of_everything_under_its_present_sequence(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        event, tier = await stage.on_sale(world)
        gone, _ = await stage.on_sale(world, name="Called off")
        await world.post(f"/v1/events/{gone['id']}/cancel", stage.member("owner"))
        over, _ = await stage.on_sale(
            world, name="Over", startsAt="2026-11-20T17:00:00Z", endsAt="2026-11-20T18:00:01Z"
        )
        draft = await stage.draft(world, name="Draft")
        await stage.tier(world, draft)
        paid = stage.paid(event, stage.admissions(tier, ("Ada", None), ("Cy", None)))
        await world.hear(paid, stage.refunded(paid, back={2}))
        (shown,) = [
            each
            for each in (await world.get("/v1/passes", stage.buyer)).json()["items"]
            if each["attendee"]["name"] == "Ada"
        ]
        await stage.scan(world, event, shown["code"])
        clock.advance(timedelta(seconds=1))
        await world.post("/v1/cron/events.end-events", headers={"X-Cron-Secret": "cron-secret"})
        kinds: list[type[Any]] = [EventPublished, EventUpdated, EventCancelled, TicketTierSaved]
        kinds += [PassUpdated, PassVoided, CheckInRecorded]
        before = {kind: await world.said(kind) for kind in kinds}
        async with world.database.transaction() as tx:
            count = await republish(tx)
        again = {kind: (await world.said(kind))[len(before[kind]) :] for kind in kinds}
        assert count == sum(len(messages) for messages in again.values())
        assert [(each.event_id, each.status) for each in again[EventPublished]] == [(event["id"], "published")]
        assert [(each.event_id, each.status) for each in again[EventUpdated]] == [(over["id"], "ended")]
        assert again[EventCancelled] == before[EventCancelled]
        assert {each.event_id for each in again[TicketTierSaved]} == {event["id"], gone["id"], over["id"], draft["id"]}
        newest = {each.ticket_tier_id: each for each in before[TicketTierSaved]}
        assert {each.ticket_tier_id: each for each in again[TicketTierSaved]} == newest
        assert again[PassVoided] == before[PassVoided]
        assert again[CheckInRecorded] == before[CheckInRecorded]
        (live,) = again[PassUpdated]
        assert (live.pass_id, live.status, live.sequence) == (shown["id"], "admitted", 2)
        assert len(await world.said(PassIssued)) == 2
