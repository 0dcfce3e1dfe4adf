"""From a draft to a door."""

from typing import TYPE_CHECKING

from common.messages import CheckInRecorded, EventPublished, PassIssued, TicketTierSaved
from common.testing import FrozenClock, RunService, principals

if TYPE_CHECKING:
    from services.events.tests.conftest import Stage


async def test_an_event_is_made_sold_and_entered(run: RunService, stage: "Stage", clock: FrozenClock) -> None:
    async with run(clock=clock) as world:
        draft = await stage.draft(world)
        assert draft["status"] == "draft"
        assert draft["slug"] == "lagos-jazz-night"
        tier = await stage.tier(world, draft)
        assert tier["price"] == {"amount": 150_000, "currency": "NGN"}
        event = await stage.publish(world, draft)
        assert event["status"] == "published"
        assert event["currency"] == "NGN"

        page = await world.get("/v1/events")
        assert [item["id"] for item in page.json()["items"]] == [event["id"]]
        assert (await world.get("/v1/events/lagos-jazz-night")).json() == event
        assert [message.status for message in await world.said(EventPublished)] == ["published"]
        assert [message.event_status for message in await world.said(TicketTierSaved)] == ["draft", "published"]

        ada, ben = await stage.buy(world, event, tier, ("Ada", "ada@example.org"), ("Ben", None))
        assert ada["status"] == "issued"
        assert ada["attendee"] == {"name": "Ada", "email": "ada@example.org"}
        assert len(await world.said(PassIssued)) == 2

        first = await stage.scan(world, event, ada["code"])
        assert first.status_code == 201, first.text
        assert first.json()["result"] == "admitted"
        second = await stage.scan(world, event, ada["code"])
        assert second.status_code == 200
        assert second.json()["result"] == "refused"
        assert second.json()["reason"] == "already_admitted"
        assert second.json()["firstAdmittedAt"] == "2026-11-20T18:00:00Z"

        said = await world.said(CheckInRecorded)
        assert [(str(message.pass_id), message.direction, message.inside) for message in said] == [
            (ada["id"], "in", True)
        ]
        door = await world.get(f"/v1/events/{event['id']}/door", stage.member("scanner"))
        assert door.json() == {"admitted": 1, "inside": 1, "issued": 2}
        mine = await world.get("/v1/passes", principals.user("ada@example.org"))
        assert [item["id"] for item in mine.json()["items"]] == [ada["id"]]
        assert mine.json()["items"][0]["code"] == ada["code"]
        assert ben["inside"] is False
