"""The platform's administrators and operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from common.messages import SignInEnded
from common.principal import ANONYMOUS
from common.refusals import NotFound
from common.testing import RunService, principals
from identity.errors import NoSuchUser

if TYPE_CHECKING:
    from services.identity.tests.conftest import People

ADMIN = principals.platform("admin")


async def test_the_app_state_is_public_and_off_when_never_set(run: RunService) -> None:
    async with run() as world:
        assert (await world.get("/v1/app-state", ANONYMOUS)).json() == {"crowdfundingActive": False}
        assert await world.count("app_state") == 0


async def test_an_address_on_the_list_administers_only_once_proved_and_no_longer_than_listed(
    run: RunService, people: People
) -> None:
    """Scenario 21."""
    async with run() as world:
        await world.app.state.parts.commands["admins:add"]({"email": "Root@example.org", "note": "first"})
        challenge_id, _ = await people.ask_for_code(world, "root@example.org")
        assert await world.count("users") == 0
        root = await people.sign_in(world, "root@example.org")
        by = await people.seen(world, root)
        assert by.platform_roles == frozenset({"admin"})
        assert challenge_id
        listed = (await world.get("/v1/admin/admins", by)).json()["items"]
        assert [(item["email"], item["note"], item["addedBy"]) for item in listed] == [
            ("Root@example.org", "first", "operator")
        ]
        assert (await world.delete(f"/v1/admin/admins/{listed[0]['id']}", by)).status_code == 204
        after = await people.seen(world, root)
        assert after.platform_roles == frozenset()
        assert after.authorization_version > by.authorization_version
        refused = await world.get("/v1/admin/admins", after)
        assert (refused.status_code, refused.json()["capability"]) == (403, "identity:admin:write")


async def test_someone_listed_later_administers_from_the_next_request_on(run: RunService, people: People) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        assert (await people.seen(world, ada)).platform_roles == frozenset()
        added = await world.post("/v1/admin/admins", ADMIN, json={"email": "ADA@example.org"})
        assert added.status_code == 201
        assert (await people.seen(world, ada)).platform_roles == frozenset({"admin"})
        assert [row["key"] for row in await world.rows("SELECT key FROM session_drops")] == [ada.user_id]


async def test_a_look_alike_address_never_gets_on_the_list(run: RunService) -> None:
    async with run() as world:
        refused = await world.post("/v1/admin/admins", ADMIN, json={"email": "аda@example.org"})
        assert (refused.status_code, refused.json()["code"]) == (422, "identity.address_not_plain")
        assert await world.count("admins") == 0


@pytest.mark.parametrize("role", [None, "moderator", "support", "release_manager"])
async def test_no_other_role_administers(run: RunService, role: str | None) -> None:
    async with run() as world:
        by = principals.platform(role) if role else principals.user()
        answers = [
            await world.patch("/v1/admin/app-state", by, json={"crowdfundingActive": True}),
            await world.get("/v1/admin/backers", by),
            await world.post("/v1/admin/backers", by, json={"username": "u", "accessCode": "c", "tier": "t"}),
            await world.get("/v1/admin/admins", by),
            await world.post("/v1/admin/admins", by, json={"email": "me@example.org"}),
            await world.delete("/v1/admin/admins/adm_01m7x552h8e7m8c9bp0rjx0fnw", by),
            await world.post("/v1/admin/users/usr_01m7x552h8e7m8c9bp0rjx0fnw/suspend", by),
        ]
        assert [answer.status_code for answer in answers] == [403] * 7
        readable = (await world.get("/v1/admin/users", by)).status_code
        assert readable == (200 if role == "support" else 403)
        counts = [
            await world.count(table) for table in ("app_state", "crowdfunding_backers", "admins", "audit_entries")
        ]
        assert counts == [0, 0, 0, 0]


async def test_a_suspended_person_is_out_at_once_and_back_only_by_signing_in_anew(
    run: RunService, people: People
) -> None:
    async with run() as world:
        ada = await people.sign_in(world, "ada@example.org")
        suspended = await world.post(f"/v1/admin/users/{ada.user_id}/suspend", ADMIN)
        assert suspended.json()["suspendedAt"] is not None
        assert (await people.look_up(world, ada.sign_in_id))["active"] is False
        assert (await people.refresh(world, ada.refresh_token)).status_code == 401
        challenge_id, code = await people.ask_for_code(world, "ada@example.org")
        refused = await people.answer(world, challenge_id, code)
        assert (refused.status_code, refused.json()["code"]) == (403, "identity.suspended")
        assert [said.reason for said in await world.said(SignInEnded)] == ["revoked"]
        await world.post(f"/v1/admin/users/{ada.user_id}/unsuspend", ADMIN)
        assert (await people.answer(world, challenge_id, code)).status_code == 200


async def test_an_administrator_is_not_suspended(run: RunService, people: People) -> None:
    async with run() as world:
        root = await people.sign_in(world, "root@example.org")
        await world.post("/v1/admin/admins", ADMIN, json={"email": "root@example.org"})
        refused = await world.post(f"/v1/admin/users/{root.user_id}/suspend", ADMIN)
        assert (refused.status_code, refused.json()["code"]) == (409, "identity.not_suspendable")
        assert (await people.look_up(world, root.sign_in_id))["active"] is True


async def test_people_are_listed_with_what_their_address_really_is(run: RunService, people: People) -> None:
    async with run() as world:
        await people.sign_in(world, "Ada@example.org")
        await people.sign_in(world, "bob@example.org")
        everyone = (await world.get("/v1/admin/users", ADMIN)).json()["items"]
        assert [item["email"] for item in everyone] == ["bob@example.org", "Ada@example.org"]
        one = (await world.get("/v1/admin/users", ADMIN, params={"email": "ADA@example.org"})).json()["items"]
        assert [(item["email"], item["emailKey"]) for item in one] == [("Ada@example.org", "ada@example.org")]


async def test_the_commands_people_knew_do_what_they_did(run: RunService) -> None:
    async with run() as world:
        commands = world.app.state.parts.commands
        assert await commands["appState:get"]({}) == {"crowdfundingActive": False}
        await commands["appState:set"]({"crowdfundingActive": True})
        assert await commands["appState:get"]({}) == {"crowdfundingActive": True}
        added = await commands["crowdfundingBackers:addBacker"](
            {"username": "user123", "accessCode": "ABC123", "tier": "Gold"}
        )
        assert added["tier"] == "Gold"
        checked = await world.post("/v1/auth/backers/check", json={"username": "user123", "accessCode": "ABC123"})
        assert checked.status_code == 200
        await commands["admins:add"]({"email": "root@example.org"})
        assert await commands["admins:remove"]({"email": "ROOT@example.org"}) == {"removed": "root@example.org"}
        with pytest.raises(NotFound):
            await commands["admins:remove"]({"email": "root@example.org"})
        audit = await world.rows("SELECT DISTINCT actor FROM audit_entries")
        assert audit == [{"actor": "operator"}]


async def test_a_platform_role_is_given_to_someone_known_and_taken_away_again(run: RunService, people: People) -> None:
    async with run() as world:
        commands = world.app.state.parts.commands
        values = {"email": "rel@example.org", "role": "release_manager"}
        with pytest.raises(NoSuchUser):
            await commands["platformRoles:grant"](values)
        rel = await people.sign_in(world, "rel@example.org")
        await commands["platformRoles:grant"](values)
        assert (await people.seen(world, rel)).platform_roles == frozenset({"release_manager"})
        me = (await world.get("/v1/me", await people.seen(world, rel))).json()
        assert me["roles"] == ["release_manager"]
        assert "releases:release:publish" in me["capabilities"]
        await commands["platformRoles:revoke"](values)
        assert (await people.seen(world, rel)).platform_roles == frozenset()
