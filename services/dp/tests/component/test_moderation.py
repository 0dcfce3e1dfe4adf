"""Held, reported, judged and removed pictures."""

from collections.abc import Callable
from typing import Any

import pytest

from common.ids import DpId, OrganizationId
from common.messages import DpApproved, DpGenerated, DpHeld, DpRejected, DpRemoved
from common.testing import RunService, principals

Stored = Callable[[], list[str]]


async def test_a_held_picture_is_its_makers_alone_until_it_is_approved(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world, moderation="hold_all")
        made = await scene.made()
        image, token = f"/v1/dp/dps/{made['id']}/image", made["ownerToken"]
        refused = await world.get(image)
        wrong = await world.get(image, params={"ownerToken": "x" * 32})
        own = await world.get(image, params={"ownerToken": token})
        by_header = await world.get(image, headers={"X-Owner-Token": token})
        moderator = await world.get(image, scene.organiser)

        assert made["status"] == "held"
        nowhere = await world.get(f"/v1/dp/dps/{principals.fresh(DpId)}/image")
        assert nowhere.status_code == 404
        for answer in (refused, wrong):
            assert {**answer.json(), "traceId": ""} == {**nowhere.json(), "traceId": ""}
        assert (own.status_code, own.headers["cache-control"]) == (200, "private, no-store")
        assert by_header.content == own.content == moderator.content
        assert await scene.hub() == []
        seen = await world.get(f"/v1/dp/dps/{made['id']}", params={"ownerToken": token})
        assert seen.json()["status"] == "held"
        queue = (await world.get(f"/v1/dp/campaigns/{scene.campaign_id}/dps", scene.organiser)).json()["items"]
        assert [(item["id"], item["heldFor"], item["fields"]) for item in queue] == [
            (made["id"], "policy", {"name": "Ada"})
        ]

        approved = await world.post(f"/v1/dp/dps/{made['id']}/approve", scene.organiser)
        assert (approved.status_code, approved.json()["status"]) == (200, "ready")
        assert await scene.hub() == [made["id"]]
        assert (await world.get(image)).content == own.content
        assert [message.status for message in await world.said(DpGenerated)] == ["held"]
        assert [(message.status, message.sequence) for message in await world.said(DpApproved)] == [("ready", 2)]


async def test_suspicious_words_hold_a_picture_where_others_are_shown_at_once(
    run: RunService, campaigning: Any
) -> None:
    async with run() as world:
        scene = await campaigning(world)
        assert (await scene.made(fields={"name": "Fu\u200bck You"}))["status"] == "held"
        assert (await scene.made(fields={"name": "Scunthorpe"}))["status"] == "ready"


async def test_a_rejected_picture_is_hidden_and_may_be_approved_after_all(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        made = await scene.made()
        path = f"/v1/dp/dps/{made['id']}"
        assert (await world.post(f"{path}/reject", scene.organiser)).json()["status"] == "rejected"
        assert (await world.get(f"{path}/image")).status_code == 404
        assert await scene.hub() == []
        assert (await world.post(f"{path}/reject", scene.organiser)).status_code == 200
        assert (await world.post(f"{path}/approve", scene.organiser)).json()["status"] == "ready"
        assert await scene.hub() == [made["id"]]
        assert [message.sequence for message in await world.said(DpRejected)] == [2]
        assert [message.sequence for message in await world.said(DpApproved)] == [3]


@pytest.mark.parametrize("verdict", ["approve", "reject"])
async def test_only_moderators_judge(run: RunService, campaigning: Any, verdict: str) -> None:
    async with run() as world:
        scene = await campaigning(world, moderation="hold_all")
        made = await scene.made()
        path = f"/v1/dp/dps/{made['id']}/{verdict}"
        callers = [
            (principals.ANONYMOUS, 404),
            (principals.user(), 404),
            (principals.member_of(principals.fresh(OrganizationId), "owner"), 404),
            (principals.member_of(scene.event.organization_id, "scanner"), 404),
            (principals.member_of(scene.event.organization_id, "viewer"), 403),
        ]
        for caller, expected in callers:
            assert (await world.post(path, caller)).status_code == expected, caller
        assert await scene.status(made["id"]) == "held"
        queue = f"/v1/dp/campaigns/{scene.campaign_id}/dps"
        assert (await world.get(queue, principals.user())).status_code == 403
        assert (await world.post(path, principals.platform("moderator"))).status_code == 200


async def test_three_people_hide_a_picture_until_a_moderator_looks(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        made = await scene.made()
        path, body = f"/v1/dp/dps/{made['id']}/reports", {"reason": "not_me", "note": "that is my face"}
        angry = principals.user()
        for _ in range(3):
            assert (await world.post(path, angry, json=body)).status_code == 202
            assert (await world.post(path, json=body)).status_code == 202
        assert (await world.post(path, principals.user(), json=body)).status_code == 202
        assert await scene.hub() == [made["id"]]
        assert (await world.post(path, principals.user(), json=body)).status_code == 202
        assert await scene.hub() == []
        assert [(message.status, message.sequence) for message in await world.said(DpHeld)] == [("held", 2)]
        assert (await world.post(path, principals.user(), json=body)).status_code == 404

        await world.post(f"/v1/dp/dps/{made['id']}/approve", scene.organiser)
        assert (await world.post(path, principals.user(), json=body)).status_code == 202
        assert await scene.hub() == [made["id"]]


async def test_a_removed_picture_leaves_neither_bytes_nor_words(
    run: RunService, campaigning: Any, stored: Stored
) -> None:
    async with run() as world:
        scene = await campaigning(world)
        made, other = await scene.made(by=principals.user()), await scene.made()
        kept = await world.rows("SELECT image_key, photo_key FROM dps WHERE maker_user_id IS NULL")
        path = f"/v1/dp/dps/{made['id']}"
        gone = await world.delete(path, headers={"X-Owner-Token": made["ownerToken"]})

        assert gone.status_code == 204
        assert stored() == sorted([kept[0]["image_key"], kept[0]["photo_key"]])
        assert await scene.hub() == [other["id"]]
        for beholder in (principals.ANONYMOUS, scene.organiser):
            answer = await world.get(f"{path}/image", beholder, params={"ownerToken": made["ownerToken"]})
            assert answer.status_code == 404
        rows = await world.rows(
            "SELECT words, crop, image_key, photo_key, maker_user_id FROM dps WHERE status = 'removed'"
        )
        assert list(rows) == [{"words": {}, "crop": None, "image_key": None, "photo_key": None, "maker_user_id": None}]
        assert [(message.status, message.maker_user_id) for message in await world.said(DpRemoved)] == [
            ("removed", None)
        ]
        assert await world.count("unwanted_objects") == 0
        assert (await world.delete(path, headers={"X-Owner-Token": made["ownerToken"]})).status_code == 404
        for verdict in ("approve", "reject"):
            assert (await world.post(f"{path}/{verdict}", scene.organiser)).status_code == 404


async def test_nobody_else_removes_a_picture(run: RunService, campaigning: Any, stored: Stored) -> None:
    async with run() as world:
        scene = await campaigning(world)
        made, other = await scene.made(), await scene.made()
        path = f"/v1/dp/dps/{made['id']}"
        before = stored()
        for caller in (
            principals.ANONYMOUS,
            principals.user(),
            principals.member_of(scene.event.organization_id, "viewer"),
        ):
            answer = await world.delete(path, caller, headers={"X-Owner-Token": other["ownerToken"]})
            assert (answer.status_code, answer.json()["code"]) == (403, "dp.not_yours")
        assert stored() == before
        assert await scene.hub() == [other["id"], made["id"]]
        assert (await world.delete(path, scene.organiser)).status_code == 204


async def test_tokens_are_kept_only_as_hashes(run: RunService, campaigning: Any) -> None:
    async with run() as world:
        scene = await campaigning(world)
        made = await scene.made()
        rows = await world.rows("SELECT dps::text AS whole, octet_length(owner_token_hash) AS size FROM dps")
        assert rows[0]["size"] == 32
        assert made["ownerToken"] not in rows[0]["whole"]
        assert made["ownerToken"].encode().hex() not in rows[0]["whole"]
