"""Who I am, where I am signed in, and signing out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.messages import SignInEnded, UserUpdated
from common.testing import RunService, principals

if TYPE_CHECKING:
    from services.identity.tests.conftest import People


async def test_me_names_roles_organisations_workspaces_and_what_each_allows(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        organization_id = await people.found(world, ada)
        by = await people.seen(world, ada)
        path = f"/v1/organizations/{organization_id}/workspaces"
        made = await world.post(path, by, json={"name": "Jazz", "slug": "jazz"})
        workspace_id = made.json()["id"]
        joined = await world.post(
            f"/v1/workspaces/{workspace_id}/members", by, json={"email": "ada@example.org", "role": "editor"}
        )
        assert joined.status_code == 201
        me = (await world.get("/v1/me", await people.seen(world, ada))).json()
        assert (me["id"], me["email"], me["roles"], me["capabilities"]) == (ada.user_id, "ada@example.org", [], [])
        [organization] = me["organizations"]
        assert (organization["id"], organization["slug"], organization["role"]) == (organization_id, "acme", "owner")
        assert "identity:member:write" in organization["capabilities"]
        [workspace] = me["workspaces"]
        assert workspace["id"] == workspace_id
        assert workspace["capabilities"] == [
            "dp:template:read",
            "dp:template:write",
            "events:event:read",
            "events:event:write",
        ]


async def test_a_new_name_is_in_the_next_look_up_under_a_higher_version(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        before = await people.seen(world, ada)
        changed = await world.patch("/v1/me", before, json={"name": "  Ada Lovelace "})
        assert (changed.status_code, changed.json()["name"]) == (200, "Ada Lovelace")
        after = await people.seen(world, ada)
        assert (before.name, after.name) == (None, "Ada Lovelace")
        assert after.authorization_version > before.authorization_version
        assert [(said.name, said.sequence) for said in await world.said(UserUpdated)] == [("Ada Lovelace", 2)]
        assert await world.rows("SELECT key FROM session_drops") == [{"key": ada.user_id}]


async def test_what_is_not_ones_own_to_change_is_refused(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        by = await people.seen(world, ada)
        for field, value in (("email", "x@example.org"), ("roles", ["admin"]), ("id", ada.user_id)):
            refused = await world.patch("/v1/me", by, json={"name": "Ada", field: value})
            assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, f"/{field}")
        assert (await world.get("/v1/me", by)).json()["name"] is None


async def test_of_three_devices_one_is_revoked_and_the_others_go_on(run: RunService, people: People) -> None:
    """Scenario 12, identity's part."""
    async with run() as world:
        devices = [await people.sign_in(world, "ada@example.org", device=f"device {number}") for number in range(3)]
        by = await people.seen(world, devices[2])
        listed = (await world.get("/v1/me/sign-ins", by)).json()["items"]
        assert [(item["device"], item["current"]) for item in listed] == [
            ("device 2", True),
            ("device 1", False),
            ("device 0", False),
        ]
        assert listed[0]["address"] == "127.0.0.1"
        revoked = await world.delete(f"/v1/me/sign-ins/{devices[0].sign_in_id}", by)
        assert revoked.status_code == 204
        assert [(await people.look_up(world, device.sign_in_id))["active"] for device in devices] == [
            False,
            True,
            True,
        ]
        assert (await people.refresh(world, devices[0].refresh_token)).status_code == 401
        assert len((await world.get("/v1/me/sign-ins", by)).json()["items"]) == 2
        [said] = await world.said(SignInEnded)
        assert (said.sign_in_id, said.reason, said.sequence) == (devices[0].sign_in_id, "revoked", 2)


async def test_someone_elses_sign_in_is_as_if_it_were_not_there(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        eve = await people.sign_in(world, "eve@example.org")
        theirs = await world.delete(f"/v1/me/sign-ins/{ada.sign_in_id}", await people.seen(world, eve))
        missing = await world.delete("/v1/me/sign-ins/sid_01m7x552h8e7m8c9bp0rjx0fnw", await people.seen(world, eve))
        assert (theirs.status_code, theirs.json()["code"]) == (404, "common.not_found")
        assert missing.json() | {"traceId": None} == theirs.json() | {"traceId": None}
        assert (await people.look_up(world, ada.sign_in_id))["active"] is True


async def test_signing_out_ends_this_sign_in_and_a_second_time_changes_nothing(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        by = await people.seen(world, ada)
        assert (await world.post("/v1/auth/sign-out", by)).status_code == 204
        assert (await world.post("/v1/auth/sign-out", by)).status_code == 204
        assert (await people.look_up(world, ada.sign_in_id))["reason"] == "signed_out"
        assert len(await world.said(SignInEnded)) == 1


async def test_only_the_gateway_may_look_people_up(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        for path, body in (
            ("/internal/sign-ins/lookup", {"signInId": ada.sign_in_id}),
            ("/internal/session-feed/lease", {"replica": "x", "position": 0}),
        ):
            refused = await world.post(path, principals.platform("admin"), json=body)
            naked = await world.client.post(path, json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "identity.system_only")
            assert naked.status_code == 401
        assert await world.count("gateway_leases") == 0


async def test_a_name_that_is_no_sign_in_is_unknown(run: RunService, people: People) -> None:
    async with run() as world:
        for name in ("", "sid_", "usr_01m7x552h8e7m8c9bp0rjx0fnw", "sid_01m7x552h8e7m8c9bp0rjx0fnw", "key_x.y"):
            assert (await people.look_up(world, name))["reason"] == "unknown"
