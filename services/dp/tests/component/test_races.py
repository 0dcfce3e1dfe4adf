"""Two people at the same moment. Each test drives real parallel requests; each guard has a control without it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from common.ids import DpCampaignId, DpId
from common.messages import DpApproved, DpHeld, DpRemoved
from common.testing import Running, RunService, principals
from dp.actions.sweep_objects import sweep_objects
from dp.store import campaigns, dps, objects

Stored = Callable[[], list[str]]


async def test_one_of_two_campaigns_gets_the_address(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        body = {"eventId": scene.event.event_id, "templateId": scene.template_id, "slug": "the-one"}
        calls = [world.post("/v1/dp/campaigns", scene.organiser, json=body) for _ in range(8)]
        answers = await asyncio.gather(*calls)
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"dp.slug_taken"}
        assert await world.count("campaigns") == 2


async def test_without_the_constraint_all_of_them_would_get_it(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        await as_owner(world, "ALTER TABLE campaigns DROP CONSTRAINT uq_campaigns_slug")
        body = {"eventId": scene.event.event_id, "templateId": scene.template_id, "slug": "the-one"}
        answers = await asyncio.gather(*(world.post("/v1/dp/campaigns", scene.organiser, json=body) for _ in range(8)))
        assert [answer.status_code for answer in answers] == [201] * 8


async def test_a_picture_approved_while_it_is_removed_stays_removed(
    run: RunService, campaigning: Any, stored: Stored
) -> None:
    async with run() as world:
        scene = await campaigning(world, moderation="hold_all")
        made = await scene.made()
        path = f"/v1/dp/dps/{made['id']}"
        # The row is held from outside until both are in line, removal first, so that they do meet.
        async with world.database.transaction() as tx:
            await tx.execute(text("SELECT 1 FROM dps FOR UPDATE"))
            removing = asyncio.create_task(world.delete(path, headers={"X-Owner-Token": made["ownerToken"]}))
            await world.locks_awaited(1)
            approving = asyncio.create_task(world.post(f"{path}/approve", scene.organiser))
            await world.locks_awaited(2)
        assert (await removing).status_code == 204
        assert (await approving).status_code == 404
        assert await scene.status(made["id"]) == "removed"
        assert await scene.hub() == []
        assert stored() == []
        assert await world.said(DpApproved) == []


async def test_without_the_lock_only_the_constraint_would_keep_a_removed_picture_from_coming_back(
    run: RunService, campaigning: Any
) -> None:
    async with run() as world:
        scene = await campaigning(world, moderation="hold_all")
        dp_id = DpId((await scene.made())["id"])
        with pytest.raises(IntegrityError, match="ck_dps_only_removed_has_no_image"):
            async with world.database.transaction() as late:
                unlocked = await dps.find_dp(late, dp_id)
                assert unlocked is not None and unlocked.status == "held"
                async with world.database.transaction() as tx:
                    await dps.mark_removed(tx, unlocked)
                await dps.change_status(late, unlocked, "ready", judged_by="nobody")
        assert await scene.status(dp_id) == "removed"


async def test_only_one_of_many_removals_takes_effect(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        made = await scene.made()
        calls = [
            world.delete(f"/v1/dp/dps/{made['id']}", headers={"X-Owner-Token": made["ownerToken"]}) for _ in range(6)
        ]
        assert sorted(answer.status_code for answer in await asyncio.gather(*calls)) == [204] + [404] * 5
        assert [message.sequence for message in await world.said(DpRemoved)] == [2]


async def test_reports_that_meet_hide_a_picture_once(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        path = f"/v1/dp/dps/{(await scene.made())['id']}/reports"
        calls = [world.post(path, principals.user(), json={"reason": "spam"}) for _ in range(6)]
        assert sorted(answer.status_code for answer in await asyncio.gather(*calls)) == [202] * 3 + [404] * 3
        assert [message.sequence for message in await world.said(DpHeld)] == [2]
        assert await scene.hub() == []


async def test_no_picture_comes_about_once_its_event_is_cancelled(
    run: RunService, campaigning: Any, event_message: Any, stored: Stored
) -> None:
    """The cancellation commits after the campaign was read and before the picture is kept."""
    async with run() as world:
        scene = await campaigning(world)
        async with world.database.transaction() as tx:
            await tx.execute(text("UPDATE events SET status = 'cancelled'"))
            making = asyncio.create_task(scene.make())
            await world.locks_awaited(1)
        answer = await making
        assert (answer.status_code, answer.json()["code"]) == (409, "dp.event_cancelled")
        assert await world.count("dps") == 0
        await world.rows("UPDATE unwanted_objects SET delete_after = now() RETURNING 1")
        assert await sweep_objects(world.database, world.app.state.gallery) == 2
        assert stored() == []


async def test_an_object_is_not_adopted_while_it_is_swept(run: RunService) -> None:
    async with run() as world:
        async with world.database.transaction() as tx:
            await objects.note_unwanted(tx, ["pictures/0.jpg"], tx.now)

        async def adopt() -> bool:
            async with world.database.transaction() as tx:
                return await objects.adopt(tx, ["pictures/0.jpg"])

        async with world.database.transaction() as tx:
            assert await objects.lock_due(tx, 10) == ["pictures/0.jpg"]
            adopting = asyncio.create_task(adopt())
            await world.locks_awaited(1)
            await objects.forget(tx, ["pictures/0.jpg"])
        assert await adopting is False


async def test_without_the_lock_an_object_would_be_shown_and_deleted(run: RunService) -> None:
    async with run() as world:
        async with world.database.transaction() as tx:
            await objects.note_unwanted(tx, ["pictures/0.jpg"], tx.now)
        async with world.database.transaction() as sweep:
            due = await sweep.all(text("SELECT key FROM unwanted_objects WHERE delete_after <= now()"))
            async with world.database.transaction() as tx:
                assert await objects.adopt(tx, ["pictures/0.jpg"])
            await objects.forget(sweep, [row.key for row in due])


async def test_without_the_lock_a_campaign_is_read_while_its_event_is_being_cancelled(
    run: RunService, campaigning: Any
) -> None:
    async with run() as world:
        scene = await campaigning(world)
        async with world.database.transaction() as cancelling:
            await cancelling.execute(text("UPDATE events SET status = 'cancelled'"))
            async with world.database.transaction() as tx:
                found = await campaigns.find_campaign(tx, DpCampaignId(scene.campaign_id))
        assert found is not None and found.event.status == "published"


async def test_further_versions_of_a_template_get_numbers_of_their_own(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        path = f"/v1/dp/templates/{scene.template_id}/versions"
        answers = await asyncio.gather(
            *(world.post(path, scene.organiser, json={"preset": "poster"}) for _ in range(6))
        )
        assert sorted(answer.json()["version"] for answer in answers) == [2, 3, 4, 5, 6, 7]


async def as_owner(world: Running, statement: str) -> None:
    """Change a table of this test's own database."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(world.urls.owner.replace("+psycopg", "")) as connection:
        await connection.execute(statement.encode())
