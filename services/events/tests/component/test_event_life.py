"""From draft to published to ended or cancelled, and what others are told of it."""

from datetime import timedelta
from typing import TYPE_CHECKING

from common.messages import EventCancelled, EventPublished, EventUpdated, TicketTierSaved
from common.testing import FrozenClock, RunService

if TYPE_CHECKING:
    from services.events.tests.conftest import Stage


async def test_publishing_and_cancelling_are_told_once(run: RunService, stage: "Stage", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        draft = await stage.draft(world)
        await stage.tier(world, draft)
        event = await stage.publish(world, draft)
        assert await stage.publish(world, draft) == event
        path, owner = f"/v1/events/{event['id']}", stage.member("owner")
        gone = await world.post(f"{path}/cancel", owner)
        assert (gone.status_code, gone.json()["status"]) == (200, "cancelled")
        assert (await world.post(f"{path}/cancel", owner)).json() == gone.json()
        assert len(await world.said(EventPublished)) == 1
        assert [(message.status, message.sequence) for message in await world.said(EventCancelled)] == [
            ("cancelled", gone.json()["version"])
        ]
        tiers = await world.said(TicketTierSaved)
        assert [(each.event_status, each.sequence) for each in tiers] == [
            ("draft", 1),
            ("published", 2),
            ("cancelled", 3),
        ]
        assert (await world.get(path)).json()["status"] == "cancelled"
        assert (await world.get("/v1/events")).json()["items"] == []
        back = await world.post(f"{path}/publish", owner)
        assert (back.status_code, back.json()["code"]) == (409, "events.event_closed")
        edit = await world.patch(path, owner, json={"name": "X"}, headers={"If-Match": "*"})
        assert edit.status_code == 409
        assert (await world.get(path)).json() == gone.json()


async def test_changes_of_a_public_event_are_told_and_of_a_draft_only_what_its_tiers_say(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    async with run(clock=clock) as world:
        draft = await stage.draft(world)
        await stage.tier(world, draft)
        path, owner, any_version = f"/v1/events/{draft['id']}", stage.member("owner"), {"If-Match": "*"}
        await world.patch(path, owner, json={"name": "Quiet"}, headers=any_version)
        assert (await world.said(EventUpdated), len(await world.said(TicketTierSaved))) == ([], 1)
        await world.patch(path, owner, json={"endsAt": "2026-11-21T02:00:00+01:00"}, headers=any_version)
        assert (await world.said(EventUpdated), len(await world.said(TicketTierSaved))) == ([], 2)
        assert (await world.said(TicketTierSaved))[-1].event_ends_at.isoformat() == "2026-11-21T01:00:00+00:00"
        await stage.publish(world, draft)
        await world.patch(path, owner, json={"name": "Loud"}, headers=any_version)
        assert [message.name for message in await world.said(EventUpdated)] == ["Loud"]
        assert len(await world.said(TicketTierSaved)) == 3


async def test_an_event_that_is_over_ends_by_itself_and_can_no_longer_be_changed(
    run: RunService, stage: "Stage", clock: FrozenClock
) -> None:
    secret = {"X-Cron-Secret": "cron-secret"}
    async with run(clock=clock) as world:
        event, _ = await stage.on_sale(world)
        draft = await stage.draft(world, name="Never published")
        await world.post("/v1/cron/events.end-events", headers=secret)
        assert await world.said(EventUpdated) == []
        clock.advance(timedelta(hours=5))
        assert (await world.post("/v1/cron/events.end-events", headers=secret)).json() == {"ran": True}
        path = f"/v1/events/{event['id']}"
        assert (await world.get(path)).json()["status"] == "ended"
        assert (await world.get("/v1/events")).json()["items"] == []
        assert [message.status for message in await world.said(EventUpdated)] == ["ended"]
        assert (await world.said(TicketTierSaved))[-1].event_status == "ended"
        owner = stage.member("owner")
        assert (await world.get(f"/v1/events/{draft['id']}", owner)).json()["status"] == "draft"
        late = await world.post(f"/v1/events/{draft['id']}/publish", owner)
        assert (late.status_code, late.json()["code"]) == (409, "events.event_is_over")
        assert (await world.post(f"{path}/cancel", owner)).status_code == 409
        await world.post("/v1/cron/events.end-events", headers=secret)
        assert len(await world.said(EventUpdated)) == 1
