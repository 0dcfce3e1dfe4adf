"""Messages twice, out of order, poisoned; a crash between commit and publish; objects a crash left behind."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from common.house_tables import HOUSE
from common.messages import DpGenerated, EventCancelled, EventUpdated, OrganizationCreated, OrganizationSuspended
from common.testing import FrozenClock, RunService, eventually
from common.testing.hearing import assert_hears_what_it_is_told
from common.testing.schema import assert_migrations_match
from common.testing.servers import Servers
from dp.actions.sweep_objects import sweep_objects
from dp.consumers import HANDLERS
from dp.tables import metadata

Stored = Callable[[], list[str]]


def test_everything_the_catalogue_says_dp_hears_is_acted_on() -> None:
    assert_hears_what_it_is_told("dp", HANDLERS)


async def test_migrations_make_the_tables_the_code_declares(servers: Servers) -> None:
    urls = servers.database("dp")
    await assert_migrations_match(urls, metadata)
    assert {"outbox", "inbox"} <= set(HOUSE.tables)
    servers.drop(urls)


async def test_any_order_of_delivery_ends_in_the_newest_state(run: RunService, event_message: Any) -> None:
    published = event_message(sequence=2)
    updated = EventUpdated(**event_message(sequence=3, name="Renamed").model_dump())
    cancelled = EventCancelled(**event_message(sequence=4, name="Renamed", status="cancelled").model_dump())
    orders = [
        [published, updated, cancelled],
        [cancelled, updated, published],
        [updated, cancelled, published, updated],
    ]
    for order in orders:
        async with run() as world:
            await world.hear(*order)
            rows = await world.rows("SELECT name, status, sequence FROM events")
            assert list(rows) == [{"name": "Renamed", "status": "cancelled", "sequence": 4}]


async def test_a_suspended_organisation_makes_no_pictures_until_it_is_back(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)

        def said(kind: type[Any], sequence: int, *, suspended: bool) -> Any:
            return kind(
                organization_id=scene.event.organization_id,
                name="Olu & Sons",
                slug="olu",
                suspended=suspended,
                created_at=scene.event.starts_at,
                sequence=sequence,
            )

        await world.hear(said(OrganizationSuspended, 2, suspended=True), said(OrganizationCreated, 1, suspended=False))
        refused = await scene.make()
        assert (refused.status_code, refused.json()["code"]) == (409, "dp.organization_suspended")
        assert await world.count("dps") == 0
        await world.hear(said(OrganizationSuspended, 3, suspended=False))
        assert (await scene.make()).status_code == 201
        shown = (await world.get(f"/v1/dp/campaigns/{scene.campaign_id}")).json()
        assert shown["event"]["host"] == "Olu & Sons"


async def test_a_message_delivered_twice_has_one_effect(run: RunService, event_message: Any) -> None:
    async with run() as world:
        message_id = await world.send(event_message())
        await world.handled(message_id)
        await world.rows("UPDATE events SET name = 'touched' RETURNING 1")
        await world.send(event_message(), message_id=message_id)
        await world.hear(event_message(sequence=1, name="older"))
        assert [row["name"] for row in await world.rows("SELECT name FROM events")] == ["touched"]
        assert await world.count("inbox") == 2


async def test_a_poisoned_message_is_set_aside_and_the_next_one_takes_effect(
    run: RunService, event_message: Any
) -> None:
    async with run() as world:
        poisoned = await world.send(event_message(), body='{"eventId": 7}')
        await world.hear(event_message())
        await eventually(lambda: world.count("dead_letters"), what="the dead letter")
        assert [row["message_id"] for row in await world.rows("SELECT message_id FROM dead_letters")] == [poisoned]
        assert await world.count("events") == 1


async def test_a_field_of_a_newer_release_is_left_unread(run: RunService, event_message: Any) -> None:
    async with run() as world:
        body = event_message().body().replace("{", '{"mood": "bright", ', 1)
        await world.handled(await world.send(event_message(), body=body))
        assert await world.count("events") == 1


async def test_what_was_committed_while_the_broker_was_down_is_said_when_it_is_back(
    run: RunService, campaigning: Any
) -> None:
    async with run() as world:
        scene = await campaigning(world)
        world.broker.kill()
        made = await scene.made()
        assert await world.rows("SELECT 1 FROM outbox WHERE sent_at IS NOT NULL") == []
        world.broker.start()

        async def sent() -> bool:
            return bool(await world.rows("SELECT 1 FROM outbox WHERE sent_at IS NOT NULL"))

        await eventually(sent, within=30, what="the outbox being sent")
        assert [str(message.dp_id) for message in await world.said(DpGenerated)] == [made["id"]]


async def test_republishing_says_the_state_of_every_picture(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world, moderation="hold_all")
        ids = [(await scene.made())["id"] for _ in range(3)]
        await world.post(f"/v1/dp/dps/{ids[0]}/approve", scene.organiser)
        await world.delete(f"/v1/dp/dps/{ids[1]}", scene.organiser)
        async with world.database.transaction() as tx:
            await tx.execute(HOUSE.tables["outbox"].delete())
        async with world.database.transaction() as tx:
            assert await world.app.state.parts.republish(tx) == 3
        said = [(str(message.dp_id), message.status, message.sequence) for message in await world.said(DpGenerated)]
        assert said == [(ids[0], "ready", 2), (ids[1], "removed", 2), (ids[2], "held", 1)]


async def test_bytes_of_a_picture_that_never_came_about_are_swept_after_an_hour(
    run: RunService, campaigning: Any, stored: Stored
) -> None:
    """The process dies after the objects are written and before the picture is kept: so its transaction never was."""
    clock = FrozenClock()
    async with run(clock=clock) as world:
        scene = await campaigning(world)
        kept = await scene.made()
        gallery = world.app.state.gallery
        async with world.database.transaction() as tx:
            rows = [
                {"key": key, "delete_after": tx.now + timedelta(hours=1)} for key in ("pictures/0.jpg", "photos/0.jpg")
            ]
            await tx.execute(metadata.tables["unwanted_objects"].insert(), rows)
        await gallery.storage.put("pictures/0.jpg", b"lost")
        clock.advance(timedelta(minutes=59))
        assert await sweep_objects(world.database, gallery) == 0
        assert len(stored()) == 3
        clock.advance(timedelta(minutes=1))
        assert await sweep_objects(world.database, gallery) == 2
        assert len(stored()) == 2
        assert await world.count("unwanted_objects") == 0
        assert (await world.get(f"/v1/dp/dps/{kept['id']}/image")).status_code == 200


async def test_an_image_no_design_shows_is_swept_after_a_day(
    run: RunService, event_message: Any, photo: Any, stored: Stored
) -> None:
    from common.testing import principals

    clock, event = FrozenClock(), event_message()
    organiser = principals.member_of(event.organization_id, "owner")
    async with run(clock=clock) as world:
        names = []
        for _ in range(2):
            answer = await world.post(
                "/v1/dp/templates/images",
                organiser,
                data={"organizationId": event.organization_id},
                files={"image": ("a.jpg", photo())},
            )
            names.append(answer.json()["image"])
        design = {"width": 1080, "height": 1080, "layers": [{"kind": "image", "image": names[0]}]}
        body = {"organizationId": event.organization_id, "name": "Ours", "design": design}
        assert (await world.post("/v1/dp/templates", organiser, json=body)).status_code == 201
        clock.advance(timedelta(days=1))
        assert await sweep_objects(world.database, world.app.state.gallery) == 1
        assert stored() == [names[0]]
        body["design"] = design | {"layers": [{"kind": "image", "image": names[1]}]}
        late = await world.post("/v1/dp/templates", organiser, json=body)
        assert (late.status_code, late.json()["code"]) == (422, "dp.template_image_missing")
